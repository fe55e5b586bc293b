/* Flags that the manual (SDM vol. 2) leaves undefined, as the handlers of emu/op define them: 0, or as they were before. */
#include "emu/translate/rules.h"

#include "emu/op/shift.h"

static unsigned operand_bits(const struct unit *unit)
{
	return unit->step.plan->form->size0 * 8u;
}

/* Returns the count, if an immediate tells it; otherwise -1. */
static int shift_count(const struct unit *unit)
{
	uint32_t pattern = unit->step.plan->form->pattern;
	unsigned last = pattern >> 8 & 15 ? pattern >> 8 & 15 : pattern >> 4 & 15;

	return last == K_I ? (int)(unit->step.imm & (operand_bits(unit) == 64 ? 63 : 31)) : -1;
}

static flags_t defined_flags(const struct form *form, uint8_t count, unsigned bits)
{
	switch (form->shift) {
	case SHIFT_ARITHMETIC: return sar_defined(count, bits);
	case SHIFT_LOGICAL: return shift_defined(count, bits);
	default: return rotate_defined(count, bits);
	}
}

/* By CL the count may be 0, which keeps all flags, or leave any undefined that some count leaves. */
static void shift_flags(struct unit *unit, const struct form *form)
{
	int count = shift_count(unit);
	unsigned bits = operand_bits(unit);

	unit->may_keep = count < 0;
	if (count == 0)
		unit->reads = unit->writes = 0;
	if (count < 0)
		unit->zero_by_one = unit->writes & (flags_t)~defined_flags(form, 1, bits);
	if (count < 0)
		unit->zero = unit->writes & (flags_t) ~(defined_flags(form, 2, bits) & defined_flags(form, 31, bits));
	else
		unit->zero = unit->writes & (flags_t)~defined_flags(form, (uint8_t)count, bits);
}

void rules_flags(struct unit *unit)
{
	const struct form *form = unit->step.plan->form;

	unit->zero = form->zeroed;
	unit->keeps_flags = form->attributes & FORM_KEEPS_FLAGS;
	if (form->attributes & FORM_KEEPS_RESULT)
		unit->in.reads |= unit->in.changes;
	if (form->shift)
		shift_flags(unit, form);
}

bool rules_by_cl(const struct unit *unit)
{
	return unit->step.plan->form->shift && operand_bits(unit) >= 32 && !(unit->in.changes >> RCX & 1);
}
