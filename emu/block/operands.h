/* Inside emu/block: records and their operands. */
#ifndef TICK86_EMU_OPERANDS_H
#define TICK86_EMU_OPERANDS_H

#include "emu/block/cache.h"

static inline bool fits_disp32(int64_t value)
{
	return value == (int32_t)value;
}

/* Appends an empty record for what stands at `address`. */
static inline struct insn *new_record(struct draft *draft, uint64_t address)
{
	unsigned k = draft->records++;

	draft->place[k] = (struct place){ (int32_t)(address - draft->rip), draft->insns };
	draft->insn[k] = (struct insn){ 0 };
	return &draft->insn[k];
}

bool has_memory(const struct decoded *d);

/* A register as a record has it. */
uint8_t operand_byte(const struct operand *operand);
/* Which of a record's bytes a, b, c, d has the k-th register operand, from 0; -1: none. `memory`: there is a memory operand too. */
int register_place(bool memory, unsigned k);

/* Appends the record of `d`, whose row is `form`, run by the fitting one of `run`, and one ahead that computes the address where none of
 * them fits. */
struct insn *operand_record(struct draft *draft, const struct decoded *d, const struct form *form, handler_t *const *run);

#endif
