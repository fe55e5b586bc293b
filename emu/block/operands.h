/* Records and their operands. Inside emu/block. */
#ifndef TICK86_EMU_OPERANDS_H
#define TICK86_EMU_OPERANDS_H

#include "emu/block/cache.h"

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

/* Returns the operand byte for a register. */
uint8_t operand_byte(const struct operand *operand);
/* Returns which of a record's bytes a, b, c, d (0 to 3) holds the k-th register operand, or -1. `memory`: there is a memory operand,
 * too. */
int register_place(bool memory, unsigned k);

/* Appends the record of `d`, whose row is `form`, with the handler of `run` that fits. If none fits, appends a record before it that
 * computes the address. */
struct insn *operand_record(struct draft *draft, const struct decoded *d, const struct form *form, handler_t *const *run);

#endif
