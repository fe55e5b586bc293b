/* Makes a plan from the plan of the same instruction with other registers. */
#include "emu/block/family.h"

#include "emu/block/operands.h"

/* The content of a plan's `from`: enum operand_from, and above this bit the kind of register. */
enum { KIND_SHIFT = 4 };
enum register_kind { ANY_GPR, BYTE_GPR, VECTOR, MMX, OTHER };

static enum register_kind kind_of(const struct operand *operand)
{
	switch (operand->kind) {
	case OPERAND_GPR: return operand->size == 1 ? BYTE_GPR : ANY_GPR;
	case OPERAND_XMM: return VECTOR;
	case OPERAND_MMX: return MMX;
	default: return OTHER;
	}
}

bool family_note(struct plan *plan, const struct decoded *d, bool *with_reg)
{
	bool memory = has_memory(d), from_rm = false;
	unsigned registers = 0;

	*with_reg = false;
	for (unsigned k = 0; k < d->operands; k++) {
		const struct operand *operand = &d->operand[k];
		int place;

		if (operand->kind == OPERAND_MEM || operand->kind == OPERAND_IMM)
			continue;
		place = register_place(memory, registers++);
		if (place < 0 || (operand->from && kind_of(operand) == OTHER))
			return false;
		if (operand->from)
			plan->from[place] = (uint8_t)(operand->from | kind_of(operand) << KIND_SHIFT);
		*with_reg |= operand->from == FROM_MODRM_REG;
		from_rm |= operand->from == FROM_MODRM_RM;
	}
	return memory || from_rm;
}

static uint8_t register_byte(uint8_t from, const struct key_registers *registers)
{
	struct operand operand = { .kind = OPERAND_GPR };

	operand.reg = (from & ((1 << KIND_SHIFT) - 1)) == FROM_MODRM_REG ? registers->reg : registers->rm;
	switch (from >> KIND_SHIFT) {
	case BYTE_GPR:
		operand.high = !registers->rex && operand.reg >= 4;
		operand.reg = (uint8_t)(operand.reg - 4 * operand.high);
		break;
	case VECTOR: operand.kind = OPERAND_XMM; break;
	case MMX:
		operand.kind = OPERAND_MMX;
		operand.reg &= 7;
		break;
	}
	return operand_byte(&operand);
}

void family_apply(struct plan *plan, const struct key_registers *registers)
{
	for (unsigned k = 0; k < 4; k++)
		if (plan->from[k])
			plan->byte[k] = register_byte(plan->from[k], registers);
	if (registers->memory && registers->based)
		plan->byte[1] = gpr_offset(registers->rm, false);
	if (registers->memory && plan->kind == ADDRESS_INDEXED) {
		plan->byte[2] = gpr_offset(registers->index, false);
		plan->byte[3] = registers->scale;
	}
}
