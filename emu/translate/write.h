/* Inside emu/translate: a trace under construction. */
#ifndef TICK86_EMU_TRANSLATE_WRITE_H
#define TICK86_EMU_TRANSLATE_WRITE_H

#include "emu/translate/trace.h"

/* A branch that leaves the trace by code behind it. */
struct side {
	uint8_t *field; /* its displacement */
	struct trace_exit *exit;
	int16_t charged;
	flags_t stale;
};

/* Eight bytes behind the trace, and the displacement that leads there. */
struct constant {
	uint8_t *field;
	uint64_t value;
};

struct writer {
	struct emitter e, cold; /* `cold`: apart, for what cannot fault and hardly ever runs */
	struct translator *translator;
	struct blocks *blocks;
	const struct path *path;
	struct trace *trace;
	enum convention convention;
	unsigned charge_at; /* ahead of which unit the whole trace is charged */
	unsigned unit;      /* that is being written */
	struct side side[PATH_MAX_INSNS + 2];
	unsigned sides;
	struct trace_exit *out[PATH_MAX_INSNS + 2]; /* whose code out of translated code is to be written */
	unsigned outs;
	struct constant constant[PATH_MAX_INSNS];
	unsigned constants;
	struct site site[2 * PATH_MAX_INSNS];
	unsigned sites;
};

/* Instructions charged that have not run, ahead of the k-th unit. */
static inline int writer_charged(const struct writer *w, unsigned k)
{
	return k >= w->charge_at ? (int)(w->path->count - k) : -(int)k;
}

/* Notes that what follows may fault, with a register in its slot or NOWHERE. */
void write_site(struct writer *w, unsigned aside);
struct trace_exit *write_exit_of(struct writer *w, enum exit_kind kind, uint64_t rip);

/* --- copy.c: the guest's own instruction --- */
void write_copy(struct writer *w, const struct unit *unit);
/* Puts a register aside and loads it with what is to be the memory operand's base; NOWHERE where none is needed. */
unsigned write_base(struct writer *w, const struct unit *unit);
/* The instruction with that base in place of RIP and displacement, or of the segment and base. */
void write_with_base(struct writer *w, const struct unit *unit, unsigned base);

/* --- call.c: what handlers do --- */
void write_called(struct writer *w, const struct unit *unit);
void write_time(struct writer *w, const struct unit *unit);

/* --- flow.c --- */
void write_call(struct writer *w, const struct unit *unit);
void write_branch(struct writer *w, const struct unit *unit);
void write_indirect(struct writer *w, const struct unit *unit);
void write_guarded(struct writer *w, const struct unit *unit);
void write_charge(struct writer *w);
void write_clear(struct writer *w, flags_t flags);
void write_end(struct writer *w);
void write_sides(struct writer *w);
void write_entries(struct writer *w);

#endif
