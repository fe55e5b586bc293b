/* MMX. Register n is the mantissa of the physical x87 register n. The host's MMX unit does the arithmetic in mm0, and is left as EMMS
 * leaves it. Every MMX instruction marks the x87 stack as full, with its top at 0 (SDM vol. 1, 9.5.1). */
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"
#include "emu/op/vector.h"
#include "emu/op/x87_host.h"

enum { ALL_VALID = 0xff, MMX_EXPONENT = 0xffff };

/* Comes first: a pending x87 exception has priority. The record itself may raise exceptions later. */
#define MMX_BEGIN()                                   \
	do {                                          \
		X87_PARKED();                         \
		announce(cpu, i);                     \
		if (unlikely(x87_pending(&cpu->x87))) \
			return raise_mf(cpu, i);      \
	} while (0)

static inline uint64_t *mm(struct cpu *cpu, uint8_t reg)
{
	return &cpu->x87.r[reg].mantissa;
}

static inline void mmx_used(struct cpu *cpu)
{
	cpu->x87.top = 0;
	cpu->x87.valid = ALL_VALID;
}

static inline void set_mm(struct cpu *cpu, uint8_t reg, uint64_t value)
{
	cpu->x87.r[reg].mantissa = value;
	cpu->x87.r[reg].exponent = MMX_EXPONENT;
	mmx_used(cpu);
}

/* --- a = a OP b/m ----------------------------------------------------------------------------------- */

/* clang-format off */
#define BINARY_OPS(X)                                                                                            \
	X(PACKSSDW) X(PACKSSWB) X(PACKUSWB) X(PADDB) X(PADDD) X(PADDQ) X(PADDSB) X(PADDSW) X(PADDUSB) X(PADDUSW)  \
	X(PADDW) X(PAND) X(PANDN) X(PAVGB) X(PAVGW) X(PCMPEQB) X(PCMPEQD) X(PCMPEQW) X(PCMPGTB) X(PCMPGTD)        \
	X(PCMPGTW) X(PMADDWD) X(PMAXSW) X(PMAXUB) X(PMINSW) X(PMINUB) X(PMULHUW) X(PMULHW) X(PMULLW) X(PMULUDQ)   \
	X(POR) X(PSADBW) X(PSLLD) X(PSLLQ) X(PSLLW) X(PSRAD) X(PSRAW) X(PSRLD) X(PSRLQ) X(PSRLW) X(PSUBB)         \
	X(PSUBD) X(PSUBQ) X(PSUBSB) X(PSUBSW) X(PSUBUSB) X(PSUBUSW) X(PSUBW) X(PUNPCKHBW) X(PUNPCKHDQ)            \
	X(PUNPCKHWD) X(PUNPCKLBW) X(PUNPCKLDQ) X(PUNPCKLWD) X(PXOR)                                               \
	/* SSSE3; PABS does not read a */                                                                         \
	X(PABSB) X(PABSD) X(PABSW) X(PHADDD) X(PHADDSW) X(PHADDW) X(PHSUBD) X(PHSUBSW) X(PHSUBW) X(PMADDUBSW)     \
	X(PMULHRSW) X(PSHUFB) X(PSIGNB) X(PSIGND) X(PSIGNW)
/* clang-format on */

