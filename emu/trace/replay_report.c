/* Prints a replay's state, for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "decode/decode.h"
#include "emu/trace/replayer.h"

static void print_event(const struct replay_event *event)
{
	const struct trace_kind_row *row = &trace_kinds[event->record.kind];

	fprintf(stderr, "  event %" PRIu64 ", %" PRIu64 " instructions, process %d, thread %d: %s", event->number, event->insns,
		(int)event->pid, (int)event->tid, row->name);
	for (unsigned k = 0; k < row->fields; k++)
		fprintf(stderr, " %s=%#" PRIx64, row->field[k], event->record.field[k]);
	fprintf(stderr, row->data ? " (%zu bytes)\n" : "\n", event->record.size);
}

static void print_recent(const struct replay_shared *shared)
{
	unsigned count = shared->state.recents < REPLAY_RECENT ? shared->state.recents : REPLAY_RECENT;

	fprintf(stderr, "the last events, this one included:\n");
	for (unsigned k = shared->state.recents - count; k < shared->state.recents; k++)
		print_event(&shared->state.recent[k % REPLAY_RECENT]);
}

/* Prints each register, and its recorded value if that differs. */
static void print_registers(const struct trace_registers *actual, const struct trace_registers *expected)
{
	for (unsigned k = 0; k < TRACE_REGISTERS; k++) {
		bool differs = expected && expected->r[k] != actual->r[k];

		fprintf(stderr, "  %-8s %016" PRIx64, trace_register_names[k], actual->r[k]);
		if (differs)
			fprintf(stderr, "  recorded: %016" PRIx64, expected->r[k]);
		fputs(differs || k % 2 || expected ? "\n" : "  ", stderr);
	}
}

static void print_instruction(const struct replay *replay, uint64_t rip)
{
	size_t size = space_fetchable(&replay->space, rip);
	char text[128];

	if (size == 0) {
		fprintf(stderr, "  at %#" PRIx64 ": nothing can be executed there\n", rip);
		return;
	}
	decode_text((const uint8_t *)rip, size < DECODE_MAX_LENGTH ? size : DECODE_MAX_LENGTH, rip, text, sizeof(text));
	fprintf(stderr, "  at %#" PRIx64 ": %s\n", rip, text);
}

void replay_print_state(const struct replay *replay, const struct trace_registers *expected)
{
	const struct replay_shared *shared = replay->shared;
	struct trace_registers actual;

	fprintf(stderr, "event %" PRIu64 ", %" PRIu64 " instructions, guest time %" PRId64 ".%09" PRId64 " s, process %d",
		shared->state.now.events, shared->state.now.insns, shared->state.now.guest_ns / 1000000000,
		shared->state.now.guest_ns % 1000000000, (int)replay->pid);
	if (!replay->current) {
		fprintf(stderr, ", no thread\n");
		return;
	}
	fprintf(stderr, ", thread %d\n", (int)replay->current->tid);
	trace_registers_of(&replay->current->cpu, &actual);
	print_registers(&actual, expected);
	print_instruction(replay, actual.r[TRACE_RIP]);
}

_Noreturn void replay_diverged(struct replay *replay, const char *what, const struct trace_registers *expected)
{
	fprintf(stderr, "tick86: the replay differs from the recording: %s\n", what);
	replay_print_state(replay, expected);
	print_recent(replay->shared);
	replay_finish(replay, REPLAY_DIVERGED);
}

static void print_bytes(const char *whose, const uint8_t *bytes, size_t size)
{
	fprintf(stderr, "  %-9s", whose);
	for (size_t k = 0; k < size; k++)
		fprintf(stderr, " %02x", bytes[k]);
	fputc('\n', stderr);
}

_Noreturn void replay_diverged_bytes(struct replay *replay, const char *what, uint64_t address, const uint8_t *actual,
	const uint8_t *recorded, size_t size)
{
	enum { SHOWN = 16 };
	size_t at = 0, shown;

	while (actual[at] == recorded[at])
		at++;
	shown = size - at < SHOWN ? size - at : SHOWN;
	fprintf(stderr, "tick86: memory at %#" PRIx64 " is not as recorded:\n", address + at);
	print_bytes("here:", actual + at, shown);
	print_bytes("recorded:", recorded + at, shown);
	replay_diverged(replay, what, NULL);
}
