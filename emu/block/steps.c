/* From guest bytes to steps. Follows a basic block, also through direct jumps and into some calls, and finds flags that are not used. */
#include "emu/block/steps.h"

#include "emu/block/operands.h"

/* --- decoding --------------------------------------------------------------------------------------- */

static void fetch_fault(struct cpu *cpu, const struct space *space, uint64_t address)
{

	cpu->exception = (struct exception){
		.vector = VECTOR_PF,
		.error = PF_USER | PF_FETCH | (space_find(space, address) ? PF_PRESENT : 0),
		.address = address,
	};
}

/* Returns how many bytes can be fetched at an address, at most DECODE_MAX_LENGTH. */
static size_t reach_from(struct reach *reach, const struct blocks *blocks, uint64_t address)
{
	if (!reach->end || reach->page != address / GUEST_PAGE) {
		reach->page = address / GUEST_PAGE;
		reach->end = address + space_fetchable(blocks->space, address);
	}
	return reach->end - address < DECODE_MAX_LENGTH ? reach->end - address : DECODE_MAX_LENGTH;
}

bool decode_step(struct cpu *cpu, const struct blocks *blocks, struct reach *reach, uint64_t address, struct step *step)
{
	size_t size = reach_from(reach, blocks, address);

	step->plan = size ? plan_find(blocks->plans, cpu->model, address, size, &step->room) : NULL;
	if (!step->plan) {
		fetch_fault(cpu, blocks->space, address + size);
		return false;
	}
	step->address = address;
	step->imm = plan_imm(step->plan, address);
	step->disp = plan_disp(step->plan, address);
	step->left = blocks->config.leave_world && step->plan->form && step->plan->form->world;
	step->dead = step->followed = false;
	if (plan_excludes(step->plan, step->imm))
		step->plan = plan_for_shift_by_0(blocks->plans, step->plan, address, &step->room);
	return true;
}

static bool ends_block(const struct step *step)
{
	return !step_form(step) || (step->plan->attributes & FORM_ENDS);
}

static bool decoded_already(const struct step *steps, unsigned count, uint64_t address)
{
	for (unsigned k = 0; k < count; k++)
		if (steps[k].address == address)
			return true;
	return false;
}

static bool is_direct(const struct step *step, enum form_branch branch)
{
	return step_branch(step) == branch && step->plan->flags & PLAN_DIRECT;
}

/* Returns true if there is an entry of a procedure linkage table at an address: a jump through a pointer, maybe after ENDBR64. */
static bool is_linkage(struct cpu *cpu, const struct blocks *blocks, uint64_t address)
{
	struct reach reach = { 0 };
	struct step step;

	if (!decode_step(cpu, blocks, &reach, address, &step))
		return false;
	if (step.plan->attributes & FORM_OMIT) {
		address += step.plan->length;
		if (!decode_step(cpu, blocks, &reach, address, &step))
			return false;
	}
	return step_branch(&step) == BRANCH_JUMP && step.plan->form->pattern == K_M;
}

/* Returns true if decoding continues at the target of the last step's branch. Loops are not unrolled. */
static bool follow(struct cpu *cpu, const struct blocks *blocks, const struct step *steps, unsigned count)
{
	const struct step *branch = &steps[count - 1];

	if (!is_direct(branch, BRANCH_JUMP) && !(is_direct(branch, BRANCH_CALL) && is_linkage(cpu, blocks, branch->imm)))
		return false;
	return fits_disp32((int64_t)(branch->imm - steps[0].address)) && !decoded_already(steps, count, branch->imm);
}

bool touch_pages(struct draft *draft, const struct step *step)
{
	uint64_t first = step->address / GUEST_PAGE, last = (step->address + step->plan->length - 1) / GUEST_PAGE;

	if (draft->pages && draft->page[draft->pages - 1] == first && first == last)
		return true;
	for (uint64_t page = first; page <= last; page++) {
		unsigned k = 0;

		while (k < draft->pages && draft->page[k] != page)
			k++;
		if (k == BLOCK_PAGES_MAX)
			return false;
		draft->page[k] = page;
		draft->pages += k == draft->pages;
	}
	return true;
}

static unsigned decode_all(struct cpu *cpu, const struct blocks *blocks, unsigned max, struct draft *draft, struct step *steps)
{
	uint64_t address = draft->rip;
	struct reach reach = { 0 };
	unsigned count = 0;

	while (count < max) {
		const struct step *last = &steps[count];

		if (!decode_step(cpu, blocks, &reach, address, &steps[count]) || !touch_pages(draft, last))
			break;
		if (count > 0)
			steps[count - 1].followed = ends_block(&steps[count - 1]);
		count++;
		address += last->plan->length;
		if (ends_block(last)) {
			if (!follow(cpu, blocks, steps, count))
				break;
			address = last->imm;
		}
	}
	return count;
}

/* --- flags ------------------------------------------------------------------------------------------ */

/* Goes backwards. An instruction need not compute its flags if all of them are written again before an instruction reads them, or may
 * fault and so show them. */
static void find_dead_flags(struct step *steps, unsigned count)
{
	flags_t live = FLAGS_ALL;

	for (unsigned k = count; k-- > 0;) {
		const struct plan *plan = steps[k].plan;
		bool runs = step_form(&steps[k]);

		if (runs) {
			steps[k].dead = plan->flags & PLAN_DEAD && !(plan->writes & live);
			if (!(plan->attributes & FORM_PRESERVES))
				live = (flags_t)((live & ~plan->writes) | plan->reads);
			else if (!steps[k].dead)
				live |= plan->reads;
		}
		if (!runs || plan->flags & PLAN_FAULTS)
			live = FLAGS_ALL;
	}
}

/* --- the whole -------------------------------------------------------------------------------------- */

unsigned decode_steps(struct cpu *cpu, const struct blocks *blocks, unsigned max, struct draft *draft, struct step *steps)
{
	unsigned count = decode_all(cpu, blocks, max, draft, steps);

	find_dead_flags(steps, count);
	return count;
}
