/* For tests that break the clock on purpose: a trace is replayed through a table of handlers, one of which answers differently from the
 * library. */
#ifndef TESTS_UNIT_CLOCK_MUTATION_H
#define TESTS_UNIT_CLOCK_MUTATION_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "timekeep/trace.h"

static inline int correct(struct trace *trace, const struct event *event, struct results *results)
{
	return event_handlers[event->kind](trace, event, results);
}

/* Returns the status of the replay of traces/clock/FILE.clk. Its messages are in `messages`, for the caller to free. */
static inline int replay_through(const char *file, event_handler *const *handlers, char **messages)
{
	char path[100];
	size_t size;
	FILE *in, *out, *err;
	int status;

	snprintf(path, sizeof(path), "traces/clock/%s.clk", file);
	in = fopen(path, "r");
	ck_assert_ptr_nonnull(in);
	out = fopen("/dev/null", "w");
	err = open_memstream(messages, &size);
	status = trace_replay_with(in, path, out, err, handlers);
	fclose(in);
	fclose(out);
	fclose(err);
	return status;
}

/* The trace must hold with the library, and fail with `broken` in place of its answer to the event. */
static inline void must_show(const char *what, const char *file, enum event_kind event, event_handler *broken)
{
	event_handler *handlers[EVENTS];
	char *messages;

	ck_assert_msg(replay_through(file, event_handlers, &messages) == 0, "%s: %s", what, messages);
	free(messages);
	memcpy(handlers, event_handlers, sizeof(handlers));
	handlers[event] = broken;
	ck_assert_msg(replay_through(file, handlers, &messages) != 0, "%s goes unseen in %s: %s", what, file, messages);
	ck_assert_ptr_nonnull(strstr(messages, "expected"));
	free(messages);
}

#endif
