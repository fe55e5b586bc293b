/* From guest bytes to steps: decodes a basic block, and beyond jumps and into some of the calls that it makes; finds each instruction's
 * form and the flags that nobody reads. */
#include "emu/block/steps.h"

#include "emu/cpu/model.h"

/* --- decoding --------------------------------------------------------------------------------------- */

static void fetch_fault(struct cpu *cpu, const struct space *space, uint64_t address)
{
	enum { PF_PRESENT = 1, PF_USER = 4, PF_FETCH = 16 };

	cpu->exception = (struct exception){
		.vector = VECTOR_PF,
		.error = PF_USER | PF_FETCH | (space_find(space, address) ? PF_PRESENT : 0),
		.address = address,
	};
}

/* Whether the CPU's model has the instruction. What LZCNT and TZCNT add to BSR and BSF is a prefix that older CPUs ignore. */
static bool is_defined(const struct cpu_model *model, struct decoded *d)
{
	if (!model || cpu_model_has(model, d->isa))
		return true;
	if (d->op != OP_LZCNT && d->op != OP_TZCNT)
		return false;
	d->op = d->op == OP_LZCNT ? OP_BSR : OP_BSF;
	return true;
}

/* Fills `step` with the instruction at `address`, of which `size` bytes can be fetched. False when more were needed; cpu's exception
 * says so. */
static bool decode_step(struct cpu *cpu, const struct blocks *blocks, uint64_t address, size_t size, struct step *step)
{
	enum decode_status status;

	if (size == 0) {
		fetch_fault(cpu, blocks->space, address);
		return false;
	}
	step->form = NULL;
	step->left = step->dead = step->followed = false;
	if (size > DECODE_MAX_LENGTH)
		size = DECODE_MAX_LENGTH;
	status = decoder_decode(blocks->decoder, (const uint8_t *)address, size, address, &step->d);
	if (status == DECODE_TRUNCATED) {
		fetch_fault(cpu, blocks->space, address + size);
		return false;
	}
	if (status == DECODE_OK && is_defined(cpu->model, &step->d))
		step->form = form_find(blocks->forms, &step->d);
	if (step->form && step->form->attributes & FORM_WORLD && blocks->config.leave_world) {
		step->left = true;
		step->form = NULL;
	}
	if (status != DECODE_OK)
		step->d = (struct decoded){ .address = address, .length = 1 }; /* nobody knows; the byte that is there for certain */
	if (step->d.op == OP_POP && step->d.operand[0].kind == OPERAND_MEM && step->d.mem.base == RSP)
		step->d.mem.disp += step->d.operand[0].size; /* SDM vol. 2, POP: computed after the increment */
	return true;
}

static bool ends_block(const struct step *step)
{
	return !step->form || (step->form->attributes & FORM_ENDS);
}

static bool decoded_already(const struct step *steps, unsigned count, uint64_t address)
{
	for (unsigned k = 0; k < count; k++)
		if (steps[k].d.address == address)
			return true;
	return false;
}

static bool is_direct(const struct decoded *d, uint16_t op)
{
	return d->op == op && d->operand[0].kind == OPERAND_IMM;
}

/* Whether at an address there is an entry of a procedure linkage table, which goes on to where it says at once. */
static bool is_linkage(struct cpu *cpu, const struct blocks *blocks, uint64_t address)
{
	struct step step;

	if (!decode_step(cpu, blocks, address, space_fetchable(blocks->space, address), &step))
		return false;
	if (step.d.op == OP_ENDBR64) {
		address += step.d.length;
		if (!decode_step(cpu, blocks, address, space_fetchable(blocks->space, address), &step))
			return false;
	}
	return step.d.op == OP_JMP && step.d.operand[0].kind == OPERAND_MEM;
}

/* Whether decoding goes on where the branch leads that is the last step. A loop is not unrolled. */
static bool follow(struct cpu *cpu, const struct blocks *blocks, const struct step *steps, unsigned count)
{
	const struct decoded *branch = &steps[count - 1].d;

	if (!is_direct(branch, OP_JMP) && !(is_direct(branch, OP_CALL) && is_linkage(cpu, blocks, branch->imm)))
		return false;
	return fits_disp32((int64_t)(branch->imm - steps[0].d.address)) && !decoded_already(steps, count, branch->imm);
}

/* Notes the pages that a step's bytes touch. False: there is no more room. */
static bool touch_pages(struct draft *draft, const struct decoded *d)
{
	for (uint64_t page = d->address / GUEST_PAGE; page <= (d->address + d->length - 1) / GUEST_PAGE; page++) {
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
	uint64_t address = draft->rip, page = 0, end = 0; /* of what can be fetched, asked for once for each page */
	unsigned count = 0;

	while (count < max) {
		const struct step *last = &steps[count];

		if (count == 0 || page != address / GUEST_PAGE) {
			page = address / GUEST_PAGE;
			end = address + space_fetchable(blocks->space, address);
		}
		if (!decode_step(cpu, blocks, address, end - address, &steps[count]) || !touch_pages(draft, &last->d))
			break;
		if (count > 0)
			steps[count - 1].followed = ends_block(&steps[count - 1]);
		count++;
		address += last->d.length;
		if (ends_block(last)) {
			if (!follow(cpu, blocks, steps, count))
				break;
			address = last->d.imm;
		}
	}
	return count;
}

/* --- flags ------------------------------------------------------------------------------------------ */

static bool may_fault(const struct step *step)
{
	if (!step->form || (step->form->attributes & FORM_FAULTS))
		return true;
	return has_memory(&step->d) && !(step->form->attributes & FORM_HIDDEN_MEM);
}

/* Backwards: an instruction whose flags are all written again before anything reads them, or may fault and so show them, computes none. */
static void find_dead_flags(struct step *steps, unsigned count)
{
	flags_t live = FLAGS_ALL;

	for (unsigned k = count; k-- > 0;) {
		const struct form *form = steps[k].form;

		if (form) {
			steps[k].dead = form->run_dead[0] && !(form->writes & live);
			if (!(form->attributes & FORM_PRESERVES))
				live = (flags_t)((live & ~form->writes) | form->reads);
			else if (!steps[k].dead)
				live |= form->reads;
		}
		if (may_fault(&steps[k]))
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
