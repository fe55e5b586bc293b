/* RFLAGS: the bits, the sets of flags that the liveness analysis uses, and the conditions. */
#ifndef TICK86_EMU_FLAGS_H
#define TICK86_EMU_FLAGS_H

#include "emu/cpu/cpu.h"

/* RFLAGS bits: SDM vol. 1, 3.4.3. */
/* clang-format off */
enum {
	RFLAGS_CF = 1u << 0, RFLAGS_FIXED = 1u << 1, RFLAGS_PF = 1u << 2, RFLAGS_AF = 1u << 4, RFLAGS_ZF = 1u << 6,
	RFLAGS_SF = 1u << 7, RFLAGS_TF = 1u << 8, RFLAGS_IF = 1u << 9, RFLAGS_DF = 1u << 10, RFLAGS_OF = 1u << 11,
	RFLAGS_NT = 1u << 14, RFLAGS_RF = 1u << 16, RFLAGS_AC = 1u << 18, RFLAGS_ID = 1u << 21,
	RFLAGS_STATUS = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF,
};

/* Bits of flags_t. */
enum {
	FLAG_OF = 1u << 0, FLAG_CF = RFLAGS_CF << 8, FLAG_PF = RFLAGS_PF << 8, FLAG_AF = RFLAGS_AF << 8,
	FLAG_ZF = RFLAGS_ZF << 8, FLAG_SF = RFLAGS_SF << 8,
	FLAGS_ALL = FLAG_OF | FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF,
};
/* clang-format on */

/* Returns the whole of RFLAGS, as PUSHF and signal frames show it. */
static inline uint64_t rflags_get(const struct cpu *cpu)
{
	uint64_t value = RFLAGS_FIXED | RFLAGS_IF | ((cpu->flags >> 8) & (RFLAGS_STATUS & 0xff));

	value |= cpu->flags & FLAG_OF ? RFLAGS_OF : 0;
	value |= cpu->df ? RFLAGS_DF : 0;
	value |= cpu->tf ? RFLAGS_TF : 0;
	value |= cpu->nt ? RFLAGS_NT : 0;
	value |= cpu->ac ? RFLAGS_AC : 0;
	value |= cpu->id ? RFLAGS_ID : 0;
	return value;
}

/* Sets the bits that POPF may set at CPL 3. */
static inline void rflags_set(struct cpu *cpu, uint64_t value)
{
	cpu->flags = (flags_t)(((value & RFLAGS_STATUS & 0xff) << 8) | (value & RFLAGS_OF ? FLAG_OF : 0));
	cpu->df = value & RFLAGS_DF;
	cpu->tf = value & RFLAGS_TF;
	cpu->nt = value & RFLAGS_NT;
	cpu->ac = value & RFLAGS_AC;
	cpu->id = value & RFLAGS_ID;
}

/* Conditions by code, SDM vol. 1, appendix B: ORDER CC. */
static inline bool flags_o(flags_t f)
{
	return f & FLAG_OF;
}
static inline bool flags_b(flags_t f)
{
	return f & FLAG_CF;
}
static inline bool flags_z(flags_t f)
{
	return f & FLAG_ZF;
}
static inline bool flags_be(flags_t f)
{
	return f & (FLAG_CF | FLAG_ZF);
}
static inline bool flags_s(flags_t f)
{
	return f & FLAG_SF;
}
static inline bool flags_p(flags_t f)
{
	return f & FLAG_PF;
}
static inline bool flags_l(flags_t f)
{
	return ((f >> 15) ^ f) & 1;
}
static inline bool flags_le(flags_t f)
{
	return (f & FLAG_ZF) || flags_l(f);
}

/* Tests any condition code. Not for hot code. */
static inline bool flags_condition(flags_t f, unsigned cc)
{
	static bool (*const test[8])(flags_t) = {
		flags_o,
		flags_b,
		flags_z,
		flags_be,
		flags_s,
		flags_p,
		flags_l,
		flags_le,
	};
	return test[cc >> 1](f) != (cc & 1);
}

#endif
