/* What the shifts compute, apart from where their operands are. */
#ifndef TICK86_EMU_SHIFT_H
#define TICK86_EMU_SHIFT_H

#include "emu/op/alu.h"

#define EACH_WIDE_WIDTH(STAMP, ...) \
	STAMP(__VA_ARGS__, 16, "w") STAMP(__VA_ARGS__, 32, "l") STAMP(__VA_ARGS__, 64, "q")

/* Flags that an instruction leaves undefined (SDM vol. 2) are 0 here, as what the host makes of them is not the same everywhere: AF
 * of shifts, OF of counts other than 1. A count of 0 leaves all as they are. */
static inline flags_t sar_defined(uint8_t count, unsigned bits)
{
	unsigned masked = count & (bits == 64 ? 63 : 31);
	flags_t defined = (flags_t)(FLAGS_ALL & ~FLAG_AF);

	defined &= masked == 1 ? FLAGS_ALL : (flags_t)~FLAG_OF;
	return masked ? defined : FLAGS_ALL;
}

/* CF, too, of shifts beyond the operand. By the operand's width it is the last bit shifted out: APM vol. 3, SHL; SDM vol. 2, SHLD. */
static inline flags_t shift_defined(uint8_t count, unsigned bits)
{
	return bits < 32 && (count & 31) > bits ? (flags_t)(sar_defined(count, bits) & ~FLAG_CF) : sar_defined(count, bits);
}

static inline flags_t rotate_defined(uint8_t count, unsigned bits)
{
	return (count & (bits == 64 ? 63 : 31)) > 1 ? (flags_t)(FLAGS_ALL & ~FLAG_OF) : FLAGS_ALL;
}

/* Three ways to shift: with the flags as they were loaded first (rotates keep some, a count of 0 keeps all), with flags that
 * the operation sets whatever they were (SHL SHR SAR, count not 0), and without flags. */
#define SHIFT_BODY(name, defined, BITS, suffix)                                                                          \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, uint8_t count, flags_t *flags)               \
	{                                                                                                       \
		uint32_t ax = *flags;                                                                           \
		__asm__("addb $127, %%al\n\tsahf\n\t" #name suffix " %%cl, %0\n\tseto %%al\n\tlahf"             \
		        : "+q"(dst), "+a"(ax) : "c"(count) : "cc");                                             \
		*flags = (flags_t)ax & defined(count, BITS);                                                    \
		return dst;                                                                                     \
	}                                                                                                       \
	static inline uint##BITS##_t name##BITS##_set(uint##BITS##_t dst, uint8_t count, flags_t *flags)         \
	{                                                                                                       \
		uint32_t ax;                                                                                    \
		__asm__(#name suffix " %%cl, %0\n\tseto %%al\n\tlahf" : "+q"(dst), "=a"(ax) : "c"(count) : "cc"); \
		*flags = (flags_t)ax & defined(count, BITS);                                                    \
		return dst;                                                                                     \
	}                                                                                                       \
	static inline uint##BITS##_t name##BITS##_dead(uint##BITS##_t dst, uint8_t count, flags_t *flags)        \
	{                                                                                                       \
		(void)flags;                                                                                    \
		__asm__(#name suffix " %%cl, %0" : "+q"(dst) : "c"(count) : "cc");                              \
		return dst;                                                                                     \
	}

/* RCL and RCR take CF in. */
#define CARRY_SHIFT_BODY(name, BITS, suffix)                                                                    \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, uint8_t count, flags_t *flags)               \
	{                                                                                                       \
		uint32_t ax = *flags;                                                                           \
		__asm__("addb $127, %%al\n\tsahf\n\t" #name suffix " %%cl, %0\n\tseto %%al\n\tlahf"             \
		        : "+q"(dst), "+a"(ax) : "c"(count) : "cc");                                             \
		*flags = (flags_t)ax & rotate_defined(count, BITS);                                             \
		return dst;                                                                                     \
	}

#define DOUBLE_SHIFT_BODY(name, BITS, suffix)                                                                   \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, uint##BITS##_t src, uint8_t count, flags_t *flags) \
	{                                                                                                       \
		uint32_t ax = *flags;                                                                           \
		__asm__("addb $127, %%al\n\tsahf\n\t" #name suffix " %%cl, %3, %0\n\tseto %%al\n\tlahf"         \
		        : "+r"(dst), "+a"(ax) : "c"(count), "r"(src) : "cc");                                   \
		*flags = (flags_t)ax & shift_defined(count, BITS);                                              \
		return dst;                                                                                     \
	}

EACH_WIDTH(SHIFT_BODY, shl, shift_defined)
EACH_WIDTH(SHIFT_BODY, shr, shift_defined)
EACH_WIDTH(SHIFT_BODY, sar, sar_defined)
EACH_WIDTH(SHIFT_BODY, rol, rotate_defined)
EACH_WIDTH(SHIFT_BODY, ror, rotate_defined)
EACH_WIDTH(CARRY_SHIFT_BODY, rcl)
EACH_WIDTH(CARRY_SHIFT_BODY, rcr)
EACH_WIDE_WIDTH(DOUBLE_SHIFT_BODY, shld)
EACH_WIDE_WIDTH(DOUBLE_SHIFT_BODY, shrd)

#endif
