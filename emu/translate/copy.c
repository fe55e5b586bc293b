/* Copied instructions: the guest's own bytes. Operands relative to RIP or to a segment get a base register that is put aside for them. */
#include "emu/op/lists.h"
#include "emu/translate/write.h"

void write_site(struct writer *w, unsigned aside)
{
	const struct unit *unit = &w->path->unit[w->unit];

	w->site[w->sites++] = (struct site){
		.at = (uint32_t)(w->e.at - w->trace->code),
		.rip = (int32_t)(unit->step.address - w->path->rip),
		.charged = (int16_t)writer_charged(w, w->unit),
		.aside = (uint8_t)aside,
		.stale = unit->stale,
	};
}

/* --- another base register ------------------------------------------------------------------------------ */

enum { MOD = 0xc0, MOD_DISP32 = 0x80, RM = 7, RM_SIB = 4, RM_DISP32 = 5 };

static bool has_sib(const struct encoding *in)
{
	return (in->bytes[in->modrm] & RM) == RM_SIB;
}

/* A displacement of 32 bits with nothing to be added to. */
static bool is_absolute(const struct encoding *in)
{
	uint8_t modrm = in->bytes[in->modrm];

	return (modrm & MOD) == 0 && ((modrm & RM) == RM_DISP32 || (has_sib(in) && (in->bytes[in->modrm + 1] & RM) == RM_DISP32));
}

static void copy_prefixes(struct writer *w, const struct unit *unit)
{
	for (unsigned k = 0; k < unit->prefixes; k++)
		if (unit->in.bytes[k] != 0x64 && unit->in.bytes[k] != 0x65)
			emit8(&w->e, unit->in.bytes[k]);
}

/* From REX, VEX or the opcode up to ModRM, for a base register below R8. */
static void copy_opcode(struct writer *w, const struct unit *unit)
{
	const struct encoding *in = &unit->in;
	unsigned first = unit->prefixes;
	uint8_t *to = w->e.at;

	emit_bytes(&w->e, in->bytes + first, in->modrm - first);
	if (in->rex != DECODE_NO_REG)
		to[in->rex - first] &= (uint8_t)~REX_B;
	if (in->vex != DECODE_NO_REG) /* inverted B */
		to[in->vex + 1 - first] |= 0x20;
}

void write_with_base(struct writer *w, const struct unit *unit, unsigned base)
{
	const struct encoding *in = &unit->in;
	uint8_t modrm = in->bytes[in->modrm], mod = modrm & MOD;
	bool indexed = has_sib(in) && in->index != DECODE_NO_REG;
	unsigned disp = in->modrm + 1u + has_sib(in);

	copy_prefixes(w, unit);
	copy_opcode(w, unit);
	if (in->relative) { /* the base is the address itself */
		emit8(&w->e, (modrm & ~(MOD | RM)) | base);
		emit_bytes(&w->e, in->bytes + in->rest, (size_t)(in->length - in->rest));
		return;
	}
	if (is_absolute(in))
		mod = MOD_DISP32;
	if (indexed) {
		emit8(&w->e, (modrm & ~(MOD | RM)) | mod | RM_SIB);
		emit8(&w->e, (in->bytes[in->modrm + 1] & ~RM) | base);
	} else {
		emit8(&w->e, (modrm & ~(MOD | RM)) | mod | base);
	}
	emit_bytes(&w->e, in->bytes + disp, (size_t)(in->length - disp));
}

/* One that the instruction does not name, as low as can stand in any ModRM without a displacement. */
static unsigned free_register(const struct unit *unit)
{
	static const uint8_t candidates[] = { RAX, RCX, RDX, RSI, RDI, RBX };

	for (unsigned k = 0; k < sizeof(candidates); k++)
		if (!unit_names(unit, candidates[k]))
			return candidates[k];
	return NOWHERE; /* no instruction names so many */
}

/* Where the whole of the register that is loaded is a register that no address needs, that one can hold the address: it need not be put
 * back. */
