/* Inside emu/block: what a block's instructions are, before they become records. */
#ifndef TICK86_EMU_STEPS_H
#define TICK86_EMU_STEPS_H

#include "emu/block/cache.h"

/* An instruction on its way to a record. */
struct step {
	struct decoded d;
	const struct form *form; /* NULL: there is no such instruction, or it is left */
	bool left;               /* to the world: blocks_config's leave_world */
	bool dead;               /* nobody reads the flags that it writes */
	bool followed;           /* a direct JMP or CALL, and the next step is its target */
};

/* Decodes up to `max` instructions of the block at draft->rip, and beyond jumps and into some of the calls that it makes; notes the pages
 * that their bytes touch, and whose flags nobody reads. Returns their number; 0, with cpu's exception, when not even the first can be
 * fetched. */
unsigned decode_steps(struct cpu *cpu, const struct blocks *blocks, unsigned max, struct draft *draft, struct step *steps);

static inline bool has_memory(const struct decoded *d)
{
	for (unsigned k = 0; k < d->operands; k++)
		if (d->operand[k].kind == OPERAND_MEM)
			return true;
	return false;
}

static inline bool fits_disp32(int64_t value)
{
	return value == (int32_t)value;
}

#endif
