/* Puts an instruction's operands into its record: registers, the immediate, and the memory operand by its kind of address. */
#include "emu/block/operands.h"

#include "emu/op/address.h"
#include "emu/op/lists.h"

uint8_t operand_byte(const struct operand *operand)
{
	switch (operand->kind) {
	case OPERAND_GPR: return gpr_offset(operand->reg, operand->high);
	case OPERAND_XMM:
	case OPERAND_YMM: return vector_offset(operand->reg);
	default: return operand->reg;
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

/* Appends a record that computes the address into SLOT_TMP. The operand is then based on SLOT_TMP. */
static void address_record(struct draft *draft, const struct decoded *d, uint8_t segment)
{
	struct insn *record = new_record(draft, d->address);

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

/* The parts of a memory operand in its record. */
struct address {
	enum address_kind kind;
	uint8_t base, index, scale;
	int32_t disp;
	uint64_t absolute;
};

/* Chooses the kind of address for a form with the handlers `run`. If none fits, adds a record before it that computes the address.
 * `registers` is the number of other register operands: the indexed kind has room for one. */
static struct address choose_address(struct draft *draft, const struct decoded *d, handler_t *const *run, unsigned registers,
	bool ignore_segment)
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
		return address; /* the handler adds the indices, then cuts to 32 bits, then adds the segment */
	address_record(draft, d, segment);
	address.base = slot_offset(SLOT_TMP);
	address.disp = 0;
	return address;
}

bool has_memory(const struct decoded *d)
{
	for (unsigned k = 0; k < d->operands; k++)
		if (d->operand[k].kind == OPERAND_MEM)
			return true;
	return false;
}

int register_place(bool memory, unsigned k)
{
	static const int8_t with_memory[] = { 0, 2, 3, -1, -1 };

	return memory ? with_memory[k] : k < 4 ? (int)k : -1;
}

static void place_registers(struct insn *record, const struct decoded *d, bool memory)
{
	uint8_t *const byte[] = { &record->a, &record->b, &record->c, &record->d };
	unsigned used = 0;

	for (unsigned k = 0; k < d->operands; k++) {
		int place = register_place(memory, used);

		if (d->operand[k].kind == OPERAND_MEM || d->operand[k].kind == OPERAND_IMM || place < 0)
			continue;
		*byte[place] = operand_byte(&d->operand[k]);
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

/* VSIB. The record gets the index register; its immediate holds the mask register, above that the index register's size, and above that
 * the slot of the segment. */
static void place_vector_index(struct insn *record, const struct decoded *d)
{
	record->c = vector_offset(d->mem.index);
	record->d = d->mem.scale;
	record->imm = d->operands > 2 ? operand_byte(&d->operand[2]) : 0;
	record->imm |= (uint64_t)d->mem.index_is_vector << 8 | (uint64_t)segment_slot(d->mem.segment) << 16;
}

static void place_hidden(struct insn *record, const struct decoded *d, enum form_hidden hidden)
{
	switch (hidden) {
	case HIDDEN_NONE: break;
	case HIDDEN_STRING:
		record->a = segment_slot(d->mem.segment);
		record->b = d->address_width == 32;
		record->d = d->repne ? 2 : d->rep;
		break;
	case HIDDEN_RDI:
		record->c = segment_slot(d->mem.segment);
		record->d = d->address_width == 32;
		break;
	case HIDDEN_LEVEL: record->c = (uint8_t)d->imm2; break;
	}
}

struct insn *operand_record(struct draft *draft, const struct decoded *d, const struct form *form, handler_t *const *run)
{
	bool memory = has_memory(d);
	struct address address = { 0 };
	struct insn *record;

	if (memory)
		address = choose_address(draft, d, run, count_registers(d), form->attributes & FORM_ADDRESS_ONLY);
	record = new_record(draft, d->address);
	record->run = run[address.kind];
	record->imm = d->imm;
	place_registers(record, d, memory);
	place_hidden(record, d, form->hidden);
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
