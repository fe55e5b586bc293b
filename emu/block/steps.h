/* Inside emu/block: what a block's instructions are, before they become records. */
#ifndef TICK86_EMU_STEPS_H
#define TICK86_EMU_STEPS_H

#include "emu/block/cache.h"
#include "emu/block/plan.h"

/* An instruction on its way to a record. */
struct step {
	const struct plan *plan;
	uint64_t address;
	uint64_t imm;
	int64_t disp;
	bool left;        /* to the world: blocks_config's leave_world */
	bool dead;        /* nobody reads the flags that it writes */
	bool followed;    /* a direct JMP or CALL, and the next step is its target */
	struct plan room; /* for a plan that is not remembered */
};

/* NULL: there is no such instruction, or it is left. */
static inline const struct form *step_form(const struct step *step)
{
	return step->left ? NULL : step->plan->form;
}

static inline enum form_branch step_branch(const struct step *step)
{
	const struct form *form = step_form(step);

	return form ? form->branch : BRANCH_NONE;
}

/* Decodes up to `max` instructions of the block at draft->rip, and beyond jumps and into some of the calls that it makes; notes the
 * pages that their bytes touch, and whose flags nobody reads. Returns their number; 0, with cpu's exception, when not even the first
 * can be fetched. */
unsigned decode_steps(struct cpu *cpu, const struct blocks *blocks, unsigned max, struct draft *draft, struct step *steps);

#endif
