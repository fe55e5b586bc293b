/* Makes a stencil of a handler's code. The code is decoded into instructions. Those that read fields of the record, or a guest register
 * that such a field names, get constants instead. Those whose results are then unused are dropped. Each change is right by itself, and
 * code that is not recognized stays unchanged.
 * The stencil ends at the handler's first indirect jump, though it may include a second way out of the block. Branches to other code
 * lead into the handler itself. */
#include "emu/block/stencil.h"

#include <string.h>

#include "emu/block/piece.h"

/* the registers that must survive a handler: cpu, the record, and those that the System V ABI preserves */
enum { LIVE_AT_END = 1 << 3 | 1 << REG_RSP | 1 << 5 | 1 << REG_RSI | 1 << REG_RDI | 0xf000 };

/* --- decoding ---------------------------------------------------------------------------------------- */

/* Appends the instructions from an address to the next indirect jump to `count` pieces. Returns the new number, or `count` if one of
 * them cannot be copied. */
static unsigned take_run(const uint8_t *code, struct piece *pieces, unsigned count)
{
	for (unsigned k = count; k < PIECES_MAX; k++) {
		struct piece *piece = &pieces[k];
		struct machine_insn *in = &piece->in;

		memset(piece, 0, sizeof *piece);
		if (!machine_decode(code, in) || in->relative || in->flow == FLOW_OTHER || in->flow == FLOW_TRAP)
			return count;
		if (in->flow == FLOW_BRANCH && (in->condition == MACHINE_ALWAYS || in->target < code))
			return count;
		piece->code = code;
		piece->pure = in->kind == KIND_COPY || in->kind == KIND_ADDRESS;
		code += in->length;
		if (in->flow == FLOW_INDIRECT)
			return k + 1;
	}
	return count;
}

/* Returns the number of the piece that comes from an address; `count`: none does. */
static unsigned piece_at(const struct piece *pieces, unsigned count, const uint8_t *code)
{
	unsigned k = 0;

	while (k < count && pieces[k].code != code)
		k++;
	return k;
}

/* Returns how many records a handler runs whose only way out is GO_ON of dispatch.h; 0: it has other ways out. */
static unsigned records_covered(const struct piece *pieces, unsigned count)
{
	static const uint8_t add[] = { 0x48, 0x83, 0xc6 }, jump[] = { 0xff, 0x26 }; /* add $n, %rsi; jmp *(%rsi) */

	for (unsigned k = 0; k + 1 < count; k++)
		if (pieces[k].in.flow == FLOW_INDIRECT)
			return 0;
	if (count < 2 || memcmp(pieces[count - 2].code, add, sizeof add) || memcmp(pieces[count - 1].code, jump, sizeof jump))
		return 0;
	return pieces[count - 2].code[sizeof add] / sizeof(struct insn);
}

/* If a handler leaves its block in two places, appends the second one. Returns the new number of pieces. */
static unsigned take_second_way(struct piece *pieces, unsigned first)
{
	unsigned count = first;

	if (records_covered(pieces, first))
		return first;
	for (unsigned k = 0; k < first && count == first; k++)
		if (pieces[k].in.flow == FLOW_BRANCH && piece_at(pieces, first, pieces[k].in.target) == first)
			count = take_run(pieces[k].in.target, pieces, first);
	return count;
}

/* --- dropping unused instructions -------------------------------------------------------------------- */

/* Returns what the code at a branch's target reads before it writes it. */
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

/* Drops instructions whose results are unused. Returns false if flags are needed from an ADD that has become a LEA. */
static bool leave_out(struct piece *pieces, unsigned count)
{
	machine_set_t live = LIVE_AT_END, before[PIECES_MAX];

	for (unsigned k = count; k-- > 0;) {
		struct piece *piece = &pieces[k];
		const struct machine_insn *in = &piece->in;

		if (in->kind == KIND_ADD && piece->hole.size && (live & MACHINE_FLAGS))
			return false;
		if (in->flow == FLOW_INDIRECT)
			live = LIVE_AT_END;
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

/* --- putting the stencil together -------------------------------------------------------------------- */

/* Gives each piece its offset. Returns false if there is not enough room. */
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

/* Returns false if there is no room for its hole or reference. */
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

/* The last two pieces move to the next record. They need the record's address only in a stencil that keeps them. */
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

/* Returns false if it is impossible. */
static bool make(struct stencil *stencil, handler_t *run, bool narrow, bool both_ways)
{
	struct piece pieces[PIECES_MAX];
	unsigned count = take_run((const uint8_t *)(uintptr_t)run, pieces, 0);

	*stencil = (struct stencil){ .run = run, .narrow = narrow };
	if (count == 0)
		return false;
	if (both_ways)
		count = take_second_way(pieces, count);
	put_constants(pieces, count, records_covered(pieces, count), narrow);
	return leave_out(pieces, count) && put_together(stencil, pieces, count);
}

void stencil_make(struct stencil *stencil, handler_t *run, bool narrow)
{
	if (!make(stencil, run, narrow, true) && !make(stencil, run, narrow, false))
		*stencil = (struct stencil){ .run = run, .narrow = narrow };
}
