/* The computations of the shifts, without their operands. */
#ifndef TICK86_EMU_SHIFT_H
#define TICK86_EMU_SHIFT_H

#include "emu/op/alu.h"

#define EACH_WIDE_WIDTH(STAMP, ...) STAMP(__VA_ARGS__, 16, "w") STAMP(__VA_ARGS__, 32, "l") STAMP(__VA_ARGS__, 64, "q")

/* Flags that an instruction leaves undefined (SDM vol. 2) are 0 here, since hosts differ in them: AF of shifts, OF for counts other than
 * 1. A count of 0 keeps all flags. */
static inline flags_t sar_defined(uint8_t count, unsigned bits)
{
	unsigned masked = count & (bits == 64 ? 63 : 31);
	flags_t defined = (flags_t)(FLAGS_ALL & ~FLAG_AF);

	defined &= masked == 1 ? FLAGS_ALL : (flags_t)~FLAG_OF;
	return masked ? defined : FLAGS_ALL;
}

/* The same for CF of shifts by more than the operand's width. For a shift by exactly the width it is the last bit shifted out: APM vol.
 * 3, SHL; SDM vol. 2, SHLD. */
static inline flags_t shift_defined(uint8_t count, unsigned bits)
{
	return bits < 32 && (count & 31) > bits ? (flags_t)(sar_defined(count, bits) & ~FLAG_CF) : sar_defined(count, bits);
}

static inline flags_t rotate_defined(uint8_t count, unsigned bits)
{
	return (count & (bits == 64 ? 63 : 31)) > 1 ? (flags_t)(FLAGS_ALL & ~FLAG_OF) : FLAGS_ALL;
}

/* Three bodies for each shift. One loads the old flags first (rotates keep some, a count of 0 keeps all). One sets flags whatever they
 * were (SHL SHR SAR, count not 0). One computes no flags. */
#define SHIFT_BODY(name, defined, BITS, suffix)                                                                   \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, uint8_t count, flags_t *flags)                \
	{                                                                                                         \
		uint32_t ax = *flags;                                                                             \
		__asm__("addb $127, %%al\n\tsahf\n\t" #name suffix " %%cl, %0\n\tseto %%al\n\tlahf"               \
			: "+q"(dst), "+a"(ax)                                                                     \
			: "c"(count)                                                                              \
			: "cc");                                                                                  \
		*flags = (flags_t)ax & defined(count, BITS);                                                      \
		return dst;                                                                                       \
	}                                                                                                         \
	static inline uint##BITS##_t name##BITS##_set(uint##BITS##_t dst, uint8_t count, flags_t *flags)          \
	{                                                                                                         \
		uint32_t ax;                                                                                      \
		__asm__(#name suffix " %%cl, %0\n\tseto %%al\n\tlahf" : "+q"(dst), "=a"(ax) : "c"(count) : "cc"); \
		*flags = (flags_t)ax & defined(count, BITS);                                                      \
		return dst;                                                                                       \
	}                                                                                                         \
	static inline uint##BITS##_t name##BITS##_dead(uint##BITS##_t dst, uint8_t count, flags_t *flags)         \
	{                                                                                                         \
		(void)flags;                                                                                      \
		__asm__(#name suffix " %%cl, %0" : "+q"(dst) : "c"(count) : "cc");                                \
		return dst;                                                                                       \
	}

/* RCL and RCR take CF as input. */
#define CARRY_SHIFT_BODY(name, BITS, suffix)                                                        \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, uint8_t count, flags_t *flags)  \
	{                                                                                           \
		uint32_t ax = *flags;                                                               \
		__asm__("addb $127, %%al\n\tsahf\n\t" #name suffix " %%cl, %0\n\tseto %%al\n\tlahf" \
			: "+q"(dst), "+a"(ax)                                                       \
			: "c"(count)                                                                \
			: "cc");                                                                    \
		*flags = (flags_t)ax & rotate_defined(count, BITS);                                 \
		return dst;                                                                         \
	}

#define DOUBLE_SHIFT_BODY(name, BITS, suffix)                                                                          \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, uint##BITS##_t src, uint8_t count, flags_t *flags) \
	{                                                                                                              \
		uint32_t ax = *flags;                                                                                  \
		__asm__("addb $127, %%al\n\tsahf\n\t" #name suffix " %%cl, %3, %0\n\tseto %%al\n\tlahf"                \
			: "+r"(dst), "+a"(ax)                                                                          \
			: "c"(count), "r"(src)                                                                         \
			: "cc");                                                                                       \
		*flags = (flags_t)ax & shift_defined(count, BITS);                                                     \
		return dst;                                                                                            \
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
