/* Joins the records of a recording into events. */
#include "emu/linux/kernel/machine.h"
#include "emu/trace/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emu/linux/rows/syscall.h"

struct looker {
	struct walk *walk;
	look_function *tell;
	void *context;
	bool enough;
	int64_t from_guest_ns, from_host_ns; /* times before the last record */
	/* The last stop, while the records that follow may belong to it. */
	struct look_call *pending;
	struct look_event pending_event;
};

static struct look_position position_now(const struct looker *looker)
{
	const struct walk *walk = looker->walk;
	const struct walk_process *process = walk->process;

	return (struct look_position){
		.record = walk->records ? walk->records - 1 : 0,
		.event = walk->events,
		.insns = walk->insns,
		.process_insns = process ? process->insns : walk->ended_insns,
		.guest_ns = walk->guest_ns,
		.host_ns = walk->host_ns,
		.pid = walk->pid,
		.tid = process && process->current ? process->current->tid : 0,
		.from_guest_ns = looker->from_guest_ns,
		.from_host_ns = looker->from_host_ns,
	};
}

static void tell(struct looker *looker, const struct look_event *event)
{
	if (!looker->enough)
		looker->enough = !looker->tell(looker->context, event);
}

/* --- memory around an event --------------------------------------------------------------------------- */

enum { PIECE_KEPT = 512 };

static void remember(struct look_memory *memory, uint64_t address, const uint8_t *bytes, size_t size)
{
	size = size < PIECE_KEPT ? size : PIECE_KEPT;
	if (memory->pieces == sizeof(memory->piece) / sizeof(memory->piece[0]) || size > sizeof(memory->bytes) - memory->used)
		return;
	memory->piece[memory->pieces].address = address;
	memory->piece[memory->pieces].at = memory->used;
	memory->piece[memory->pieces].size = size;
	memory->pieces++;
	memcpy(memory->bytes + memory->used, bytes, size);
	memory->used += size;
}

/* --- calls -------------------------------------------------------------------------------------------- */

static struct walk_thread *current_thread(const struct walk *walk)
{
	return walk->process ? walk->process->current : NULL;
}

static struct look_call *open_call(const struct walk_thread *thread)
{
	return thread && thread->call && thread->call->open ? thread->call : NULL;
}

static void flush_pending(struct looker *looker)
{
	struct look_call *call = looker->pending;

	looker->pending = NULL;
	if (call)
		tell(looker, &looker->pending_event);
}

/* Keeps the event back, since the following records may belong to it. */
static void set_pending(struct looker *looker, struct look_call *call, uint8_t exit)
{
	looker->pending = call;
	looker->pending_event = (struct look_event){
		.at = call->at,
		.end = position_now(looker),
		.kind = TRACE_STOP,
		.exit = exit,
		.phase = call->told ? LOOK_RESUMED : LOOK_WHOLE,
		.call = call,
	};
	looker->pending_event.end.pid = call->at.pid;
	looker->pending_event.end.tid = call->at.tid;
}

static void close_call(struct looker *looker, struct look_call *call, int64_t result)
{
	if (!call)
		return;
	call->open = false;
	call->result = result;
	set_pending(looker, call, TRACE_EXIT_SYSCALL);
}

/* Reports a call that has not ended when another thread runs. */
static void tell_unfinished(struct looker *looker, const struct walk_thread *thread)
{
	struct look_call *call = open_call(thread);

	if (!call || call->told)
		return;
	call->told = true;
	tell(looker,
		&(struct look_event){ .at = call->at,
			.end = call->at,
			.kind = TRACE_STOP,
			.exit = TRACE_EXIT_SYSCALL,
			.phase = LOOK_UNFINISHED,
			.call = call });
}

/* Reports the calls that have not ended where the recording ends. */
static void tell_still_open(struct looker *looker)
{
	for (struct walk_process *process = looker->walk->processes; process; process = process->next)
		for (struct walk_thread *thread = process->threads; thread; thread = thread->next)
			tell_unfinished(looker, thread);
}

static void close_thread(struct looker *looker, const struct walk_thread *thread)
{
	close_call(looker, open_call(thread), SYSCALL_NO_RESULT);
	flush_pending(looker);
}

static void close_threads(struct looker *looker, uint64_t tid, bool all)
{
	const struct walk_process *process = looker->walk->process;

	for (struct walk_thread *thread = process ? process->threads : NULL; thread; thread = thread->next)
		if (all || (uint64_t)thread->tid == tid)
			close_thread(looker, thread);
}

static bool never_returns(const struct syscall_row *row)
{
	return row && row->after == AFTER_NO_RETURN;
}

