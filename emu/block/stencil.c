/* How a handler's code becomes a stencil. It is taken apart into instructions; those that read fields of the record, or a register of the
 * guest that such a field names, get a constant instead; those that nobody needs any more are left out. Each change is right by itself,
 * and where nothing is recognized nothing changes. What is behind the handler's first indirect jump stays where it is, and branches lead
 * there. */
#include "emu/block/stencil.h"

#include <stddef.h>
#include <string.h>

#include "decode/machine.h"

/* ORDER REG: cpu and the record, as every handler has them (System V ABI), and what must outlive it. */
enum { REG_RSP = 4, REG_RSI = 6, REG_RDI = 7, LIVE_AT_END = 1 << 3 | 1 << REG_RSP | 1 << 5 | 1 << REG_RSI | 1 << REG_RDI | 0xf000 };

enum { PIECES_MAX = 64 };

/* An instruction of a handler on its way into a stencil. */
struct piece {
	const uint8_t *code;    /* where it comes from */
	struct machine_insn in; /* as it is now */
	uint8_t at;             /* in the stencil */
	struct hole hole;       /* of size 0: none */
	bool pure;              /* changes nothing but the register that it writes */
	bool gone;
};

/* --- taking apart ----------------------------------------------------------------------------------- */

/* Returns the number of instructions up to the first indirect jump; 0: some of them cannot be copied. */
static unsigned take_apart(const uint8_t *code, struct piece *pieces)
{
	for (unsigned count = 0; count < PIECES_MAX; count++) {
		struct piece *piece = &pieces[count];
		struct machine_insn *in = &piece->in;

		memset(piece, 0, sizeof *piece);
		if (!machine_decode(code, in) || in->relative || in->flow == FLOW_OTHER || in->flow == FLOW_TRAP)
			return 0;
		if (in->flow == FLOW_BRANCH && (in->condition == MACHINE_ALWAYS || in->target < code))
			return 0;
		piece->code = code;
		piece->pure = in->kind == KIND_COPY || in->kind == KIND_ADDRESS;
		code += in->length;
		if (in->flow == FLOW_INDIRECT)
			return count + 1;
	}
	return 0;
}

/* Which piece stands at an address; `count`: none. */
static unsigned piece_at(const struct piece *pieces, unsigned count, const uint8_t *code)
{
	unsigned k = 0;

	while (k < count && pieces[k].code != code)
		k++;
	return k;
}

static bool is_joined(const struct piece *pieces, unsigned k)
{
	for (unsigned j = 0; j < k; j++)
		if (pieces[j].in.flow == FLOW_BRANCH && pieces[j].in.target == pieces[k].code)
			return true;
	return false;
}

/* By how many records a handler goes on: its last instructions are dispatch.h's GO_ON. */
static unsigned records_covered(const struct piece *pieces, unsigned count)
{
	static const uint8_t add[] = { 0x48, 0x83, 0xc6 }, jump[] = { 0xff, 0x26 }; /* add $n, %rsi; jmp *(%rsi) */

	if (count < 2 || memcmp(pieces[count - 2].code, add, sizeof add) || memcmp(pieces[count - 1].code, jump, sizeof jump))
		return 0;
	return pieces[count - 2].code[sizeof add] / sizeof(struct insn);
}

/* --- constants -------------------------------------------------------------------------------------- */

/* What a register is known to hold. */
enum known { UNKNOWN, THE_CPU, THE_RECORD, OPERAND, POINTER };
struct knowledge {
	enum known of[16];
	uint8_t field[16];     /* OPERAND: the value of this byte of the record; POINTER: the address of the register it names */
	machine_set_t changed; /* so far */
	bool narrow;
	unsigned records;
};

/* Whether a field of the record stays as it is. Of those that run with it, these are the operand bytes: behind a call stand its links.
 * Of links, it is the count of instructions. */
static bool is_constant(const struct knowledge *knowledge, int32_t field, unsigned size)
{
	const int32_t record = sizeof(struct insn), operands = offsetof(struct insn, a);

	if (field >= operands && field + (int32_t)size <= record)
		return true;
	if (size != 1)
		return false;
	if (field < (int32_t)knowledge->records * record)
		return field > record && field % record >= operands && field % record < operands + 4;
	return !knowledge->records && field == 2 * record - 8;
}

static bool reads_record(const struct knowledge *knowledge, const struct machine_insn *in)
{
	return in->base != MACHINE_NO_REG && in->index == MACHINE_NO_REG && knowledge->of[in->base] == THE_RECORD
	       && is_constant(knowledge, in->disp, in->size);
}

