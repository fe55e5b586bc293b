/* What the benchmark programs share: how much work to do, and a generator whose numbers are the same everywhere. */
#ifndef TOOLS_BENCH_BENCH_H
#define TOOLS_BENCH_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* `full` scaled by the first argument, a percentage (100 when there is none); at least 1. */
static inline long work(int argc, char **argv, long full)
{
	long percent = argc > 1 ? atol(argv[1]) : 100;
	long scaled = full * percent / 100;

	return scaled > 0 ? scaled : 1;
}

/* Reads CLOCK_MONOTONIC so many times; values must not go backwards. */
static inline __attribute__((always_inline)) int read_clock(long reads, int (*read)(clockid_t, struct timespec *))
{
	int64_t last = 0;
	long backwards = 0;

	for (; reads > 0; reads--) {
		struct timespec t;
		int64_t now;

		read(CLOCK_MONOTONIC, &t);
		now = t.tv_sec * 1000000000L + t.tv_nsec;
		backwards += now < last;
		last = now;
	}
	printf("backwards %ld\n", backwards);
	return 0;
}

/* Marsaglia's xorshift64; the state must not be 0. */
static inline uint64_t xorshift64(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

#endif
