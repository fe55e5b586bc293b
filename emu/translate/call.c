/* Instructions that their handlers run, called from translated code; and RDTSC, which in mode icount is a function of the budget. */
#include "emu/block/build.h"
#include "emu/op/dispatch.h"
#include "emu/translate/write.h"
#include "timekeep/timekeep.h"

/* --- handlers --------------------------------------------------------------------------------------------- */

static struct called *make_called(struct writer *w, const struct unit *unit, handler_t *back)
{
	struct called *called = arena_take(w->translator, sizeof(*called));
	const struct plan *plan = unit->step.plan;
	struct draft draft;

	draft.rip = unit->step.address;
	draft.records = draft.insns = draft.exits = 0;
	build_record(&draft, &unit->step);
	*called = (struct called){
		.trace = w->trace,
		.rip = unit->step.address,
		.charged = writer_charged(w, w->unit),
		.records = (uint8_t)draft.records,
		.length = plan->length,
		.general = form_general(plan->form),
	};
	memcpy(called->insn, draft.insn, draft.records * sizeof(struct insn));
	if (plan->attributes & FORM_COUNTS)
		called->insn[draft.records - 1].imm = (uint64_t)(int64_t)-called->charged;
	called->insn[draft.records].run = back;
	called->insn[draft.records].a = called->records;
	return called;
}

/* The routine is called on the host's stack, so that the host predicts where it returns to. */
static void write_call_of(struct writer *w, const struct called *called)
{
	emit_store(&w->e, RAX, HOME_SLOT(RAX));
	emit_store(&w->e, RSP, HOME_SLOT(RSP));
	emit_load(&w->e, RSP, HOME(host_rsp));
	emit_constant(&w->e, RAX, (uint64_t)called);
	emit8(&w->e, 0xe8); /* CALL */
	emit_relative(&w->e, w->translator->store.call[called->general][w->convention], 0);
	emit_load(&w->e, RSP, HOME_SLOT(RSP));
}

/* A handler that asks for the time, or sets it, may have bent the line. */
void write_called(struct writer *w, const struct unit *unit)
{
	write_call_of(w, make_called(w, unit, back_record));
	if (unit->step.plan->form->world) {
		emit_bytes(&w->e, (const uint8_t[]){ 0x48, 0xc7, 0x05 }, 3); /* MOV qword [home.time.over], constant */
		emit_relative(&w->e, &w->e.home->time.over, 4);
		emit32(&w->e, TIME_UNKNOWN);
	}
}

/* --- RDTSC ------------------------------------------------------------------------------------------------ */

/* The longest line, which keeps the arithmetic from overflowing; no run lasts longer. */
#define LINE_MAX (UINT64_C(1) << 40)

/* Takes the line from the clock, whose handler has just been asked. */
HANDLER(timed_back_record)
{
	const struct called *called = called_of_back(i);
	const struct tk_stretch *stretch = (const struct tk_stretch *)cpu->clock->state;
	struct time_line *line = &called->trace->translator->store.home->time;
	int64_t base = (int64_t)(cpu->clock_base + (uint64_t)cpu->limit - stretch->insns0);
	uint64_t length = stretch->length < LINE_MAX ? stretch->length : LINE_MAX;

	*line = (struct time_line){
		.over = stretch->vcpu == cpu->vcpu && length ? (int64_t)length - base - 1 : TIME_UNKNOWN,
		.base = base,
		.khz = stretch->khz_per_insn,
		.rest = stretch->rest,
		.tsc0 = stretch->tsc0,
		.reciprocal = TIME_RECIPROCAL,
	};
	return back_record(cpu, i);
}

/* MULX high, low, [home + offset]; the other factor is RDX. Keeps the flags (SDM vol. 2). */
static void emit_multiply(struct emitter *e, unsigned high, unsigned low, const void *factor)
{
	emit_bytes(e, (const uint8_t[]){ 0xc4, 0xe2, (uint8_t)(0x83 | (~low & 15) << 3), 0xf6, (uint8_t)(high << 3 | 5) }, 5);
	emit_relative(e, factor, 0);
}

/* reg >>= count, which is lost in `by`: SHRX. Keeps the flags. */
static void emit_shift_right(struct emitter *e, unsigned reg, unsigned count, unsigned by)
{
	emit_constant(e, by, count);
	emit_bytes(e, (const uint8_t[]){ 0xc4, 0xe2, (uint8_t)(0x83 | (~by & 15) << 3), 0xf7, (uint8_t)(0xc0 | reg << 3 | reg) }, 5);
}

/* RDX = the budget ahead of the instruction */
static void write_budget(struct writer *w)
{
	if (w->convention == COUNTING) {
		emit_lea(&w->e, RDX, COUNTER, writer_charged(w, w->unit));
		return;
	}
	emit_load(&w->e, RDX, HOME(budget));
	emit_lea(&w->e, RDX, RDX, writer_charged(w, w->unit));
}

/* One read more, for --stats. RAX and RCX are lost. */
static void write_count_read(struct emitter *e)
{
	const int32_t reads = (int32_t)offsetof(struct cpu, time_reads[TIME_READ_RDTSC]);

	emit_load(e, RAX, HOME(cpu));
	emit_memory(e, 0x8b, RCX, RAX, reads);
	emit_lea(e, RCX, RCX, 1);
	emit_memory(e, 0x89, RCX, RAX, reads);
}

/* EDX:EAX from the line, RDX being the budget. RCX is lost. */
static void write_time_of(struct emitter *e)
{
	emit_bytes(e, (const uint8_t[]){ 0x48, 0xf7, 0xd2 }, 3); /* NOT RDX */
	emit_load(e, RCX, HOME(time.base));
	emit_add(e, RDX, RDX, RCX, 1);
	emit_multiply(e, RAX, RDX, &e->home->time.khz);
	emit_load(e, RCX, HOME(time.rest));
	emit_add(e, RDX, RDX, RCX, 0);
	emit_multiply(e, RDX, RAX, &e->home->time.reciprocal);
	emit_shift_right(e, RDX, TIME_RECIPROCAL_SHIFT, RCX);
	emit_load(e, RCX, HOME(time.tsc0));
	emit_add(e, RDX, RDX, RCX, 0);
	emit_bytes(e, (const uint8_t[]){ 0x89, 0xd0 }, 2); /* MOV EAX, EDX */
	emit_shift_right(e, RDX, 32, RCX);
}

void write_time(struct writer *w, const struct unit *unit)
{
	uint8_t *known, *done;

	emit_store(&w->e, RAX, HOME_SLOT(RAX));
	emit_store(&w->e, RCX, HOME_SLOT(RCX));
	emit_store(&w->e, RDX, HOME_SLOT(RDX));
	write_budget(w);
	emit_load(&w->e, RCX, HOME(time.over));
	emit_add(&w->e, RCX, RCX, RDX, 0);
	emit_shift_right(&w->e, RCX, 63, RAX);
	known = emit_if_zero(&w->e);
	emit_load(&w->e, RAX, HOME_SLOT(RAX));
	emit_load(&w->e, RCX, HOME_SLOT(RCX));
	emit_load(&w->e, RDX, HOME_SLOT(RDX));
	write_call_of(w, make_called(w, unit, timed_back_record));
	emit_jump(&w->e, w->e.at);
	done = w->e.at - 4;
	emit_here_short(&w->e, known);
	write_count_read(&w->e);
	write_time_of(&w->e);
	emit_load(&w->e, RCX, HOME_SLOT(RCX));
	emit_here(&w->e, done);
}