/* Loads of the record's fields. */
static void load_constant(struct piece *piece, const struct knowledge *knowledge)
{
	struct machine_insn *in = &piece->in;
	bool huge = in->size == 8 && !knowledge->narrow;

	piece->hole = (struct hole){ .size = huge ? 8 : 4, .field = (uint8_t)in->disp, .field_size = in->size };
	piece->hole.at = (uint8_t)machine_set_constant(in, huge, in->size == 8 || in->kind == KIND_LOAD_SIGN);
	piece->pure = true;
}

/* Operands in memory that are registers of the guest. */
static void name_register(struct piece *piece, const struct knowledge *knowledge)
{
	struct machine_insn *in = &piece->in;
	bool pointer = in->index == MACHINE_NO_REG;
	unsigned named = pointer ? in->base : in->index, base = pointer ? REG_RDI : in->base;
	bool small = knowledge->narrow && in->disp == 0 && (pointer || in->scale == 1);

	if ((base & 7) == REG_RSP)
		return;
	piece->hole = (struct hole){ .size = small ? 1 : 4, .field = knowledge->field[named], .field_size = 1,
	                             .shift = pointer ? 0 : (uint8_t)__builtin_ctz(in->scale), .addend = in->disp };
	piece->hole.at = (uint8_t)machine_set_base(in, base, small);
}

static bool names_register(const struct knowledge *knowledge, const struct machine_insn *in)
{
	if (in->base == MACHINE_NO_REG)
		return false;
	if (in->index == MACHINE_NO_REG)
		return knowledge->of[in->base] == POINTER && knowledge->of[REG_RDI] == THE_CPU;
	return knowledge->of[in->base] == THE_CPU && knowledge->of[in->index] == OPERAND;
}

/* The sum of cpu and an operand byte. */
static void make_pointer(struct piece *piece, const struct knowledge *knowledge)
{
	piece->hole = (struct hole){ .size = knowledge->narrow ? 1 : 4, .field = knowledge->field[piece->in.to], .field_size = 1 };
	piece->hole.at = (uint8_t)machine_set_address(&piece->in, piece->in.from, knowledge->narrow);
	piece->pure = true;
}

/* What is known behind a piece that was `kind` and has been changed if it could be. */
static void learn(struct knowledge *knowledge, const struct piece *piece, enum machine_kind kind, bool was_pointer)
{
	const struct machine_insn *in = &piece->in;
	struct knowledge before = *knowledge;

	knowledge->changed |= in->changes;
	for (unsigned reg = 0; reg < 16; reg++)
		if (in->changes & 1u << reg)
			knowledge->of[reg] = UNKNOWN;
	if (kind == KIND_COPY) {
		knowledge->of[in->to] = before.of[in->from];
		knowledge->field[in->to] = before.field[in->from];
	} else if (kind == KIND_LOAD && piece->hole.size && piece->hole.field_size == 1 && piece->hole.field % sizeof(struct insn) < 12
	           && !piece->hole.shift && in->addresses == 0) {
		knowledge->of[in->to] = OPERAND;
		knowledge->field[in->to] = piece->hole.field;
	} else if (was_pointer) {
		knowledge->of[in->to] = POINTER;
		knowledge->field[in->to] = piece->hole.field;
	}
}

static void put_constants(struct piece *pieces, unsigned count, bool narrow)
{
	struct knowledge knowledge = { .narrow = narrow, .records = records_covered(pieces, count) };

	knowledge.of[REG_RDI] = THE_CPU;
	knowledge.of[REG_RSI] = THE_RECORD;
	for (unsigned k = 0; k < count; k++) {
		struct piece *piece = &pieces[k];
		struct machine_insn *in = &piece->in;
		enum machine_kind kind = in->kind;
		bool pointer = false;

		for (unsigned reg = 0; is_joined(pieces, k) && reg < 16; reg++)
			if (knowledge.changed & 1u << reg)
				knowledge.of[reg] = UNKNOWN;
		if ((kind == KIND_LOAD || kind == KIND_LOAD_SIGN) && reads_record(&knowledge, in)) {
			load_constant(piece, &knowledge);
		} else if (kind == KIND_OPERATION && narrow && in->size >= 4 && reads_record(&knowledge, in)) {
			piece->hole = (struct hole){ .size = 4, .field = (uint8_t)in->disp, .field_size = 4 };
			piece->hole.at = (uint8_t)machine_set_immediate(in);
		} else if (kind == KIND_ADD && knowledge.of[in->from] == THE_CPU && knowledge.of[in->to] == OPERAND
		           && (in->from & 7) != REG_RSP) {
			pointer = true;
			make_pointer(piece, &knowledge);
		} else if (names_register(&knowledge, in)) {
			pointer = kind == KIND_ADDRESS && in->disp == 0 && in->scale <= 1;
			name_register(piece, &knowledge);
		}
		learn(&knowledge, piece, kind, pointer);
	}
}

