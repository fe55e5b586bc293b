/* Finds constants in a handler's code. A stencil is made for one record, so loads from the record become constants. This walks over the
 * handler's instructions and keeps, for each register, a symbolic value:
 *     UNKNOWN, or base + (field << shift) + number
 * where base is 0, cpu or the record's address, and field is an operand byte of the record or absent. Where two ways join, only values
 * that are equal on both remain (meet); branches go forwards only, so one pass is enough. An instruction that is not recognized makes
 * its result UNKNOWN, which is always safe: its code stays as it is. */
#include <stddef.h>
#include <string.h>

#include "emu/block/piece.h"

/* A symbolic value. field is the operand byte's offset in the record; 0: there is none. */
enum base { UNKNOWN, ZERO, THE_CPU, THE_RECORD };
struct value {
	uint8_t base; /* enum base */
	uint8_t field, shift;
	uint8_t unused;
	int32_t number;
};

struct knowledge {
	struct value of[16];
};

static bool is_plain(struct value value, enum base base)
{
	return value.base == base && !value.field && !value.number;
}

static struct value sum(struct value a, struct value b)
{
	if (a.base == UNKNOWN || b.base == UNKNOWN || (a.base != ZERO && b.base != ZERO) || (a.field && b.field))
		return (struct value){ .base = UNKNOWN };
	return (struct value){ a.base == ZERO ? b.base : a.base, a.field | b.field, a.shift | b.shift, 0, a.number + b.number };
}

static struct value scaled(struct value value, unsigned scale)
{
	unsigned shift = (unsigned)__builtin_ctz(scale);

	if (value.base != ZERO)
		return (struct value){ .base = UNKNOWN };
	return (struct value){ ZERO, value.field, value.field ? (uint8_t)(value.shift + shift) : 0, 0, value.number << shift };
}

/* Returns the address of an instruction's memory operand. */
static struct value address_of(const struct knowledge *knowledge, const struct machine_insn *in)
{
	struct value address = { ZERO, .number = in->disp };

	if (in->base == MACHINE_NO_REG)
		return (struct value){ .base = UNKNOWN };
	address = sum(address, knowledge->of[in->base]);
	return in->index == MACHINE_NO_REG ? address : sum(address, scaled(knowledge->of[in->index], in->scale));
}

/* Returns true if a field of the record never changes. In the record itself these are the operands and the immediate. In the following
 * records that the handler runs, only the operand bytes count: a call is followed by its links instead of a record. In links, only the
 * count of instructions never changes. */
static bool is_constant(unsigned records, int32_t field, unsigned size)
{
	const int32_t record = sizeof(struct insn), operands = offsetof(struct insn, a), links = record;
	const int32_t links_insns = links + (int32_t)offsetof(struct links, fall) + (int32_t)sizeof(uint64_t);

	if (field >= operands && field + (int32_t)size <= record)
		return true;
	if (size != 1)
		return false;
	if (field < (int32_t)records * record)
		return field > record && field % record >= operands && field % record < operands + 4;
	return !records && field == links_insns;
}

/* Turns a load from a field of the record into a constant. */
static struct value load_constant(struct piece *piece, unsigned field, bool narrow)
{
	struct machine_insn *in = &piece->in;
	bool huge = in->size == 8 && !narrow;

	piece->hole = (struct hole){ .size = huge ? 8 : 4, .field = (uint8_t)field, .field_size = in->size };
	piece->hole.at = (uint8_t)machine_set_constant(in, huge, in->size == 8 || in->kind == KIND_LOAD_SIGN);
	piece->pure = true;
	return in->size == 1 ? (struct value){ ZERO, .field = (uint8_t)field } : (struct value){ .base = UNKNOWN };
}

/* Makes an operand in memory, which is a register of the guest, an access relative to cpu. */
static void name_register(struct piece *piece, struct value address, unsigned cpu, bool narrow)
{
	bool small = narrow && !address.shift && !address.number;

	piece->hole = (struct hole){
		.size = small ? 1 : 4, .field = address.field, .field_size = 1, .shift = address.shift, .addend = address.number,
	};
	piece->hole.at = (uint8_t)machine_set_base(&piece->in, cpu, small);
}

