/* Products of two 64-bit numbers, which need 128 bits. */
#ifndef TIMEKEEP_ARITH_H
#define TIMEKEEP_ARITH_H

#include <stdint.h>

typedef unsigned __int128 uint128;
typedef __int128 int128;

/* a * b / c, rounded down. */
static inline uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	return (uint64_t)((uint128)a * b / c);
}

/* The same for a negative `a`. Rounds towards minus infinity, so a difference does not depend on
 * where 0 is. */
static inline int64_t mul_div_floor(int64_t a, uint64_t b, uint64_t c)
{
	if (a >= 0)
		return (int64_t)mul_div((uint64_t)a, b, c);
	return (int64_t) - (uint64_t)(((uint128)(0 - (uint64_t)a) * b + c - 1) / c);
}

/* a * b / c, rounded up; UINT64_MAX if it does not fit. */
static inline uint64_t mul_div_ceil(uint64_t a, uint64_t b, uint64_t c)
{
	uint128 quotient = ((uint128)a * b + c - 1) / c;

	return quotient > UINT64_MAX ? UINT64_MAX : (uint64_t)quotient;
}

/* ns * khz / 10^6. Split so that no step needs 128 bits: khz is below 2^32, and 10^6 * 2^32
 * below 2^52. */
static inline uint64_t ticks_of_ns(uint64_t ns, uint64_t khz)
{
	return ns / 1000000 * khz + ns % 1000000 * khz / 1000000;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline int64_t min_i64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t max_i64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Sums that wrap, as time stamp counters do. */
static inline int64_t add_i64(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t sub_i64(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

#endif
