/* The computations of the integer operations, without their operands. Flags are the host's own. */
#ifndef TICK86_EMU_ALU_H
#define TICK86_EMU_ALU_H

#include "emu/cpu/flags.h"

/* dst = dst OP src, with the operation's flags. The variant for dead flags does not compute them. */
#define BINARY_BODY(name, BITS, suffix)                                                                        \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, uint##BITS##_t src, flags_t *flags)        \
	{                                                                                                      \
		uint32_t ax;                                                                                   \
		__asm__(#name suffix " %2, %0\n\tseto %%al\n\tlahf" : "+q"(dst), "=a"(ax) : "qm"(src) : "cc"); \
		*flags = (flags_t)ax;                                                                          \
		return dst;                                                                                    \
	}                                                                                                      \
	static inline uint##BITS##_t name##BITS##_dead(uint##BITS##_t dst, uint##BITS##_t src, flags_t *flags) \
	{                                                                                                      \
		(void)flags;                                                                                   \
		__asm__(#name suffix " %1, %0" : "+q"(dst) : "qm"(src) : "cc");                                \
		return dst;                                                                                    \
	}

/* The same with CF as an operand. */
#define CARRY_BODY(name, BITS, suffix)                                                                                    \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, uint##BITS##_t src, flags_t *flags)                   \
	{                                                                                                                 \
		uint32_t ax = *flags;                                                                                     \
		__asm__("sahf\n\t" #name suffix " %2, %0\n\tseto %%al\n\tlahf" : "+q"(dst), "+a"(ax) : "qm"(src) : "cc"); \
		*flags = (flags_t)ax;                                                                                     \
		return dst;                                                                                               \
	}                                                                                                                 \
	static inline uint##BITS##_t name##BITS##_dead(uint##BITS##_t dst, uint##BITS##_t src, flags_t *flags)            \
	{                                                                                                                 \
		uint32_t ax = *flags;                                                                                     \
		__asm__("sahf\n\t" #name suffix " %1, %0" : "+q"(dst) : "qm"(src), "a"(ax) : "cc");                       \
		return dst;                                                                                               \
	}

/* One operand. INC and DEC keep CF, so it is loaded first; NEG does not need that. */
#define UNARY_BODY(name, BITS, suffix)                                                                      \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, flags_t *flags)                         \
	{                                                                                                   \
		uint32_t ax = *flags;                                                                       \
		__asm__("sahf\n\t" #name suffix " %0\n\tseto %%al\n\tlahf" : "+q"(dst), "+a"(ax) : : "cc"); \
		*flags = (flags_t)ax;                                                                       \
		return dst;                                                                                 \
	}                                                                                                   \
	static inline uint##BITS##_t name##BITS##_dead(uint##BITS##_t dst, flags_t *flags)                  \
	{                                                                                                   \
		(void)flags;                                                                                \
		__asm__(#name suffix " %0" : "+q"(dst) : : "cc");                                           \
		return dst;                                                                                 \
	}

#define EACH_WIDTH(STAMP, ...) \
	STAMP(__VA_ARGS__, 8, "b") STAMP(__VA_ARGS__, 16, "w") STAMP(__VA_ARGS__, 32, "l") STAMP(__VA_ARGS__, 64, "q")

EACH_WIDTH(BINARY_BODY, add)
EACH_WIDTH(BINARY_BODY, or)
EACH_WIDTH(BINARY_BODY, and)
EACH_WIDTH(BINARY_BODY, sub)
EACH_WIDTH(BINARY_BODY, xor)
EACH_WIDTH(CARRY_BODY, adc)
EACH_WIDTH(CARRY_BODY, sbb)
EACH_WIDTH(UNARY_BODY, inc)
EACH_WIDTH(UNARY_BODY, dec)
EACH_WIDTH(UNARY_BODY, neg)

#endif
