/* A block's instructions before they become records. Inside emu/block. */
#ifndef TICK86_EMU_STEPS_H
#define TICK86_EMU_STEPS_H

#include "emu/block/cache.h"
#include "emu/block/plan.h"

/* An instruction that will become a record. */
struct step {
	const struct plan *plan;
	uint64_t address;
	uint64_t imm;
	int64_t disp;
	bool left;        /* it is left to the world: blocks_config's leave_world */
	bool dead;        /* the flags that it writes are not used */
	bool followed;    /* a direct JMP or CALL, and the next step is its target */
	struct plan room; /* memory for a plan that is not kept */
};

/* NULL: there is no such instruction, or it is left to the world. */
static inline const struct form *step_form(const struct step *step)
{
	return step->left ? NULL : step->plan->form;
}

static inline enum form_branch step_branch(const struct step *step)
{
	const struct form *form = step_form(step);

	return form ? form->branch : BRANCH_NONE;
}

/* How far instructions can be fetched, asked for once for each page. Begins with all 0. */
struct reach {
	uint64_t page, end;
};

/* Fills `step` with the instruction at `address`. Returns false, and sets cpu's exception, if it cannot be fetched. */
bool decode_step(struct cpu *cpu, const struct blocks *blocks, struct reach *reach, uint64_t address, struct step *step);
/* Notes the pages of a step's bytes. Returns false if there is no more room. */
bool touch_pages(struct draft *draft, const struct step *step);

/* Decodes up to `max` instructions of the block at draft->rip, also through direct jumps and into some calls. Notes the pages of their
 * bytes, and whose flags are not used. Returns their number; 0, with cpu's exception set, if the first one cannot be fetched. */
unsigned decode_steps(struct cpu *cpu, const struct blocks *blocks, unsigned max, struct draft *draft, struct step *steps);

#endif