static unsigned loaded_register(const struct unit *unit)
{
	unsigned only = unit->in.writes & unit->in.changes & ~unit->in.reads & ~unit->in.addresses & 0xffff;

	for (unsigned reg = RAX; reg <= RDI; reg++)
		if (only == 1u << reg && reg != RSP && reg != RBP)
			return reg;
	return NOWHERE;
}

unsigned write_base(struct writer *w, const struct unit *unit)
{
	const struct encoding *in = &unit->in;
	unsigned base;

	if (!in->relative && !unit->segment)
		return NOWHERE;
	base = loaded_register(unit);
	if (base == NOWHERE)
		base = free_register(unit);
	emit_store(&w->e, base, HOME_SLOT(base));
	if (in->relative) {
		emit_constant(&w->e, base, (uint64_t)unit->step.disp);
		return base;
	}
	emit_load(&w->e, base, HOME(base) + 8 * (size_t)(unit->segment - SEG_FS));
	if (in->base != DECODE_NO_REG && !is_absolute(in))
		emit_add(&w->e, base, in->base, base, 0);
	return base;
}

static bool is_constant_address(const struct unit *unit)
{
	return unit->step.plan->op == OP_LEA && unit->in.relative && unit->in.wide;
}

static void write_operation(struct writer *w, const struct unit *unit)
{
	unsigned base = write_base(w, unit);

	write_site(w, base);
	if (base == NOWHERE) {
		emit_bytes(&w->e, unit->in.bytes, unit->in.length);
		return;
	}
	write_with_base(w, unit, base);
	if (base != loaded_register(unit))
		emit_load(&w->e, base, HOME_SLOT(base));
}

/* By rule the flags stay as they were, and by the host they do not. */
static void write_keeping_flags(struct writer *w, const struct unit *unit)
{
	emit_store(&w->e, RAX, HOME_SLOT(RAX));
	emit_flags_to_ax(&w->e);
	emit_store(&w->e, RAX, HOME(flags));
	emit_load(&w->e, RAX, HOME_SLOT(RAX));
	write_operation(w, unit);
	emit_store(&w->e, RAX, HOME_SLOT(RAX));
	emit_load(&w->e, RAX, HOME(flags));
	emit_flags_from_ax(&w->e);
	emit_load(&w->e, RAX, HOME_SLOT(RAX));
}

static uint8_t *write_if_no_bit(struct writer *w, uint8_t bits)
{
	emit_bytes(&w->e, (const uint8_t[]){ 0xf6, 0xc1, bits, 0x74, 0 }, 5); /* TEST CL, bits; JZ */
	return w->e.at - 1;
}

static void write_and_eax(struct writer *w, flags_t flags)
{
	emit8(&w->e, 0x25);
	emit32(&w->e, flags);
}

/* A shift by CL, by 0 to 63, or to 31 for 32 bits. */
static void write_clearing(struct writer *w, const struct unit *unit)
{
	uint8_t mask = unit->step.plan->form->size0 == 8 ? 63 : 31;
	uint8_t *zero, *one;

	write_operation(w, unit);
	emit_store(&w->e, RAX, HOME_SLOT(RAX));
	emit_flags_to_ax(&w->e);
	zero = write_if_no_bit(w, mask);
	write_and_eax(w, (flags_t)~unit->zero_by_one);
	one = write_if_no_bit(w, mask & ~1);
	write_and_eax(w, (flags_t)~unit->zero);
	emit_here_short(&w->e, zero);
	emit_here_short(&w->e, one);
	emit_flags_from_ax(&w->e);
	emit_load(&w->e, RAX, HOME_SLOT(RAX));
}

void write_copy(struct writer *w, const struct unit *unit)
{
	if (is_constant_address(unit))
		emit_constant(&w->e, unit->in.to, (uint64_t)unit->step.disp);
	else if (unit->keeps_flags && unit->live_behind)
		write_keeping_flags(w, unit);
	else if (unit->clears)
		write_clearing(w, unit);
	else
		write_operation(w, unit);
}
