/* What the benchmark programs share: how much work to do, and a generator whose numbers are the same everywhere. */
#ifndef TOOLS_BENCH_BENCH_H
#define TOOLS_BENCH_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* `full` scaled by the first argument, a percentage (100 when there is none); at least 1. */
static inline long work(int argc, char **argv, long full)
{
	long percent = argc > 1 ? atol(argv[1]) : 100;
	long scaled = full * percent / 100;

	return scaled > 0 ? scaled : 1;
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
