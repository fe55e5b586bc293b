/* Plans: made once for each shape from what Zydis says, then found by the key of an instruction's bytes. */
#include "emu/block/plan.h"

#include <stdlib.h>
#include <string.h>

#include "emu/block/family.h"
#include "emu/block/operands.h"
#include "emu/block/plan_table.h"
#include "emu/cpu/model.h"

struct plans {
	const struct form_index *forms;
	const struct cpu_model *model; /* the CPU model of the plans */
	struct plan_table known;
	struct plan_table families; /* one plain plan of each family, by key_family() */
	struct shape *shape;        /* the shapes of plans that are not plain */
	unsigned shapes, shape_capacity;
};

struct plans *plans_create(const struct form_index *forms)
{
	struct plans *plans = calloc(1, sizeof(*plans));

	if (!plans)
		return NULL;
	plans->forms = forms;
	if (plan_table_create(&plans->known) && plan_table_create(&plans->families))
		return plans;
	plans_destroy(plans);
	return NULL;
}

void plans_destroy(struct plans *plans)
{
	if (!plans)
		return;
	plan_table_destroy(&plans->known);
	plan_table_destroy(&plans->families);
	free(plans->shape);
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

static void set_form(struct plan *plan, const struct form *form, const struct decoded *d)
{
	plan->form = form;
	plan->flags &= (uint8_t) ~(PLAN_FAULTS | PLAN_DEAD);
	plan->flags |= form->attributes & FORM_FAULTS || (has_memory(d) && !(form->attributes & FORM_ADDRESS_ONLY)) ? PLAN_FAULTS : 0;
	plan->flags |= form->run_dead[0] ? PLAN_DEAD : 0;
	plan->reads = form->reads;
	plan->writes = form->writes;
	plan->attributes = form->attributes;
}

/* Notes where the values are in the instruction. Returns false if a plan cannot express it. */
static bool set_fields(struct plan *plan, const struct shape *shape)
{
	const struct field *imm = &shape->imm[0], *disp = &shape->disp;

	plan->constant = (uint8_t)(imm->size ? 0 : shape->decoded.imm);
	plan->imm_offset = imm->offset;
	plan->imm_size = imm->size;
	plan->disp_offset = disp->offset;
	plan->disp_size = disp->size;
	plan->flags |= imm->is_signed ? PLAN_IMM_SIGNED : 0;
	plan->flags |= imm->relative ? PLAN_IMM_RELATIVE : 0;
	plan->flags |= disp->relative ? PLAN_DISP_RELATIVE : 0;
	return !shape->imm[1].size && disp->relative != 32 && (imm->size || shape->decoded.imm < 256);
}

/* Takes the operand bytes from a record made for `d`. Returns false if it takes more than one record, or if not all of the record is
 * known. */
static bool set_operands(struct plan *plan, const struct decoded *d)
{
	struct draft draft;
	const struct insn *record;

	if (d->mem.index_is_vector) /* the immediate holds its size */
		return false;
	draft.rip = d->address;
	draft.records = draft.insns = 0;
	record = operand_record(&draft, d, plan->form, plan->form->run);
	if (draft.records != 1)
		return false;
	memcpy(plan->byte, (const uint8_t[]){ record->a, record->b, record->c, record->d }, sizeof(plan->byte));
	plan->kind = has_memory(d) && record->run == plan->form->run[ADDRESS_INDEXED] ? ADDRESS_INDEXED : ADDRESS_BASED;
	if (has_memory(d) && d->mem.base == DECODE_NO_REG && plan->kind == ADDRESS_BASED && record->b == gpr_offset(SLOT_ZERO, false))
		plan->flags |= PLAN_ABSOLUTE;
	return true;
}

static void make(const struct plans *plans, const struct shape *shape, struct plan *plan)
{
	struct decoded d = shape->decoded;
	const struct form *form;
	bool known_fields;

	*plan = (struct plan){ .length = d.length };
	if (shape->imm[0].size)
		d.imm = 1; /* not a shift by 0 */
	form = find_form(plans, &d);
	if (!form)
		return;
	plan->op = d.op;
	set_form(plan, form, &d);
	plan->flags |= d.operand[0].kind == OPERAND_IMM ? PLAN_DIRECT : 0;
	plan->fused = fused_first(&d);
	known_fields = set_fields(plan, shape);
	if (set_operands(plan, &d) && known_fields && !(form->attributes & FORM_POPS && has_memory(&d)))
		plan->flags |= PLAN_PLAIN;
}

/* --- remembering and finding ------------------------------------------------------------------------ */

/* Keeps the shape for a plan that is not plain, if there is room. */
static void keep_shape(struct plans *plans, struct plan *plan, const struct shape *shape)
{
	unsigned capacity = plans->shape_capacity ? 2 * plans->shape_capacity : 64;

	if (plans->shapes == plans->shape_capacity) {
		struct shape *grown = realloc(plans->shape, capacity * sizeof(*grown));

		if (!grown)
			return;
		plans->shape = grown;
		plans->shape_capacity = capacity;
	}
	plans->shape[plans->shapes++] = *shape;
	plan->shape = (uint16_t)plans->shapes;
}

static void forget(struct plans *plans, const struct cpu_model *model)
{
	plan_table_clear(&plans->known);
	plan_table_clear(&plans->families);
	plans->shapes = 0;
	plans->model = model;
}

/* Makes the plan from another one of its family, if there is one. */
static bool make_from_family(const struct plans *plans, uint64_t key, size_t size, struct plan *plan)
{
	struct key_registers registers;
	const struct plan *known = NULL;
	uint64_t family;

	for (int with_reg = 1; with_reg >= 0 && !known; with_reg--) {
		family = key_family(key, with_reg, &registers);
		known = family ? plan_table_find(&plans->families, family) : NULL;
	}
	if (!known || known->length > size)
		return false;
	*plan = *known;
	family_apply(plan, &registers);
	return true;
}

static void keep_for_family(struct plans *plans, struct plan *plan, uint64_t key, const struct shape *shape)
{
	struct key_registers registers;
	bool with_reg;

	if (!(plan->flags & PLAN_PLAIN) || (plan->attributes & FORM_REG_SELECTS) || !family_note(plan, &shape->decoded, &with_reg))
		return;
	key = key_family(key, with_reg, &registers);
	if (key)
		plan_table_keep(&plans->families, plan, key);
}

const struct plan *plan_find(struct plans *plans, const struct cpu_model *model, uint64_t address, size_t size, struct plan *room)
{
	const uint8_t *bytes = (const uint8_t *)address;
	unsigned length;
	uint64_t key = shape_key(bytes, size, &length);
	const struct plan *known;
	enum decode_status status;
	struct shape shape;

	if (plans->model != model)
		forget(plans, model);
	known = key ? plan_table_find(&plans->known, key) : NULL;
	if (known && known->length <= size)
		return known;
	if (!known && key && make_from_family(plans, key, size, room))
		return plan_table_keep(&plans->known, room, key);
	status = shape_learn(bytes, size, &shape);
	if (status == DECODE_TRUNCATED)
		return NULL;
	if (status != DECODE_OK) {
		*room = (struct plan){ .length = 1 }; /* the length is unknown; one byte is certain */
		return room;
	}
	make(plans, &shape, room);
	if (known || !key || shape.key != length || !plan_table_has_room(&plans->known))
		return room;
	keep_for_family(plans, room, key, &shape);
	if (!(room->flags & PLAN_PLAIN))
		keep_shape(plans, room, &shape);
	return plan_table_keep(&plans->known, room, key);
}

/* --- using ------------------------------------------------------------------------------------------ */

void plan_decode(const struct plans *plans, const struct plan *plan, uint64_t address, struct decoded *out)
{
	if (plan->shape)
		shape_apply(&plans->shape[plan->shape - 1], (const uint8_t *)address, address, out);
	else if (!plan->form || decode((const uint8_t *)address, plan->length, address, out) != DECODE_OK)
		*out = (struct decoded){ .address = address, .length = plan->length };
	out->op = plan->op;
	if (plan->attributes & FORM_POPS && has_memory(out) && out->mem.base == RSP)
		out->mem.disp += out->operand[0].size; /* SDM vol. 2, POP: the address is computed after RSP was incremented */
}

const struct plan *plan_for_one(const struct plans *plans, const struct plan *plan, uint64_t address, struct plan *room)
{
	struct decoded d;
	const struct form *form;

	plan_decode(plans, plan, address, &d);
	form = form_find(plans->forms, &d);
	if (form == plan->form)
		return plan;
	*room = *plan;
	room->flags &= (uint8_t)~PLAN_PLAIN;
	set_form(room, form, &d);
	return room;
}

static uint64_t value_at(const uint8_t *bytes, unsigned size)
{
	uint64_t value = 0;

	switch (size) {
	case 1: return bytes[0];
	case 4: memcpy(&value, bytes, 4); return value;
	default: memcpy(&value, bytes, size); return value;
	}
}

static int64_t sign_extended(uint64_t value, unsigned size)
{
	unsigned unused = 64 - 8 * size;

	return (int64_t)(value << unused) >> unused;
}

uint64_t plan_imm(const struct plan *plan, uint64_t address)
{
	uint64_t value;

	if (!plan->imm_size)
		return plan->constant;
	value = value_at((const uint8_t *)address + plan->imm_offset, plan->imm_size);
	if (plan->flags & PLAN_IMM_SIGNED)
		value = (uint64_t)sign_extended(value, plan->imm_size);
	return value + (plan->flags & PLAN_IMM_RELATIVE ? address + plan->length : 0);
}

int64_t plan_disp(const struct plan *plan, uint64_t address)
{
	int64_t value;

	if (!plan->disp_size)
		return 0;
	value = sign_extended(value_at((const uint8_t *)address + plan->disp_offset, plan->disp_size), plan->disp_size);
	return value + (plan->flags & PLAN_DISP_RELATIVE ? (int64_t)(address + plan->length) : 0);
}
