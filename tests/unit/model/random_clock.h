/* Random clocks, and random hosts for them: with TSCs that differ, that step back, at any frequency. */
#ifndef TESTS_UNIT_MODEL_RANDOM_CLOCK_H
#define TESTS_UNIT_MODEL_RANDOM_CLOCK_H

#include "tests/unit/scripted_host.h"

enum { RANDOM_HOST_CPUS = 3 };

struct random_host {
	struct script script;
	uint64_t tsc; /* the CPUs' TSCs differ from it */
	int64_t skew[RANDOM_HOST_CPUS];
	int64_t table[RANDOM_HOST_CPUS]; /* for TK_GUARD_TABLE: nearly levels the CPUs' TSCs */
};

void random_seed(uint64_t seed);
uint64_t random_bits(void);
uint64_t random_below(uint64_t limit);

/* Returns one of a few frequencies in kHz: odd, round, or far apart. */
uint64_t random_khz(void);

void random_host_begin(struct random_host *host);

/* Lets some time pass. The CPU may change, and the TSC may step back. */
void random_host_advance(struct random_host *host, uint64_t khz);

/* Returns a configuration of mode offset or icount that tk_create accepts. Its table is the host's. */
struct tk_config random_config(const struct random_host *host);

#endif
