/* The operands of plans and records. Inside emu/block. */
#ifndef TICK86_EMU_OPERANDS_H
#define TICK86_EMU_OPERANDS_H

#include "emu/block/cache.h"
#include "emu/block/plan.h"

static inline bool fits_disp32(int64_t value)
{
	return value == (int32_t)value;
}

/* Appends an empty record for the instruction at `address`. */
static inline struct insn *new_record(struct draft *draft, uint64_t address)
{
	unsigned k = draft->records++;

	draft->place[k] = (struct place){ (int32_t)(address - draft->rip), draft->insns };
	draft->insn[k] = (struct insn){ 0 };
	return &draft->insn[k];
}

bool has_memory(const struct decoded *d);

/* Sets the operands of a plan, whose form and flags are known, from `d`. */
void place_operands(struct plan *plan, const struct decoded *d);

/* Appends the record of an instruction with this plan and these values. Its handler is the one of `run` for the address's kind. If there is
 * none, appends a record before it that computes the address. */
struct insn *operand_record(struct draft *draft, const struct plan *plan, uint64_t address, uint64_t imm, int64_t disp,
	handler_t *const *run);

#endif
