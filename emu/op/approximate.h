/* RCP and RSQRT. The SDM only bounds their relative error by 1.5 * 2^-12, and each maker's CPUs give other bits. A recording must replay
 * on any host, so this file defines the results: the exact value rounded to 12 fraction bits, which at least halves that error. Both
 * ignore MXCSR: a denormal source counts as zero, and a tiny result is zero. */
#ifndef TICK86_EMU_OP_APPROXIMATE_H
#define TICK86_EMU_OP_APPROXIMATE_H

#include <stdint.h>

/* clang-format off */
enum {
	F32_SIGN = 1u << 31, F32_INFINITY = 0x7f800000, F32_QUIET = 1 << 22, F32_IMPLICIT = 1 << 23,
	F32_FRACTION_BITS = 23, F32_BIAS = 127,
	APPROXIMATE_BITS = 12, APPROXIMATE_SHIFT = F32_FRACTION_BITS - APPROXIMATE_BITS,
};
/* clang-format on */
#define F32_DEFAULT_NAN 0xffc00000u

/* Returns q * 2^-13 * 2^exponent, for q from 2^12 to 2^13. */
static inline uint32_t approximate_compose(uint32_t q, int exponent)
{
	int biased = exponent - 1 + F32_BIAS;
	uint32_t fraction = (q - (1u << APPROXIMATE_BITS)) << APPROXIMATE_SHIFT; /* q = 2^13 carries into the exponent */

	return ((uint32_t)biased << F32_FRACTION_BITS) + fraction;
}

/* RCPSS, RCPPS */
static inline uint32_t approximate_reciprocal(uint32_t x)
{
	uint32_t sign = x & F32_SIGN, magnitude = x & ~F32_SIGN;
	int exponent = (int)(magnitude >> F32_FRACTION_BITS) - F32_BIAS;
	uint32_t significand = (magnitude & (F32_IMPLICIT - 1)) | F32_IMPLICIT;
	uint32_t result;

	if (magnitude > F32_INFINITY)
		return x | F32_QUIET;
	if (magnitude == F32_INFINITY)
		return sign;
	if (magnitude < F32_IMPLICIT)
		return sign | F32_INFINITY;
	if (exponent > F32_BIAS - 1 || (exponent == F32_BIAS - 1 && significand != F32_IMPLICIT))
		return sign;
	result = (uint32_t)(((1ULL << 36) + significand / 2) / significand);
	return sign | approximate_compose(result, -exponent);
}

/* RSQRTSS, RSQRTPS */
static inline uint32_t approximate_reciprocal_root(uint32_t x)
{
	uint32_t sign = x & F32_SIGN, magnitude = x & ~F32_SIGN;
	int exponent = (int)(magnitude >> F32_FRACTION_BITS) - F32_BIAS;
	int odd = exponent & 1;
	uint64_t significand = (uint64_t)((magnitude & (F32_IMPLICIT - 1)) | F32_IMPLICIT) << odd;
	uint64_t root = 0;

	if (magnitude > F32_INFINITY)
		return x | F32_QUIET;
	if (magnitude < F32_IMPLICIT)
		return sign | F32_INFINITY;
	if (sign)
		return F32_DEFAULT_NAN;
	if (magnitude == F32_INFINITY)
		return 0;
	/* the root of 2^49 / significand, bit by bit, rounded to nearest */
	for (uint64_t bit = 1 << 13; bit; bit >>= 1) {
		if ((root | bit) * (root | bit) * significand <= 1ULL << 49)
			root |= bit;
	}
	if ((2 * root + 1) * (2 * root + 1) * significand <= 1ULL << 51)
		root++;
	return approximate_compose((uint32_t)root, -(exponent - odd) / 2);
}

#endif
