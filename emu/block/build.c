/* Turns steps into records: folds a compare into the branch after it, and ends the block. */
#include "emu/block/build.h"
#include "emu/block/operands.h"
#include "emu/block/steps.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

/* --- one instruction -------------------------------------------------------------------------------- */

/* Appends the record of a step. Its handler is the one of `run` for the operand's kind of address. */
static struct insn *step_record(struct draft *draft, const struct step *step, handler_t *const *run)
{
	return operand_record(draft, step->plan, step->address, step->imm, step->disp, run);
}

static void emit_end(struct draft *draft, const struct step *step)
{
	struct insn *record = new_record(draft, step->address);

	record->run = step->left ? world_record : undefined_record;
	record->a = step->left ? step->plan->form->world : WORLD_NONE;
}

void build_record(struct draft *draft, const struct step *step)
{
	const struct plan *plan = step->plan;
	struct insn *record;

	if ((plan->attributes & FORM_OMIT) || (step->followed && plan->form->branch == BRANCH_JUMP))
		return;
	record = step_record(draft, step, step->dead ? plan->form->run_dead : plan->form->run);
	if (plan->attributes & FORM_COUNTS)
		record->imm = draft->insns;
	if (plan->attributes & FORM_KEEPS_ADDRESS)
		record->imm = step->address;
	if (plan->form->branch == BRANCH_CALL && plan->flags & PLAN_DIRECT)
		record->imm = step->address + plan->length;
	if (step->followed)
		record->run = call_through;
}

/* --- branches --------------------------------------------------------------------------------------- */

/* Appends the links, which follow a record that leaves the block. `next` is the address after its instruction. */
static void add_links(struct draft *draft, uint64_t taken, uint64_t fall, uint64_t next)
{
	unsigned first = draft->exits ? draft->exit[draft->exits - 1].links + 1 : 0;

	find_stack_runs(&draft->insn[first], draft->records - first);
	draft->exit[draft->exits++] = (struct draft_exit){
		.links = draft->records,
		.insns = draft->insns,
		.taken = taken,
		.fall = fall,
		.next = next,
	};
	new_record(draft, next);
}

/* Appends the links after a branch. A negated condition uses the handler of the plain one, with the links swapped. */
static void add_exit(struct draft *draft, const struct step *step)
{
	uint64_t next = step->address + step->plan->length, target = step->plan->flags & PLAN_DIRECT ? step->imm : 0;
	const struct form *form = step->plan->form;

	if (form->branch == BRANCH_FLAGS && (form->cc & 1))
		add_links(draft, next, target, next);
	else
		add_links(draft, target, form->branch == BRANCH_JUMP ? 0 : next, next);
}

/* Ends a block that does not end with a branch. */
static void add_fall(struct draft *draft, const struct step *last)
{
	uint64_t next = last->address + last->plan->length;

	new_record(draft, next)->run = fall_record;
	add_links(draft, 0, next, next);
}

/* --- the whole --------------------------------------------------------------------------------------- */

/* Returns the row that does the last two steps as one, or NULL. */
static const struct fused_form *find_fused(const struct step *steps, unsigned count)
{
	const struct step *compare = steps + count - 2, *branch = steps + count - 1;

	if (count < 2 || !step_form(compare) || !compare->plan->fused || step_branch(branch) != BRANCH_FLAGS)
		return NULL;
	return fused_with(compare->plan->fused, branch->plan->form->cc);
}

static void emit_steps(struct draft *draft, const struct step *steps, unsigned count)
{
	const struct fused_form *fused = find_fused(steps, count);

	for (unsigned k = 0; k < count; k++) {
		bool runs = step_form(&steps[k]);

		if (!runs)
			emit_end(draft, &steps[k]);
		else if (fused && k == count - 2)
			step_record(draft, &steps[k], fused->run);
		else if (!(fused && k == count - 1))
			build_record(draft, &steps[k]);
		draft->insns += runs;
		if (steps[k].followed && step_branch(&steps[k]) == BRANCH_CALL)
			add_exit(draft, &steps[k]);
	}
}

bool build_draft(struct cpu *cpu, struct blocks *blocks, uint64_t rip, unsigned max_insns, struct draft *draft)
{
	struct step steps[BLOCK_INSNS_MAX];
	const struct step *last;
	unsigned count;

	draft->rip = rip;
	draft->records = draft->insns = draft->exits = draft->pages = 0;
	count = decode_steps(cpu, blocks, max_insns, draft, steps);
	if (count == 0)
		return false;
	if (blocks->tier) /* cache_add sets its imm */
		new_record(draft, rip)->run = entry_record;
	emit_steps(draft, steps, count);
	last = &steps[count - 1];
	if (!step_form(last))
		return true;
	if (last->plan->attributes & FORM_ENDS)
		add_exit(draft, last);
	else
		add_fall(draft, last);
	return true;
}
