/* For the tests of timekeep: a host that is scripted by setting its fields. */
#ifndef TESTS_UNIT_SCRIPTED_HOST_H
#define TESTS_UNIT_SCRIPTED_HOST_H

#include <check.h>

#include "timekeep/timekeep.h"

/* An assertion for loops: Check notes the place of each of its own in a file. */
#define MUST(condition)                                 \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

struct script {
	uint64_t tsc;
	uint32_t cpu;
	int64_t ns;
	int64_t wall;
	bool unstable;
	bool stops;     /* a third of each gap that it is asked about counts as an unnoticed stop */
	uint64_t looks; /* how often any clock was read */
};

static inline uint64_t script_tsc(void *ctx, uint32_t *cpu)
{
	struct script *script = ctx;

	script->looks++;
	*cpu = script->cpu;
	return script->tsc;
}

static inline int64_t script_clock(void *ctx, enum tk_clock_id id)
{
	struct script *script = ctx;

	script->looks++;
	return id == TK_REALTIME ? script->wall : script->ns;
}

static inline int64_t script_stopped(void *ctx, int64_t gap_ns)
{
	const struct script *script = ctx;

	return script->stops ? gap_ns / 3 : 0;
}

static inline bool script_stable(void *ctx)
{
	struct script *script = ctx;

	return !script->unstable;
}

static inline struct tk_host script_host(struct script *script)
{
	return (struct tk_host){
		.ctx = script,
		.tsc = script_tsc,
		.clock = script_clock,
		.stable = script_stable,
		.stopped = script_stopped,
	};
}

#endif
