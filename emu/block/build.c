/* From steps to records: chooses each instruction's handler and kind of address, folds a compare into the branch behind it, and ends the
 * block. */
#include "emu/block/steps.h"
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

/* --- operands --------------------------------------------------------------------------------------- */

static uint8_t operand_byte(const struct operand *operand)
{
	switch (operand->kind) {
	case OPERAND_GPR:
		return gpr_offset(operand->reg, operand->high);
	case OPERAND_XMM:
	case OPERAND_YMM:
		return vector_offset(operand->reg);
	default:
		return operand->reg;
	}
}

static uint8_t slot_offset(unsigned slot)
{
	return gpr_offset(slot, false);
}

static uint8_t address_register(uint8_t reg)
{
	return slot_offset(reg == DECODE_NO_REG ? SLOT_ZERO : reg);
}

static uint8_t segment_slot(unsigned segment)
{
	return slot_offset(segment == SEG_FS ? SLOT_FS_BASE : segment == SEG_GS ? SLOT_GS_BASE : SLOT_ZERO);
}

static struct insn *new_record(struct draft *draft, const struct decoded *d)
{
	unsigned k = draft->records++;

	draft->place[k] = (struct place){ (int32_t)(d->address - draft->rip), draft->insns };
	draft->insn[k] = (struct insn){ 0 };
	return &draft->insn[k];
}

/* Puts a record that computes the address into SLOT_TMP ahead; the operand is then based on it. */
static void address_record(struct draft *draft, const struct decoded *d, uint8_t segment)
{
	struct insn *record = new_record(draft, d);

	record->a = segment;
	record->b = address_register(d->mem.base);
	record->c = d->mem.index_is_vector ? slot_offset(SLOT_ZERO) : address_register(d->mem.index);
	record->d = d->mem.index_is_vector ? 0 : d->mem.scale;
	if (fits_disp32(d->mem.disp)) {
		record->run = d->address_width == 32 ? address_record32 : address_record64;
		record->disp = (int32_t)d->mem.disp;
	} else {
		record->run = address_record_constant;
		record->imm = (uint64_t)d->mem.disp;
	}
}

/* What a memory operand puts into its record. */
struct address {
	enum address_kind kind;
	uint8_t base, index, scale;
	int32_t disp;
	uint64_t absolute;
};

/* Picks the kind of address for a form that has handlers `run`, with a record ahead where none fits. `registers` is the number of
 * other register operands: the indexed kind has room for one. */
static struct address choose_address(struct draft *draft, const struct decoded *d, handler_t *const *run,
                                     unsigned registers, bool ignore_segment)
{
	uint8_t segment = ignore_segment ? slot_offset(SLOT_ZERO) : segment_slot(d->mem.segment);
	bool segmented = segment != slot_offset(SLOT_ZERO), wide = d->address_width == 64;
	bool indexed = d->mem.index != DECODE_NO_REG && !d->mem.index_is_vector;
	bool based = d->mem.base != DECODE_NO_REG;
	struct address address = { ADDRESS_BASED, address_register(d->mem.base), 0, 0, (int32_t)d->mem.disp, 0 };

	if (wide && fits_disp32(d->mem.disp)) {
		if (!indexed && !segmented)
			return address;
		if (!indexed && !based) {
			address.base = segment;
			return address;
		}
		if (run[ADDRESS_INDEXED] && registers < 2 && !(indexed && segmented)) {
			address.kind = ADDRESS_INDEXED;
			address.index = indexed ? address_register(d->mem.index) : segment;
			address.scale = indexed ? d->mem.scale : 0;
			return address;
		}
	} else if (wide && !indexed && !based && !segmented && run[ADDRESS_ABSOLUTE]) {
		address.kind = ADDRESS_ABSOLUTE;
		address.absolute = (uint64_t)d->mem.disp;
		return address;
	}
	if (d->mem.index_is_vector && !wide)
		return address; /* the handler adds the indices before it cuts to 32 bits, and then the segment */
	address_record(draft, d, segment);
	address.base = slot_offset(SLOT_TMP);
	address.disp = 0;
	return address;
}

static void place_registers(struct insn *record, const struct decoded *d, bool memory)
{
	uint8_t *const with_memory[] = { &record->a, &record->c, &record->d };
	uint8_t *const without[] = { &record->a, &record->b, &record->c, &record->d };
	unsigned used = 0;

	for (unsigned k = 0; k < d->operands; k++) {
		uint8_t kind = d->operand[k].kind;

		if (kind == OPERAND_MEM || kind == OPERAND_IMM || used == (memory ? 3 : 4))
			continue;
		*(memory ? with_memory[used] : without[used]) = operand_byte(&d->operand[k]);
		used++;
	}
}

static unsigned count_registers(const struct decoded *d)
{
	unsigned count = 0;

	for (unsigned k = 0; k < d->operands; k++)
		count += d->operand[k].kind != OPERAND_MEM && d->operand[k].kind != OPERAND_IMM;
	return count;
}

/* VSIB: the index register's byte, and in the immediate the mask register's, above it the index register's size, and the segment's
 * slot. */
static void place_vector_index(struct insn *record, const struct decoded *d)
{
	record->c = vector_offset(d->mem.index);
	record->d = d->mem.scale;
	record->imm = d->operands > 2 ? operand_byte(&d->operand[2]) : 0;
	record->imm |= (uint64_t)d->mem.index_is_vector << 8 | (uint64_t)segment_slot(d->mem.segment) << 16;
}

