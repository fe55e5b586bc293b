/* Plans: made once for each key from what Zydis says, then found by the key of an instruction's bytes. */
#include "emu/block/plan.h"

#include <stdlib.h>

#include "decode/key.h"
#include "emu/block/operands.h"
#include "emu/block/plan_table.h"
#include "emu/cpu/model.h"

struct plans {
	const struct form_index *forms;
	const struct cpu_model *model; /* the CPU model of the plans */
	struct plan_table known;
};

struct plans *plans_create(const struct form_index *forms)
{
	struct plans *plans = calloc(1, sizeof(*plans));

	if (!plans)
		return NULL;
	plans->forms = forms;
	if (plan_table_create(&plans->known))
		return plans;
	plans_destroy(plans);
	return NULL;
}

void plans_destroy(struct plans *plans)
{
	if (!plans)
		return;
	plan_table_destroy(&plans->known);
	free(plans);
}

/* --- making ----------------------------------------------------------------------------------------- */

/* Returns the row of an instruction for the CPU's model, or NULL. If the model lacks the instruction's feature, changes `d` to what the
 * CPU takes it for. */
static const struct form *find_form(const struct plans *plans, struct decoded *d)
{
	const struct form *form = form_find(plans->forms, d);

	if (!form || !plans->model || cpu_model_has(plans->model, d->isa))
		return form;
	if (!form->older)
		return NULL;
	d->op = form->older;
	return form_find(plans->forms, d);
}

static void set_form(struct plan *plan, const struct form *form)
{
	bool accesses = plan->flags & PLAN_MEMORY && !(form->attributes & FORM_ADDRESS_ONLY);

	plan->form = form;
	plan->flags &= (uint8_t) ~(PLAN_FAULTS | PLAN_DEAD);
	plan->flags |= form->attributes & FORM_FAULTS || accesses ? PLAN_FAULTS : 0;
	plan->flags |= form->run_dead[0] ? PLAN_DEAD : 0;
	plan->reads = form->reads;
	plan->writes = form->writes;
	plan->attributes = form->attributes;
}

static void make(const struct plans *plans, const struct decoded *decoded, struct plan *plan)
{
	struct decoded d = *decoded;
	const struct form *form;

	*plan = (struct plan){ .length = d.length, .imm = d.imm_at, .disp = d.disp_at, .encoding = d.encoding };
	if (d.imm_at.size)
		d.imm = 1; /* not a shift by 0 */
	form = find_form(plans, &d);
	if (!form)
		return;
	plan->op = d.op;
	plan->flags |= has_memory(&d) ? PLAN_MEMORY : 0;
	plan->flags |= d.address_width == 64 ? PLAN_WIDE : 0;
	plan->flags |= d.operand[0].kind == OPERAND_IMM ? PLAN_DIRECT : 0;
	set_form(plan, form);
	/* the handler of a repeated string instruction lets signals in; the host's own would keep them out for as long as it takes */
	if (form_handled(form) || d.op != decoded->op || (form->hidden == HIDDEN_STRING && (d.rep || d.repne)))
		plan->flags |= PLAN_HANDLED;
	plan->fused = fused_first(&d);
	if (!d.imm_at.size)
		plan->constant = (uint32_t)d.imm;
	if (form->attributes & FORM_POPS && has_memory(&d) && d.mem.base == RSP)
		plan->popped = d.operand[0].size;
	place_operands(plan, &d);
}

/* --- remembering and finding ------------------------------------------------------------------------ */

static void forget(struct plans *plans, const struct cpu_model *model)
{
	plan_table_clear(&plans->known);
	plans->model = model;
}

const struct plan *plan_find(struct plans *plans, const struct cpu_model *model, uint64_t address, size_t size, struct plan *room)
{
	const uint8_t *bytes = (const uint8_t *)address;
	unsigned length;
	uint64_t key = key_of(bytes, size, &length);
	const struct plan *known;
	enum decode_status status;
	struct decoded decoded;

	if (plans->model != model)
		forget(plans, model);
	known = key ? plan_table_find(&plans->known, key) : NULL;
	if (known && known->length <= size)
		return known;
	status = decode(bytes, size, address, &decoded);
	if (status == DECODE_TRUNCATED)
		return NULL;
	if (status != DECODE_OK) {
		*room = (struct plan){ .length = 1 }; /* the length is unknown; one byte is certain */
		return room;
	}
	make(plans, &decoded, room);
	return known || !key || decoded.key != length ? room : plan_table_keep(&plans->known, room, key);
}

/* --- using ------------------------------------------------------------------------------------------ */

void plan_decode(const struct plan *plan, uint64_t address, struct decoded *out)
{
	if (!plan->form || decode((const uint8_t *)address, plan->length, address, out) != DECODE_OK)
		*out = (struct decoded){ .address = address, .length = plan->length };
	out->op = plan->op;
	out->mem.disp += plan->popped;
}

const struct plan *plan_for_shift_by_0(const struct plans *plans, const struct plan *plan, uint64_t address, struct plan *room)
{
	struct decoded d;

	plan_decode(plan, address, &d);
	*room = *plan;
	set_form(room, form_find(plans->forms, &d));
	return room;
}
