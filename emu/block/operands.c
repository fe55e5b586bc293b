/* Operands: from what the decoder says to the bytes of a plan, and from a plan and its values to a record. */
#include "emu/block/operands.h"

#include "emu/op/address.h"
#include "emu/op/lists.h"

bool has_memory(const struct decoded *d)
{
	for (unsigned k = 0; k < d->operands; k++)
		if (d->operand[k].kind == OPERAND_MEM)
			return true;
	return false;
}

/* --- of a plan -------------------------------------------------------------------------------------- */

/* Returns the operand byte for a register. */
static uint8_t operand_byte(const struct operand *operand)
{
	switch (operand->kind) {
	case OPERAND_GPR: return gpr_offset(operand->reg, operand->high);
	case OPERAND_XMM:
	case OPERAND_YMM: return vector_offset(operand->reg);
	default: return operand->reg;
	}
}

static uint8_t slot_offset(unsigned slot)
{
	return gpr_offset(slot, false);
}

static uint8_t address_register(uint8_t reg)
{
	return slot_offset(reg == DECODE_NO_REG ? SLOT_ZERO : reg);
}

static uint8_t segment_slot(unsigned segment)
{
	return slot_offset(segment == SEG_FS ? SLOT_FS_BASE : segment == SEG_GS ? SLOT_GS_BASE : SLOT_ZERO);
}

static bool is_none(uint8_t slot)
{
	return slot == slot_offset(SLOT_ZERO);
}

/* Puts the registers in Intel's order into a, b, c, d: with a memory operand, b is for its base. Returns their number. */
static unsigned place_registers(struct plan *plan, const struct decoded *d)
{
	unsigned used = 0;

	for (unsigned k = 0; k < d->operands; k++) {
		unsigned place = used + (plan->flags & PLAN_MEMORY && used > 0);

		if (d->operand[k].kind == OPERAND_MEM || d->operand[k].kind == OPERAND_IMM || place > 3)
			continue;
		plan->byte[place] = operand_byte(&d->operand[k]);
		used++;
	}
	return used;
}

static void place_hidden(struct plan *plan, const struct decoded *d)
{
	switch (plan->form->hidden) {
	case HIDDEN_STRING:
		plan->byte[0] = segment_slot(d->mem.segment);
		plan->byte[1] = d->address_width == 32;
		plan->byte[3] = d->repne ? 2 : d->rep;
		break;
	case HIDDEN_RDI:
		plan->byte[2] = segment_slot(d->mem.segment);
		plan->byte[3] = d->address_width == 32;
		break;
	}
}

/* VSIB. The record gets the index register; its immediate holds the mask register, above that the index register's size, and above that
 * the slot of the segment. */
static void place_vector_index(struct plan *plan, const struct decoded *d)
{
	plan->byte[2] = vector_offset(d->mem.index);
	plan->byte[3] = d->mem.scale;
	plan->constant = d->operands > 2 ? operand_byte(&d->operand[2]) : 0;
	plan->constant |= (uint32_t)d->mem.index_is_vector << 8 | (uint32_t)segment_slot(d->mem.segment) << 16;
}

/* With 64-bit addresses a segment's base is a term like the others, so it takes the place of a register that is missing. */
static void place_segment(struct plan *plan, const struct decoded *d)
{
	if (!(plan->flags & PLAN_WIDE) || is_none(plan->segment))
		return;
	if (is_none(plan->base) && is_none(plan->index))
		plan->base = plan->segment;
	else if (is_none(plan->index) && !d->mem.index_is_vector)
		plan->index = plan->segment;
	else
		return;
	plan->segment = slot_offset(SLOT_ZERO);
}

/* Returns the kind of address for a displacement that fits into a record. The indexed kind has room for one register besides. For a vector of
 * indices and 32-bit addresses, the handler adds the indices, then cuts to 32 bits, then adds the segment. */
static enum address_kind kind_of(const struct plan *plan, const struct decoded *d, unsigned registers)
{
	if (!(plan->flags & PLAN_WIDE))
		return d->mem.index_is_vector ? ADDRESS_BASED : ADDRESS_KINDS;
	if (!is_none(plan->segment))
		return ADDRESS_KINDS;
	if (is_none(plan->index))
		return ADDRESS_BASED;
	return registers < 2 ? ADDRESS_INDEXED : ADDRESS_KINDS;
}

void place_operands(struct plan *plan, const struct decoded *d)
{
	unsigned registers = place_registers(plan, d);

	place_hidden(plan, d);
	if (!(plan->flags & PLAN_MEMORY))
		return;
	plan->base = address_register(d->mem.base);
	plan->index = address_register(d->mem.index_is_vector ? DECODE_NO_REG : d->mem.index);
	plan->scale = is_none(plan->index) ? 0 : d->mem.scale;
	plan->segment = segment_slot(plan->attributes & FORM_ADDRESS_ONLY ? SEG_DS : d->mem.segment);
	if (d->mem.index_is_vector)
		place_vector_index(plan, d);
	place_segment(plan, d);
	plan->kind = kind_of(plan, d, registers);
}

/* --- of a record ------------------------------------------------------------------------------------ */

/* Appends a record that computes the address into SLOT_TMP. A displacement that does not fit is a constant address, without an index. */
static void address_record(struct draft *draft, const struct plan *plan, uint64_t address, int64_t disp)
{
	struct insn *record = new_record(draft, address);

	record->a = plan->segment;
	record->b = plan->base;
	record->c = plan->index;
	record->d = plan->scale;
	if (fits_disp32(disp)) {
		record->run = plan->flags & PLAN_WIDE ? address_record64 : address_record32;
		record->disp = (int32_t)disp;
	} else {
		record->run = address_record_constant;
		record->imm = (uint64_t)disp;
	}
}

static bool is_absolute(const struct plan *plan)
{
	return plan->flags & PLAN_WIDE && is_none(plan->base) && is_none(plan->index) && is_none(plan->segment);
}

/* Returns the kind of address for which `run` has a handler, or ADDRESS_KINDS. */
static enum address_kind choose_kind(const struct plan *plan, int64_t disp, handler_t *const *run)
{
	enum address_kind kind = fits_disp32(disp) ? plan->kind : is_absolute(plan) ? ADDRESS_ABSOLUTE : ADDRESS_KINDS;

	return kind != ADDRESS_KINDS && run[kind] ? kind : ADDRESS_KINDS;
}

struct insn *operand_record(struct draft *draft, const struct plan *plan, uint64_t address, uint64_t imm, int64_t disp,
	handler_t *const *run)
{
	bool memory = plan->flags & PLAN_MEMORY;
	enum address_kind kind = memory ? choose_kind(plan, disp, run) : ADDRESS_BASED;
	struct insn *record;

	if (kind == ADDRESS_KINDS)
		address_record(draft, plan, address, disp);
	record = new_record(draft, address);
	record->a = plan->byte[0];
	record->b = memory ? plan->base : plan->byte[1];
	record->c = plan->byte[2];
	record->d = plan->byte[3];
	record->disp = (int32_t)disp;
	record->imm = imm;
	switch (kind) {
	case ADDRESS_INDEXED:
		record->c = plan->index;
		record->d = plan->scale;
		break;
	case ADDRESS_ABSOLUTE:
		record->disp = (int32_t)imm;
		record->imm = (uint64_t)disp;
		break;
	case ADDRESS_KINDS:
		record->b = slot_offset(SLOT_TMP);
		record->disp = 0;
		kind = ADDRESS_BASED;
		break;
	default: break;
	}
	record->run = run[kind];
	return record;
}