/* Appends the record of `d`, run by the fitting one of `run`. */
static struct insn *operand_record(struct draft *draft, const struct decoded *d, handler_t *const *run, bool ignore_segment)
{
	bool memory = has_memory(d);
	struct address address = { 0 };
	struct insn *record;

	if (memory)
		address = choose_address(draft, d, run, count_registers(d), ignore_segment);
	record = new_record(draft, d);
	record->run = run[address.kind];
	record->imm = d->imm;
	place_registers(record, d, memory);
	if (!memory)
		return record;
	record->b = address.base;
	record->disp = address.disp;
	if (address.kind == ADDRESS_INDEXED) {
		record->c = address.index;
		record->d = address.scale;
	} else if (address.kind == ADDRESS_ABSOLUTE) {
		record->disp = (int32_t)d->imm;
		record->imm = address.absolute;
	}
	if (d->mem.index_is_vector)
		place_vector_index(record, d);
	return record;
}

static bool is_string(uint16_t op)
{
	return op >= OP_MOVS && op <= OP_OUTS;
}

/* Strings and XLAT have no operands of their own, but a segment, an address width and a prefix. */
static void place_hidden_operands(struct insn *record, const struct decoded *d)
{
	record->a = segment_slot(d->mem.segment);
	record->b = d->address_width == 32;
	record->d = d->repne ? 2 : d->rep;
}

/* MASKMOVDQU and MASKMOVQ store to [RDI]. */
static void place_hidden_address(struct insn *record, const struct decoded *d)
{
	record->c = segment_slot(d->mem.segment);
	record->d = d->address_width == 32;
}

/* --- branches --------------------------------------------------------------------------------------- */

static bool is_jcc(uint16_t op)
{
	return op >= OP_JO && op <= OP_JNLE;
}

/* The record behind one by which the block is left. A negated condition runs the handler of the plain one, its links swapped. */
static void add_exit(struct blocks *blocks, struct draft *draft, const struct decoded *d)
{
	bool swapped = is_jcc(d->op) && (OP_CC(d->op) & 1);
	unsigned first = draft->exits ? draft->exit[draft->exits - 1].links + 1 : 0;
	uint64_t next = d->address + d->length;

	pair_records(blocks->pairs, &draft->insn[first], draft->records - first);
	draft->exit[draft->exits++] = (struct draft_exit){
		.links = draft->records,
		.insns = draft->insns,
		.taken = swapped ? next : d->imm,
		.fall = swapped ? d->imm : d->op == OP_JMP ? 0 : next,
		.next = next,
	};
	new_record(draft, d);
}

static const struct fused_form *find_fused(const struct step *compare, const struct step *branch)
{
	if (!compare->form || !is_jcc(branch->d.op) || (compare->d.op != OP_CMP && compare->d.op != OP_TEST))
		return NULL;
	return fused_find(&compare->d, OP_CC(branch->d.op));
}

/* --- the whole --------------------------------------------------------------------------------------- */

static void emit_end(struct draft *draft, const struct step *step)
{
	struct insn *record = new_record(draft, &step->d);

	record->run = step->left ? world_record : undefined_record;
}

static void emit(struct draft *draft, const struct step *step)
{
	const struct form *form = step->form;
	struct insn *record;

	if ((form->attributes & FORM_OMIT) || (step->followed && step->d.op == OP_JMP))
		return;
	record = operand_record(draft, &step->d, step->dead ? form->run_dead : form->run, form->attributes & FORM_HIDDEN_MEM);
	if (form->attributes & FORM_COUNTS)
		record->imm = draft->insns;
	if (is_string(step->d.op) || step->d.op == OP_XLAT)
		place_hidden_operands(record, &step->d);
	if (step->d.op == OP_MASKMOVDQU || step->d.op == OP_VMASKMOVDQU || step->d.op == OP_MASKMOVQ)
		place_hidden_address(record, &step->d);
	if (step->d.op == OP_ENTER)
		record->c = (uint8_t)step->d.imm2;
	if (step->d.op == OP_CALL && step->d.operand[0].kind == OPERAND_IMM)
		record->imm = step->d.address + step->d.length;
	if (step->followed)
		record->run = call_through;
}

static void emit_steps(struct blocks *blocks, struct draft *draft, const struct step *steps, unsigned count)
{
	const struct fused_form *fused = count > 1 ? find_fused(&steps[count - 2], &steps[count - 1]) : NULL;

	for (unsigned k = 0; k < count; k++) {
		if (!steps[k].form)
			emit_end(draft, &steps[k]);
		else if (fused && k == count - 2)
			operand_record(draft, &steps[k].d, fused->run, false);
		else if (!(fused && k == count - 1))
			emit(draft, &steps[k]);
		draft->insns += steps[k].form != NULL;
		if (steps[k].followed && steps[k].d.op == OP_CALL)
			add_exit(blocks, draft, &steps[k].d);
	}
}

/* Where a block ends without a branch. */
static void emit_fall(struct blocks *blocks, struct draft *draft, const struct step *last)
{
	struct decoded end = { .address = last->d.address + last->d.length };

	new_record(draft, &end)->run = fall_record;
	add_exit(blocks, draft, &end);
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
	emit_steps(blocks, draft, steps, count);
	last = &steps[count - 1];
	if (!last->form)
		return true;
	if (last->form->attributes & FORM_ENDS)
		add_exit(blocks, draft, &last->d);
	else
		emit_fall(blocks, draft, last);
	return true;
}
