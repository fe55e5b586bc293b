/* Random clocks, and random hosts for them: with TSCs that differ, that step back, at any frequency. */
#ifndef TESTS_UNIT_MODEL_RANDOM_CLOCK_H
#define TESTS_UNIT_MODEL_RANDOM_CLOCK_H

#include "tests/unit/scripted_host.h"

enum { RANDOM_HOST_CPUS = 3 };

struct random_host {
	struct script script;
	uint64_t tsc; /* that the CPUs' are off from */
	int64_t skew[RANDOM_HOST_CPUS];
	int64_t table[RANDOM_HOST_CPUS]; /* for TK_GUARD_TABLE: what nearly levels them */
};

void random_seed(uint64_t seed);
uint64_t random_bits(void);
uint64_t random_below(uint64_t limit);

/* In kHz, of a few that are odd, round, or far apart. */
uint64_t random_khz(void);

void random_host_begin(struct random_host *host);

/* Some time passes; the CPU may become another one, and the TSC may step back. */
void random_host_advance(struct random_host *host, uint64_t khz);

/* One of mode offset or icount that tk_create accepts. Its table is the host's. */
struct tk_config random_config(const struct random_host *host);

#endif