/* Makes the sum of cpu and a number an address calculation. */
static void make_address(struct piece *piece, struct value address, unsigned cpu, bool narrow)
{
	bool small = narrow && !address.shift && !address.number;

	piece->hole = (struct hole){
		.size = small ? 1 : 4, .field = address.field, .field_size = 1, .shift = address.shift, .addend = address.number,
	};
	piece->hole.at = (uint8_t)machine_set_address(&piece->in, cpu, small);
	piece->pure = true;
}

/* Puts constants into a piece. Returns the value of the register that the piece writes. */
static struct value put_constant(struct piece *piece, const struct knowledge *knowledge, unsigned records, bool narrow)
{
	struct machine_insn *in = &piece->in;
	struct value address = address_of(knowledge, in), total;
	bool reads_record = address.base == THE_RECORD && !address.field && is_constant(records, address.number, in->size);
	bool has_cpu = is_plain(knowledge->of[REG_RDI], THE_CPU);
	enum machine_kind kind = in->kind;

	if ((kind == KIND_LOAD || kind == KIND_LOAD_SIGN) && reads_record)
		return load_constant(piece, (unsigned)address.number, narrow);
	if (kind == KIND_OPERATION && reads_record && narrow && in->size >= 4) {
		piece->hole = (struct hole){ .size = 4, .field = (uint8_t)address.number, .field_size = 4 };
		piece->hole.at = (uint8_t)machine_set_immediate(in);
		return (struct value){ .base = UNKNOWN };
	}
	if (kind == KIND_COPY)
		return knowledge->of[in->from];
	if (kind == KIND_ADD) {
		total = sum(knowledge->of[in->to], knowledge->of[in->from]);
		if (total.base == THE_CPU && total.field && has_cpu)
			make_address(piece, total, REG_RDI, narrow);
		return piece->hole.size ? total : (struct value){ .base = UNKNOWN };
	}
	if (address.base == THE_CPU && address.field && has_cpu)
		name_register(piece, address, REG_RDI, narrow);
	else if (address.base == THE_CPU && address.field && is_plain(knowledge->of[in->base], THE_CPU) && (in->base & 7) != REG_RSP)
		name_register(piece, address, in->base, narrow);
	return kind == KIND_ADDRESS ? address : (struct value){ .base = UNKNOWN };
}

/* Keeps the values that are known, and equal, on both of two ways. */
static void meet(struct knowledge *knowledge, const struct knowledge *other)
{
	for (unsigned reg = 0; reg < 16; reg++)
		if (memcmp(&knowledge->of[reg], &other->of[reg], sizeof(struct value)))
			knowledge->of[reg] = (struct value){ .base = UNKNOWN };
}

/* Returns the values before piece k: those after the piece before it, if that leads here, joined with those after branches to it. */
static struct knowledge known_at(const struct piece *pieces, unsigned k, const struct knowledge *after)
{
	bool any = k > 0 && pieces[k - 1].in.flow != FLOW_INDIRECT;
	struct knowledge knowledge = { 0 };

	if (k == 0) {
		knowledge.of[REG_RDI].base = THE_CPU;
		knowledge.of[REG_RSI].base = THE_RECORD;
		return knowledge;
	}
	if (any)
		knowledge = after[k - 1];
	for (unsigned j = 0; j < k; j++) {
		if (pieces[j].in.flow != FLOW_BRANCH || pieces[j].in.target != pieces[k].code)
			continue;
		if (any)
			meet(&knowledge, &after[j]);
		else
			knowledge = after[j];
		any = true;
	}
	return knowledge;
}

void put_constants(struct piece *pieces, unsigned count, unsigned records, bool narrow)
{
	struct knowledge after[PIECES_MAX];

	for (unsigned k = 0; k < count; k++) {
		struct knowledge knowledge = known_at(pieces, k, after);
		struct value value = put_constant(&pieces[k], &knowledge, records, narrow);

		for (unsigned reg = 0; reg < 16; reg++)
			if (pieces[k].in.changes & 1u << reg)
				knowledge.of[reg] = (struct value){ .base = UNKNOWN };
		if (pieces[k].in.kind != KIND_OTHER && pieces[k].in.writes & 1u << pieces[k].in.to)
			knowledge.of[pieces[k].in.to] = value;
		after[k] = knowledge;
	}
}
