/* Random values that hit the edges: small, large, special floating point. */
#include "tests/insn/values.h"

#include <string.h>

static uint64_t splat(uint64_t value, unsigned bits)
{
	uint64_t result = 0;

	for (unsigned at = 0; at < 64; at += bits)
		result |= (value & (bits == 64 ? ~0ULL : (1ULL << bits) - 1)) << at;
	return result;
}

uint64_t value_integer(struct random *random)
{
	unsigned bit = (unsigned)random_below(random, 64);

	switch (random_below(random, 9)) {
	case 0: return random_below(random, 18);
	case 1: return -random_below(random, 18);
	case 2: return 1ULL << bit;
	case 3: return (1ULL << bit) - random_below(random, 3);
	case 4: return ~(1ULL << bit);
	case 5: return splat(random_u64(random), 8u << random_below(random, 3));
	case 6: return splat((0x80ULL << random_below(random, 57)) - random_below(random, 2), 8u << random_below(random, 4));
	case 7: return random_u64(random) >> bit;
	default: return random_u64(random);
	}
}

static uint32_t value_float32(struct random *random)
{
	/* clang-format off */
	static const uint32_t special[] = {
		0x00000000, 0x3f800000, 0x7f800000, 0x7fc00000, 0x7fa00001, 0x7fffffff, 0x00000001, 0x007fffff, 0x00800000,
		0x7f7fffff, 0x3f000000, 0x3effffff, 0x3fc00000, 0x40200000, 0x4f000000, 0x4effffff, 0x5f000000, 0x33800000,
		0x4b000000, 0x4b800000, 0x34000000, 0x42c80000,
	};
	/* clang-format on */
	uint32_t sign = (uint32_t)random_u64(random) & 0x80000000;

	switch (random_below(random, 4)) {
	case 0: return special[random_below(random, sizeof(special) / sizeof(special[0]))] ^ sign;
	case 1: /* exponents near zero: sums and products that round */
		return (uint32_t)((random_u64(random) & 0x7fffff) | (120 + random_below(random, 16)) << 23) ^ sign;
	case 2: {
		float small = (float)(int64_t)random_below(random, 2001) / 4 - 250;
		uint32_t bits;

		memcpy(&bits, &small, sizeof(bits));
		return bits;
	}
	default: return (uint32_t)random_u64(random);
	}
}

static uint64_t value_float64(struct random *random)
{
	/* clang-format off */
	static const uint64_t special[] = {
		0x0000000000000000, 0x3ff0000000000000, 0x7ff0000000000000, 0x7ff8000000000000, 0x7ff4000000000001,
		0x7fffffffffffffff, 0x0000000000000001, 0x000fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff,
		0x3fe0000000000000, 0x3fdfffffffffffff, 0x3ff8000000000000, 0x4004000000000000, 0x41e0000000000000,
		0x41dfffffffc00000, 0x41dfffffffe00000, 0x43e0000000000000, 0x43dfffffffffffff, 0x47efffffe0000000,
		0x47effffff0000000, 0x3810000000000000, 0x36a0000000000000, 0x4330000000000000, 0x7ff0000000000001,
	};
	/* clang-format on */
	uint64_t sign = random_u64(random) & 1ULL << 63;

	switch (random_below(random, 4)) {
	case 0: return special[random_below(random, sizeof(special) / sizeof(special[0]))] ^ sign;
	case 1: return ((random_u64(random) >> 12) | (1016 + random_below(random, 16)) << 52) ^ sign;
	case 2: {
		double small = (double)(int64_t)random_below(random, 2001) / 4 - 250;
		uint64_t bits;

		memcpy(&bits, &small, sizeof(bits));
		return bits;
	}
	default: return random_u64(random);
	}
}

/* The 80-bit format, with the encodings that only old coprocessors made (SDM vol. 1, 8.2.2). */
static void value_extended(struct random *random, uint8_t to[10])
{
	uint64_t mantissa = random_u64(random) | 1ULL << 63;
	uint16_t exponent = (uint16_t)(16383 - 8 + random_below(random, 16));

	switch (random_below(random, 10)) {
	case 0:
		exponent = 0x7fff;
		mantissa = 1ULL << 63;
		break;
	case 1:
		exponent = 0x7fff;
		mantissa = random_u64(random) | 3ULL << 62;
		break;
	case 2:
		exponent = 0x7fff;
		mantissa = (random_u64(random) >> 2) | 1 | 1ULL << 63;
		break;
	case 3: exponent = mantissa = 0; break;
	case 4: /* denormal or pseudo-denormal */
		exponent = 0;
		mantissa = random_u64(random) >> random_below(random, 64);
		break;
	case 5: /* anything, including unnormals and pseudo-NaNs */
		mantissa = random_u64(random);
		exponent = random_percent(random, 50) ? 0x7fff : (uint16_t)(random_u64(random) & 0x7fff);
		break;
	case 6: { /* a whole number */
		unsigned bits = 1 + (unsigned)random_below(random, 64);

		mantissa = (random_u64(random) | 1ULL << 63) & ~0ULL << (64 - bits);
		exponent = (uint16_t)(16383 + bits - 1);
		break;
	}
	case 7: /* edges of the narrower formats */
		mantissa = ~0ULL << random_below(random, 64);
		mantissa |= 1ULL << 63;
		exponent = (uint16_t)(16383
			+ (int[]){ -1075, -1023, -1022, -150, -127, -126, 31, 63, 127, 1023 }[random_below(random, 10)]);
		break;
	default: break;
	}
	exponent |= (uint16_t)(random_u64(random) & 0x8000);
	memcpy(to, &mantissa, 8);
	memcpy(to + 8, &exponent, 2);
}