#define BINARY(NAME)                                                                               \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                                      \
	{                                                                                          \
		uint64_t value;                                                                    \
		__asm__ volatile("movq %1, %%mm0\n\t" #NAME " %2, %%mm0\n\tmovq %%mm0, %0\n\temms" \
				 : "=m"(value)                                                     \
				 : "m"(*mm(cpu, i->a)), "m"(*(const guest_u64 *)source)            \
				 : "mm0", "memory");                                               \
		set_mm(cpu, i->a, value);                                                          \
	}                                                                                          \
	static HANDLER(NAME##_r)                                                                   \
	{                                                                                          \
		MMX_BEGIN();                                                                       \
		NAME##_body(cpu, i, mm(cpu, i->b));                                                \
		NEXT();                                                                            \
	}                                                                                          \
	static HANDLER(NAME##_m)                                                                   \
	{                                                                                          \
		MMX_BEGIN();                                                                       \
		NAME##_body(cpu, i, guest_pointer(cpu, i, address_based(cpu, i)));                 \
		NEXT();                                                                            \
	}
BINARY_OPS(BINARY)

/* --- shifts by an immediate: the count from a register means the same -------------------------------- */

#define SHIFT_OPS(X) X(PSLLD) X(PSLLQ) X(PSLLW) X(PSRAD) X(PSRAW) X(PSRLD) X(PSRLQ) X(PSRLW)
#define SHIFT(NAME)                               \
	static HANDLER(NAME##_i)                  \
	{                                         \
		uint64_t count = (uint8_t)i->imm; \
                                                  \
		MMX_BEGIN();                      \
		NAME##_body(cpu, i, &count);      \
		NEXT();                           \
	}
SHIFT_OPS(SHIFT)

/* --- with an immediate ------------------------------------------------------------------------------- */

static inline uint64_t shuffle_words(struct cpu *cpu, const struct insn *i, uint64_t source)
{
	uint64_t value = 0;

	(void)cpu;
	for (unsigned k = 0; k < 4; k++)
		value |= (source >> 16 * (i->imm >> 2 * k & 3) & 0xffff) << 16 * k;
	return value;
}

static inline uint64_t align_bytes(struct cpu *cpu, const struct insn *i, uint64_t source)
{
	unsigned __int128 both = (unsigned __int128)*mm(cpu, i->a) << 64 | source;
	unsigned bits = (uint8_t)i->imm * 8u;

	return bits < 128 ? (uint64_t)(both >> bits) : 0;
}

#define IMMEDIATE(name, function)                                                                 \
	static HANDLER(name##_r)                                                                  \
	{                                                                                         \
		MMX_BEGIN();                                                                      \
		set_mm(cpu, i->a, function(cpu, i, *mm(cpu, i->b)));                              \
		NEXT();                                                                           \
	}                                                                                         \
	static HANDLER(name##_m)                                                                  \
	{                                                                                         \
		MMX_BEGIN();                                                                      \
		set_mm(cpu, i->a, function(cpu, i, guest_load64(cpu, i, address_based(cpu, i)))); \
		NEXT();                                                                           \
	}
IMMEDIATE(PSHUFW, shuffle_words)
IMMEDIATE(PALIGNR, align_bytes)

static inline uint64_t insert_word(struct cpu *cpu, const struct insn *i, uint16_t word)
{
	unsigned at = 16 * (i->imm & 3);

	return (*mm(cpu, i->a) & ~(0xffffULL << at)) | (uint64_t)word << at;
}

static HANDLER(PINSRW_r)
{
	MMX_BEGIN();
	set_mm(cpu, i->a, insert_word(cpu, i, *reg16(cpu, i->b)));
	NEXT();
}

static HANDLER(PINSRW_m)
{
	MMX_BEGIN();
	set_mm(cpu, i->a, insert_word(cpu, i, guest_load16(cpu, i, address_based(cpu, i))));
	NEXT();
}

static HANDLER(PEXTRW_r)
{
	MMX_BEGIN();
	set_reg32(cpu, i->a, (uint16_t)(*mm(cpu, i->b) >> 16 * (i->imm & 3)));
	mmx_used(cpu);
	NEXT();
}

static HANDLER(PMOVMSKB_r)
{
	uint32_t mask;

	MMX_BEGIN();
	__asm__ volatile("movq %1, %%mm0\n\tpmovmskb %%mm0, %0\n\temms" : "=r"(mask) : "m"(*mm(cpu, i->b)) : "mm0");
	set_reg32(cpu, i->a, mask);
	mmx_used(cpu);
	NEXT();
}

/* --- moves -------------------------------------------------------------------------------------------- */

/* mm <- value */
#define LOAD(name, value)                 \
	static HANDLER(name)              \
	{                                 \
		MMX_BEGIN();              \
		set_mm(cpu, i->a, value); \
		NEXT();                   \
	}
LOAD(load_r32, *reg32(cpu, i->b))
LOAD(load_r64, *reg64(cpu, i->b))
LOAD(load_m32, guest_load32(cpu, i, address_based(cpu, i)))
LOAD(load_m64, guest_load64(cpu, i, address_based(cpu, i)))
LOAD(load_mm, *mm(cpu, i->b))
LOAD(load_xmm, vreg(cpu, i->b)->u64[0])

/* destination <- mm */
#define STORE(name, store)     \
	static HANDLER(name)   \
	{                      \
		MMX_BEGIN();   \
		store;         \
		mmx_used(cpu); \
		NEXT();        \
	}
STORE(store_r32, set_reg32(cpu, i->a, (uint32_t)*mm(cpu, i->b)))
STORE(store_r64, set_reg64(cpu, i->a, *mm(cpu, i->b)))
STORE(store_m32, guest_store32(cpu, i, address_based(cpu, i), (uint32_t)*mm(cpu, i->a)))
STORE(store_m64, guest_store64(cpu, i, address_based(cpu, i), *mm(cpu, i->a)))
STORE(store_xmm, *xmm(cpu, i->a) = ((v128){ (long long)*mm(cpu, i->b), 0 }))

/* Stores the bytes of `a` whose mask in `b` is negative at RDI; c is the segment's base, d is 1 with 32-bit addresses. */
static HANDLER(store_masked_bytes)
{
	uint64_t offset = i->d ? (uint32_t)cpu->r[RDI] : cpu->r[RDI];
	void *destination;

	MMX_BEGIN();
	mmx_used(cpu); /* also if the store faults */
	destination = guest_pointer(cpu, i, *reg64(cpu, i->c) + offset);
	__asm__ volatile("movq %0, %%mm0\n\tmovq %1, %%mm1\n\tmaskmovq %%mm1, %%mm0\n\temms"
			 :
			 : "m"(*mm(cpu, i->a)), "m"(*mm(cpu, i->b)), "D"(destination)
			 : "mm0", "mm1", "memory");
	NEXT();
}

static HANDLER(emms)
{
	MMX_BEGIN();
	cpu->x87.top = 0;
	cpu->x87.valid = 0;
	NEXT();
}

/* --- conversions: the host's MXCSR is the guest's ------------------------------------------------------
 * The x87 stack becomes full even where a floating-point exception ends the instruction. */

/* xmm <- integers. With a memory operand, only the check for exceptions makes this an MMX instruction. */
#define FROM_INTEGERS(NAME)                                                                        \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                                      \
	{                                                                                          \
		v128 *a = xmm(cpu, i->a), value = *a;                                              \
		__asm__ volatile(#NAME " %1, %0" : "+x"(value) : "m"(*(const guest_u64 *)source)); \
		*a = value;                                                                        \
	}                                                                                          \
	static HANDLER(NAME##_r)                                                                   \
	{                                                                                          \
		MMX_BEGIN();                                                                       \
		mmx_used(cpu);                                                                     \
		NAME##_body(cpu, i, mm(cpu, i->b));                                                \
		NEXT();                                                                            \
	}                                                                                          \
	static HANDLER(NAME##_m)                                                                   \
	{                                                                                          \
		NAME##_body(cpu, i, guest_pointer(cpu, i, address_based(cpu, i)));                 \
		NEXT();                                                                            \
	}
FROM_INTEGERS(CVTPI2PS)
FROM_INTEGERS(CVTPI2PD)

/* mm <- floats */
#define TO_INTEGERS(NAME, TYPE)                                                                                               \
	BODY NAME##_body(BODY_PARAMETERS, TYPE source)                                                                        \
	{                                                                                                                     \
		uint64_t value;                                                                                               \
		mmx_used(cpu);                                                                                                \
		__asm__ volatile(#NAME " %1, %%mm0\n\tmovq %%mm0, %0\n\temms" : "=m"(value) : "m"(source) : "mm0", "memory"); \
		set_mm(cpu, i->a, value);                                                                                     \
	}                                                                                                                     \
	static HANDLER(NAME##_r)                                                                                              \
	{                                                                                                                     \
		MMX_BEGIN();                                                                                                  \
		NAME##_body(cpu, i, *(const TYPE *)vreg(cpu, i->b));                                                          \
		NEXT();                                                                                                       \
	}                                                                                                                     \
	static HANDLER(NAME##_m)                                                                                              \
	{                                                                                                                     \
		TYPE source;                                                                                                  \
		MMX_BEGIN();                                                                                                  \
		source = *(const volatile TYPE *)guest_pointer(cpu, i, address_based(cpu, i));                                \
		compiler_barrier();                                                                                           \
		NAME##_body(cpu, i, source);                                                                                  \
		NEXT();                                                                                                       \
	}
TO_INTEGERS(CVTPS2PI, guest_u64)
TO_INTEGERS(CVTTPS2PI, guest_u64)
TO_INTEGERS(CVTPD2PI, v128)
TO_INTEGERS(CVTTPD2PI, v128)

/* --- rows ---------------------------------------------------------------------------------------------- */

#define ROW(OP, PATTERN, name) { .op = OP, .pattern = PATTERN, .attributes = FORM_FAULTS, .run = { name } },
#define ROWS(op, to, from, name) ROW(op, PATTERN2(to, from), name##_r) ROW(op, PATTERN2(to, K_M), name##_m)
#define BINARY_ROWS(NAME) ROWS(OP_##NAME, K_Q, K_Q, NAME)
#define SHIFT_ROW(NAME) ROW(OP_##NAME, PATTERN2(K_Q, K_I), NAME##_i)
#define IMMEDIATE_ROWS(op, from, name) ROW(op, PATTERN3(K_Q, from, K_I), name##_r) ROW(op, PATTERN3(K_Q, K_M, K_I), name##_m)

static const struct form rows[] = {
	BINARY_OPS(BINARY_ROWS) SHIFT_OPS(SHIFT_ROW) IMMEDIATE_ROWS(OP_PSHUFW, K_Q, PSHUFW) IMMEDIATE_ROWS(OP_PALIGNR, K_Q,
		PALIGNR) IMMEDIATE_ROWS(OP_PINSRW, K_R, PINSRW) ROW(OP_PEXTRW, PATTERN3(K_R, K_Q, K_I), PEXTRW_r) ROW(OP_PMOVMSKB,
		PATTERN2(K_R, K_Q), PMOVMSKB_r) ROW(OP_MOVD, PATTERN2(K_Q, K_R), load_r32) ROW(OP_MOVD, PATTERN2(K_Q, K_M), load_m32)
		ROW(OP_MOVD, PATTERN2(K_R, K_Q), store_r32) ROW(OP_MOVD, PATTERN2(K_M, K_Q), store_m32) ROW(OP_MOVQ, PATTERN2(K_Q, K_R),
			load_r64) ROW(OP_MOVQ, PATTERN2(K_Q, K_M), load_m64) ROW(OP_MOVQ, PATTERN2(K_Q, K_Q), load_mm)
			ROW(OP_MOVQ, PATTERN2(K_R, K_Q), store_r64) ROW(OP_MOVQ, PATTERN2(K_M, K_Q), store_m64)
				ROW(OP_MOVNTQ, PATTERN2(K_M, K_Q), store_m64) ROW(OP_MOVDQ2Q, PATTERN2(K_Q, K_X), load_xmm)
					ROW(OP_MOVQ2DQ, PATTERN2(K_X, K_Q), store_xmm){ .op = OP_MASKMOVQ,
						.pattern = PATTERN2(K_Q, K_Q),
						.hidden = HIDDEN_RDI,
						.attributes = FORM_FAULTS | FORM_WRITES_RDI,
						.run = { store_masked_bytes } },
	ROW(OP_EMMS, PATTERN_NONE, emms) ROWS(OP_CVTPI2PS, K_X, K_Q, CVTPI2PS) ROWS(OP_CVTPI2PD, K_X, K_Q, CVTPI2PD)
		ROWS(OP_CVTPS2PI, K_Q, K_X, CVTPS2PI) ROWS(OP_CVTTPS2PI, K_Q, K_X, CVTTPS2PI) ROWS(OP_CVTPD2PI, K_Q, K_X, CVTPD2PI)
			ROWS(OP_CVTTPD2PI, K_Q, K_X, CVTTPD2PI)
};

const struct form_list mmx_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .handled = true };
