/* Flags that the manual (SDM vol. 2) leaves undefined, as the handlers of emu/op define them: 0, or as they were before. And what copied
 * instructions read and write of the flags, where their handlers do more than they. */
#include "emu/translate/rules.h"

#include "emu/op/shift.h"

static unsigned operand_bits(const struct unit *unit)
{
	return unit->step.plan->form->size0 * 8u;
}

static void set_flags(struct unit *unit, flags_t reads, flags_t writes, flags_t zero)
{
	unit->reads = reads;
	unit->writes = writes;
	unit->zero = zero;
}

/* The count, if an immediate tells it; else -1. */
static int shift_count(const struct unit *unit)
{
	uint32_t pattern = unit->step.plan->form->pattern;
	unsigned last = pattern >> 8 & 15 ? pattern >> 8 & 15 : pattern >> 4 & 15;

	return last == K_I ? (int)(unit->step.imm & (operand_bits(unit) == 64 ? 63 : 31)) : -1;
}

/* By CL the count may be 0, which keeps all flags, or leave any undefined that some count leaves. */
static void shift_flags(struct unit *unit, flags_t reads, flags_t writes, flags_t (*defined)(uint8_t count, unsigned bits))
{
	int count = shift_count(unit);
	unsigned bits = operand_bits(unit);

	unit->may_keep = count < 0;
	if (count < 0)
		set_flags(unit, reads, writes, writes & (flags_t) ~(defined(2, bits) & defined(31, bits)));
	else if (count == 0)
		set_flags(unit, 0, 0, 0);
	else
		set_flags(unit, reads, writes, writes & (flags_t)~defined((uint8_t)count, bits));
}

bool rules_flags(struct unit *unit)
{
	enum { CARRY_AND_OVERFLOW = FLAG_CF | FLAG_OF };

	switch (unit->step.plan->op) {
	case OP_SAR: shift_flags(unit, 0, FLAGS_ALL, sar_defined); return true;
	case OP_SHL:
	case OP_SHR: shift_flags(unit, 0, FLAGS_ALL, shift_defined); return true;
	case OP_SHLD:
	case OP_SHRD: shift_flags(unit, 0, FLAGS_ALL, shift_defined); return operand_bits(unit) > 16;
	case OP_ROL:
	case OP_ROR: shift_flags(unit, 0, CARRY_AND_OVERFLOW, rotate_defined); return true;
	case OP_RCL:
	case OP_RCR: shift_flags(unit, FLAG_CF, CARRY_AND_OVERFLOW, rotate_defined); return true;
	case OP_MUL:
	case OP_IMUL: set_flags(unit, 0, FLAGS_ALL, FLAGS_ALL & ~CARRY_AND_OVERFLOW); return true;
	case OP_DIV:
	case OP_IDIV: unit->keeps_flags = true; return true;
	case OP_BSF:
	case OP_BSR:
		unit->in.reads |= unit->in.changes; /* a source of 0 leaves the register as it was */
		set_flags(unit, 0, FLAGS_ALL, FLAGS_ALL & ~FLAG_ZF);
		return true;
	case OP_TZCNT:
	case OP_LZCNT: set_flags(unit, 0, FLAGS_ALL, FLAGS_ALL & ~(FLAG_ZF | FLAG_CF)); return true;
	case OP_POPCNT: set_flags(unit, 0, FLAGS_ALL, 0); return true;
	case OP_ANDN:
	case OP_BLSI:
	case OP_BLSR:
	case OP_BLSMSK:
	case OP_BZHI: set_flags(unit, 0, FLAGS_ALL, FLAG_AF | FLAG_PF); return true;
	case OP_BEXTR: set_flags(unit, 0, FLAGS_ALL, FLAG_AF | FLAG_SF | FLAG_PF); return true;
	case OP_PDEP:
	case OP_PEXT: set_flags(unit, 0, 0, 0); return true;
	case OP_ADCX: set_flags(unit, FLAG_CF, FLAG_CF, 0); return true;
	case OP_ADOX: set_flags(unit, FLAG_OF, FLAG_OF, 0); return true;
	case OP_BT:
	case OP_BTS:
	case OP_BTR:
	case OP_BTC: /* no CPU is known to change more */
	case OP_CLC:
	case OP_STC: set_flags(unit, 0, FLAG_CF, 0); return true;
	case OP_SAHF: set_flags(unit, 0, FLAGS_ALL & ~FLAG_OF, 0); return true;
	default: return true;
	}
}

/* CALL through RSP reads it before the push. */
bool rules_indirect(const struct unit *unit)
{
	const struct form *form = unit->step.plan->form;

	return !(form->branch == BRANCH_CALL && form->pattern == K_R && unit_names(unit, RSP));
}