/* --- what nobody needs ------------------------------------------------------------------------------- */

/* What is read by code that a branch leads to before it is written. */
static machine_set_t read_at(const uint8_t *code)
{
	machine_set_t read = 0, written = 0;

	for (unsigned k = 0; k < PIECES_MAX; k++) {
		struct machine_insn in;

		if (!machine_decode(code, &in) || in.flow == FLOW_BRANCH || in.flow == FLOW_OTHER)
			return MACHINE_ALL;
		read |= (in.reads | in.addresses) & ~written;
		written |= in.writes;
		code += in.length;
		if (in.flow != FLOW_ON)
			return in.flow == FLOW_TRAP ? read : read | (LIVE_AT_END & ~written);
	}
	return MACHINE_ALL;
}

/* Leaves out instructions whose result nobody reads. False: the flags that an ADD made are needed, which is none any more. */
static bool leave_out(struct piece *pieces, unsigned count)
{
	machine_set_t live = LIVE_AT_END, before[PIECES_MAX];

	for (unsigned k = count; k-- > 0;) {
		struct piece *piece = &pieces[k];
		const struct machine_insn *in = &piece->in;

		if (in->kind == KIND_ADD && piece->hole.size && (live & MACHINE_FLAGS))
			return false;
		if (in->flow == FLOW_BRANCH) {
			unsigned inside = piece_at(pieces, count, in->target);

			live |= inside < count ? before[inside] : read_at(in->target);
		}
		piece->gone = piece->pure && !(in->writes & live);
		if (!piece->gone)
			live = (live & ~in->writes) | in->reads | in->addresses;
		before[k] = live;
	}
	return true;
}

/* --- putting together --------------------------------------------------------------------------------- */

static void put32(uint8_t *to, int32_t value)
{
	memcpy(to, &value, sizeof value);
}

/* Gives each piece its place. False: there is no room for all. */
static bool place_pieces(struct stencil *stencil, struct piece *pieces, unsigned count)
{
	unsigned at = 0;

	for (unsigned k = 0; k < count; k++) {
		struct piece *piece = &pieces[k];

		if (piece->in.flow == FLOW_BRANCH)
			machine_set_branch(&piece->in);
		piece->at = (uint8_t)at;
		at += piece->gone ? 0 : piece->in.length;
		if (at > STENCIL_BYTES)
			return false;
	}
	stencil->size = (uint8_t)at;
	return true;
}

/* False: there is no room for what is to be filled in. */
static bool add_piece(struct stencil *stencil, const struct piece *pieces, unsigned count, const struct piece *piece)
{
	unsigned inside = count, end = piece->at + piece->in.length;

	memcpy(stencil->code + piece->at, piece->in.bytes, piece->in.length);
	if (piece->hole.size) {
		if (stencil->holes == STENCIL_HOLES)
			return false;
		stencil->hole[stencil->holes] = piece->hole;
		stencil->hole[stencil->holes++].at += piece->at;
	}
	if (piece->in.flow != FLOW_BRANCH)
		return true;
	inside = piece_at(pieces, count, piece->in.target);
	if (inside < count) {
		put32(stencil->code + end - 4, pieces[inside].at - (int32_t)end);
		return true;
	}
	if (stencil->references == STENCIL_REFERENCES)
		return false;
	stencil->uses_record = true;
	stencil->reference[stencil->references++] = (struct reference){ (uint8_t)(end - 4), piece->in.target };
	return true;
}

/* The last two pieces go on to the next record, and need its address only if they are there. */
static bool put_together(struct stencil *stencil, struct piece *pieces, unsigned count)
{
	stencil->records = (uint8_t)records_covered(pieces, count);
	stencil->uses_record = !stencil->records;
	stencil->step = stencil->records ? pieces[count - 2].in.length + pieces[count - 1].in.length : 0;
	if (!place_pieces(stencil, pieces, count))
		return false;
	for (unsigned k = 0; k < count; k++) {
		const struct piece *piece = &pieces[k];

		if (piece->gone)
			continue;
		if (!add_piece(stencil, pieces, count, piece))
			return false;
		if (k + 2 < count && (piece->in.reads | piece->in.addresses) & 1 << REG_RSI)
			stencil->uses_record = true;
	}
	return true;
}

void stencil_make(struct stencil *stencil, handler_t *run, bool narrow)
{
	struct piece pieces[PIECES_MAX];
	unsigned count = take_apart((const uint8_t *)(uintptr_t)run, pieces);

	*stencil = (struct stencil){ .run = run, .narrow = narrow };
	if (count)
		put_constants(pieces, count, narrow);
	if (!count || !leave_out(pieces, count) || !put_together(stencil, pieces, count))
		*stencil = (struct stencil){ .run = run, .narrow = narrow };
}