/* One 32-byte piece of one kind of data. */
static void fill_piece(struct random *random, uint8_t to[32])
{
	unsigned kind = (unsigned)random_below(random, 8);

	for (unsigned k = 0; k < 4; k++) {
		uint64_t value = kind < 2 ? random_u64(random) : kind < 4 ? value_integer(random) : value_float64(random);

		if (kind == 6 || kind == 7)
			value = value_float32(random) | (uint64_t)value_float32(random) << 32;
		memcpy(to + 8 * k, &value, 8);
	}
	if (kind == 1) { /* bytes that choose lanes */
		for (unsigned k = 0; k < 32; k++)
			to[k] &= 0x9f;
	}
}

void values_fill(struct random *random, uint8_t *to, size_t size)
{
	for (size_t at = 0; at < size; at += 32) {
		fill_piece(random, to + at);
		if (random_percent(random, 10))
			value_extended(random, to + at + 8 * random_below(random, 3));
	}
}

static void fill_x87(struct random *random, struct fp_state *fp)
{
	unsigned exceptions = random_percent(random, 25) ? (unsigned)random_below(random, 64) : 0;
	bool pending;

	fp->fcw = 0x037f;
	if (random_percent(random, 50))
		fp->fcw = (uint16_t)(0x7f | random_below(random, 16) << 8);
	if (random_percent(random, 12))
		fp->fcw &= (uint16_t)(0xffc0 | random_u64(random));
	if (random_percent(random, 90))
		exceptions &= fp->fcw;
	pending = exceptions & ~fp->fcw & 0x3f;
	fp->fsw = (uint16_t)(exceptions | random_below(random, 8) << 11 | (random_u64(random) & 0x4700));
	fp->fsw |= pending ? 0x8080 : 0;
	if ((exceptions & 1) && random_percent(random, 50))
		fp->fsw |= 0x40;
	fp->ftw = random_percent(random, 50) ? 0xff : random_percent(random, 20) ? 0 : (uint8_t)random_u64(random);
	fp->fop = (uint16_t)random_below(random, 0x800);
	fp->fip = random_below(random, 1ULL << 46);
	fp->fdp = random_below(random, 1ULL << 46);
	memset(fp->st, 0, sizeof(fp->st));
	for (int k = 0; k < 8; k++)
		value_extended(random, fp->st[k]);
}

static uint32_t random_mxcsr(struct random *random)
{
	uint32_t mxcsr = 0x1f80;

	if (random_percent(random, 40))
		mxcsr |= (uint32_t)random_below(random, 4) << 13;
	if (random_percent(random, 15))
		mxcsr |= 1u << 15;
	if (random_percent(random, 15))
		mxcsr |= 1u << 6;
	if (random_percent(random, 40))
		mxcsr |= (uint32_t)random_below(random, 64);
	if (random_percent(random, 8))
		mxcsr &= ~(uint32_t)(random_below(random, 64) << 7);
	return mxcsr;
}

void values_machine(struct random *random, struct machine *machine)
{
	static const uint32_t status[] = { RFLAGS_CF, RFLAGS_PF, RFLAGS_AF, RFLAGS_ZF, RFLAGS_SF, RFLAGS_OF };
	struct fp_state *fp = &machine->fp;

	memset(machine, 0, sizeof(*machine));
	for (int k = 0; k < GPR_COUNT; k++)
		machine->r[k] = value_integer(random);
	machine->rflags = RFLAGS_FIXED | RFLAGS_IF;
	for (unsigned k = 0; k < sizeof(status) / sizeof(status[0]); k++)
		machine->rflags |= random_percent(random, 50) ? status[k] : 0;
	machine->fs_base = random_below(random, 0x2000);
	machine->gs_base = random_below(random, 0x2000) - (random_percent(random, 10) ? 0x1000 : 0);
	for (int k = 0; k < 16; k++) {
		uint8_t piece[32];

		fill_piece(random, piece);
		if (k && random_percent(random, 10)) /* equal ones: comparisons */
			memcpy(piece, fp->xmm[0], 16);
		memcpy(fp->xmm[k], piece, 16);
		memcpy(fp->ymm_high[k], piece + 16, 16);
	}
	fill_x87(random, fp);
	fp->mxcsr = random_mxcsr(random);
	fp->mxcsr_mask = 0xffff;
	fp->xstate_bv = 7;
}