static bool begin_call(struct looker *looker, struct walk_thread *thread, uint8_t exit)
{
	const uint64_t *r = thread->registers.r;
	struct look_call *call = thread->call;

	if (!call)
		call = thread->call = malloc(sizeof(*call));
	if (!call)
		return false;
	call->open = exit == TRACE_EXIT_SYSCALL;
	call->told = false;
	call->at = position_now(looker);
	call->registers = call->after = thread->registers;
	call->number = (uint32_t)r[RAX];
	memcpy(call->arg, (const uint64_t[]){ r[RDI], r[RSI], r[RDX], r[R10], r[R8], r[R9] }, sizeof(call->arg));
	call->row = syscall_find(call->number);
	call->result = SYSCALL_NO_RESULT;
	call->memory.pieces = 0;
	call->memory.used = 0;
	if (!call->open)
		set_pending(looker, call, exit);
	else if (never_returns(call->row))
		close_call(looker, call, SYSCALL_NO_RESULT);
	return true;
}

/* --- records ------------------------------------------------------------------------------------------ */

/* Returns true if the record may belong to the pending event. */
static bool continues(const struct trace_record *record)
{
	return record->kind == TRACE_WRITE || record->kind == TRACE_STATE || record->kind == TRACE_VECTOR || record->kind == TRACE_ADVANCE
		|| record->kind == TRACE_INPUT || record->kind == TRACE_CHECK;
}

/* Called before the record takes effect: reports the events that it ends. */
static void before(struct looker *looker, const struct trace_record *record)
{
	if (looker->pending && !continues(record))
		flush_pending(looker);
	switch (record->kind) {
	case TRACE_PROCESS:
	case TRACE_THREAD: tell_unfinished(looker, current_thread(looker->walk)); break;
	case TRACE_STOP:
	case TRACE_EXEC:
		if (current_thread(looker->walk))
			close_thread(looker, current_thread(looker->walk));
		break;
	case TRACE_TASK_END: close_threads(looker, record->field[0], false); break;
	case TRACE_EXIT: close_threads(looker, 0, true); break;
	default: break;
	}
}

static void tell_record(struct looker *looker, const struct trace_record *record)
{
	struct look_position at = position_now(looker);

	tell(looker, &(struct look_event){ .at = at, .end = at, .kind = record->kind, .record = record });
}

static bool take_stop(struct looker *looker, const struct trace_record *record)
{
	struct walk_thread *thread = current_thread(looker->walk);
	struct look_position at = position_now(looker);
	uint8_t exit = (uint8_t)record->field[0];

	if (exit == TRACE_EXIT_SYSCALL || exit >= TRACE_EXIT_WORLD)
		return begin_call(looker, thread, exit);
	tell(looker, &(struct look_event){ .at = at, .end = at, .kind = TRACE_STOP, .exit = exit, .rip = thread->registers.r[TRACE_RIP] });
	return true;
}

/* Called after the record took effect. Returns false if out of memory. */
static bool after(struct looker *looker, const struct trace_record *record)
{
	struct walk_thread *thread = current_thread(looker->walk);
	struct look_call *call = open_call(thread);

	switch (record->kind) {
	case TRACE_STOP: return take_stop(looker, record);
	case TRACE_RESULT:
		if (!call || call->number != record->field[0])
			break;
		close_call(looker, call, trace_unzigzag(record->field[1]));
		return true;
	case TRACE_INPUT:
		if (call)
			remember(&call->memory, record->field[0], record->data, record->size);
		break;
	case TRACE_WRITE:
		if (looker->pending)
			remember(&looker->pending->memory, record->field[0], record->data, record->size);
		looker->pending_event.end.record = looker->walk->records - 1;
		break;
	case TRACE_STATE:
		if (looker->pending)
			looker->pending->after = thread->registers;
		looker->pending_event.end.record = looker->walk->records - 1;
		break;
	default: break;
	}
	tell_record(looker, record);
	return true;
}

void look_at_events(struct walk *walk, bool raw, look_function *function, void *context)
{
	struct looker looker = { .walk = walk, .tell = function, .context = context };
	struct trace_record record;
	bool works = true;

	while (works && !looker.enough && walk_read(walk, &record)) {
		if (!raw)
			before(&looker, &record);
		looker.from_guest_ns = walk->guest_ns;
		looker.from_host_ns = walk->host_ns;
		works = walk_take(walk, &record);
		if (works && raw)
			tell_record(&looker, &record);
		else if (works)
			works = after(&looker, &record);
	}
	flush_pending(&looker);
	tell_still_open(&looker);
}

/* --- words -------------------------------------------------------------------------------------------- */

const char *look_word(unsigned number)
{
	if (number < TRACE_EXITS)
		return trace_exit_names[number];
	number -= TRACE_EXITS - 1;
	return number < TRACE_KINDS ? trace_kinds[number].name : NULL;
}

unsigned look_number(const struct look_event *event)
{
	return event->kind == TRACE_STOP && !event->record ? event->exit : event->kind + TRACE_EXITS - 1u;
}

bool look_shown(const struct look_event *event)
{
	switch (event->kind) {
	case TRACE_CONFIG:
	case TRACE_STOP:
	case TRACE_THREAD:
	case TRACE_TASK:
	case TRACE_TASK_END:
	case TRACE_FORK:
	case TRACE_EXEC:
	case TRACE_SIGNAL:
	case TRACE_OUTPUT:
	case TRACE_EXIT:
	case TRACE_END: return true;
	default: return false;
	}
}
