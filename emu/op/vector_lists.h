/* Mnemonics of SSE, grouped by their operands; AVX has the same with a V. And the macros that make handlers of those that raise no
 * exceptions of their own. Each mnemonic is here once for all its encodings. */
#ifndef TICK86_EMU_OP_VECTOR_LISTS_H
#define TICK86_EMU_OP_VECTOR_LISTS_H

#include "emu/op/vector.h"

typedef uint32_t v128_u32 __attribute__((vector_size(16)));

/* a OP= b/m; VEX: a = b OP c/m, 128 and 256 bits */
/* clang-format off */
#define ARITHMETIC_OPS(X) \
	X(PADDB) X(PADDW) X(PADDD) X(PADDQ) X(PADDSB) X(PADDSW) X(PADDUSB) X(PADDUSW) X(PSUBB) X(PSUBW) X(PSUBD) \
	X(PSUBQ) X(PSUBSB) X(PSUBSW) X(PSUBUSB) X(PSUBUSW) X(PAVGB) X(PAVGW) X(PMULLW) X(PMULLD) X(PMULHW) \
	X(PMULHUW) X(PMULHRSW) X(PMULUDQ) X(PMULDQ) X(PMADDWD) X(PMADDUBSW) X(PSADBW) X(PSIGNB) X(PSIGNW) \
	X(PSIGND) X(PHADDW) X(PHADDD) X(PHADDSW) X(PHSUBW) X(PHSUBD) X(PHSUBSW)

#define COMPARE_OPS(X) \
	X(PCMPEQB) X(PCMPEQW) X(PCMPEQD) X(PCMPEQQ) X(PCMPGTB) X(PCMPGTW) X(PCMPGTD) X(PCMPGTQ) X(PMINSB) \
	X(PMINSW) X(PMINSD) X(PMINUB) X(PMINUW) X(PMINUD) X(PMAXSB) X(PMAXSW) X(PMAXSD) X(PMAXUB) X(PMAXUW) \
	X(PMAXUD)

#define LOGIC_OPS(X) \
	X(PAND) X(PANDN) X(POR) X(PXOR) X(ANDPS) X(ANDPD) X(ANDNPS) X(ANDNPD) X(ORPS) X(ORPD) X(XORPS) X(XORPD)

#define PACK_OPS(X) \
	X(PACKSSWB) X(PACKSSDW) X(PACKUSWB) X(PACKUSDW) X(PUNPCKLBW) X(PUNPCKLWD) X(PUNPCKLDQ) X(PUNPCKLQDQ) \
	X(PUNPCKHBW) X(PUNPCKHWD) X(PUNPCKHDQ) X(PUNPCKHQDQ) X(UNPCKLPS) X(UNPCKLPD) X(UNPCKHPS) X(UNPCKHPD) \
	X(PSHUFB)
/* clang-format on */

/* The same, but the count is always 128 bits wide, or an immediate */
#define SHIFT_OPS(X) X(PSLLW) X(PSLLD) X(PSLLQ) X(PSRLW) X(PSRLD) X(PSRLQ) X(PSRAW) X(PSRAD)

/* a = OP b/m */
#define UNARY_OPS(X) X(PABSB) X(PABSW) X(PABSD) X(MOVSHDUP) X(MOVSLDUP) X(MOVDDUP)

/* a = OP b/m; the source is narrower than the destination */
/* clang-format off */
#define WIDEN_OPS(X) \
	X(PMOVSXBW) X(PMOVSXBD) X(PMOVSXBQ) X(PMOVSXWD) X(PMOVSXWQ) X(PMOVSXDQ) X(PMOVZXBW) X(PMOVZXBD) \
	X(PMOVZXBQ) X(PMOVZXWD) X(PMOVZXWQ) X(PMOVZXDQ)
/* clang-format on */

/* a = OP b/m, imm */
#define SHUFFLE_OPS(X) X(PSHUFD) X(PSHUFHW) X(PSHUFLW)

/* a OP= b/m, imm; VEX: a = b OP c/m, imm. Numbers: how many immediates differ, for 128 and for 256 bits */
/* clang-format off */
#define BLEND_OPS(X) \
	X(SHUFPS, 256, 256) X(SHUFPD, 4, 16) X(PALIGNR, 256, 256) X(PBLENDW, 256, 256) X(BLENDPS, 16, 256) \
	X(BLENDPD, 4, 16) X(MPSADBW, 8, 64)
/* clang-format on */

/* r32 = OP b */
#define SIGN_MASK_OPS(X) X(PMOVMSKB) X(MOVMSKPS) X(MOVMSKPD)

/* a = a with r/m at imm: mnemonic, source's size in bytes, number of positions */
#define INSERT_OPS(X) X(PINSRB, 1, 16) X(PINSRW, 2, 8) X(PINSRD, 4, 4) X(PINSRQ, 8, 2)

/* 128 bits wide even in VEX, without VAES and VPCLMULQDQ */
#define AES_OPS(X) X(AESENC) X(AESENCLAST) X(AESDEC) X(AESDECLAST)
#define UNARY128_OPS(X) X(AESIMC) X(PHMINPOSUW)

/* a OP= b between registers; the forms with memory do something else, or do not exist */
#define MOVE_REGISTER_OPS(X) X(MOVSS) X(MOVSD) X(MOVHLPS) X(MOVLHPS)

/* a OP= m: half of a register from memory */
#define MOVE_HALF_OPS(X) X(MOVLPS) X(MOVLPD) X(MOVHPS) X(MOVHPD)

/* String comparisons by their result. Q: with REX.W the lengths are all of RAX and RDX. */
#define STRING_INDEX_OPS(X) X(PCMPISTRI) X(PCMPESTRI) X(PCMPESTRIQ)
#define STRING_MASK_OPS(X) X(PCMPISTRM) X(PCMPESTRM) X(PCMPESTRMQ)

/* --- stampers --------------------------------------------------------------------------------------- */

#define SSE_BINARY(NAME) SSE_BINARY_BODY(NAME, ) TWO_OPERAND_HANDLERS(NAME, NAME##_body)
#define SSE_UNARY(NAME) SSE_UNARY_BODY(NAME, ) TWO_OPERAND_HANDLERS(NAME, NAME##_body)
#define SSE_ROWS(NAME) TWO_OPERAND_ROWS(OP_##NAME, NAME, K_X, K_X, 0, 0)

#define VEX128_BINARY(NAME) VEX128_BINARY_BODY(NAME, ) THREE_OPERAND_HANDLERS(NAME##_x, NAME##_128)
#define VEX256_BINARY(NAME) VEX256_BINARY_BODY(NAME, ) THREE_OPERAND_HANDLERS(NAME##_y, NAME##_256)
#define VEX128_BINARY_ROWS(NAME) THREE_OPERAND_ROWS(OP_##NAME, NAME##_x, K_X, K_X, K_X, 0)
#define VEX256_BINARY_ROWS(NAME) THREE_OPERAND_ROWS(OP_##NAME, NAME##_y, K_Y, K_Y, K_Y, 0)

#define VEX128_UNARY(NAME) VEX128_UNARY_BODY(NAME, ) TWO_OPERAND_HANDLERS(NAME##_x, NAME##_128)
#define VEX256_UNARY(NAME) VEX256_UNARY_BODY(NAME, ) TWO_OPERAND_HANDLERS(NAME##_y, NAME##_256)
#define VEX128_UNARY_ROWS(NAME) TWO_OPERAND_ROWS(OP_##NAME, NAME##_x, K_X, K_X, 0, 0)
#define VEX256_UNARY_ROWS(NAME, from) TWO_OPERAND_ROWS(OP_##NAME, NAME##_y, K_Y, from, 0, 0)

/* Both widths; NAME is SSE's mnemonic */
#define AVX_BINARY(NAME) VEX128_BINARY(V##NAME) VEX256_BINARY(V##NAME)
#define AVX_BINARY_ROWS(NAME) VEX128_BINARY_ROWS(V##NAME) VEX256_BINARY_ROWS(V##NAME)
#define AVX_UNARY(NAME) VEX128_UNARY(V##NAME) VEX256_UNARY(V##NAME)
#define AVX_UNARY_ROWS(NAME) VEX128_UNARY_ROWS(V##NAME) VEX256_UNARY_ROWS(V##NAME, K_Y)
#define AVX_WIDEN_ROWS(NAME) VEX128_UNARY_ROWS(V##NAME) VEX256_UNARY_ROWS(V##NAME, K_X)

/* Parts of registers with zeros above, in both encodings. `set` writes a whole XMM register. */
#define PART_HANDLERS(set)                                                             \
	BODY load32_body(BODY_PARAMETERS, const void *source)                          \
	{                                                                              \
		set(vreg(cpu, i->a), (v128)(v128_u32){ *(const guest_u32 *)source });  \
	}                                                                              \
	BODY load64_body(BODY_PARAMETERS, const void *source)                          \
	{                                                                              \
		set(vreg(cpu, i->a), (v128){ (long long)*(const guest_u64 *)source }); \
	}                                                                              \
	MEMORY_HANDLERS(load32, load32_body)                                           \
	TWO_OPERAND_HANDLERS(load64, load64_body)                                      \
	static HANDLER(load_gpr32)                                                     \
	{                                                                              \
		load32_body(cpu, i, reg32(cpu, i->b));                                 \
		NEXT();                                                                \
	}                                                                              \
	static HANDLER(load_gpr64)                                                     \
	{                                                                              \
		load64_body(cpu, i, reg64(cpu, i->b));                                 \
		NEXT();                                                                \
	}

/* String comparisons in both encodings. The memory operand need not be aligned; bit 7 of the immediate has no meaning. */
#define STRING_COMPARE(NAME, type, constraint, set_result)                                     \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                                  \
	{                                                                                      \
		v128 other = *(const v128_unaligned *)source;                                  \
		uint64_t n = i->imm, rax = cpu->r[RAX];                                        \
		type result;                                                                   \
		__asm__(LADDER(128, #NAME " $.Limmediate, %[other], %[a]") "seto %%al\n\tlahf" \
			: constraint(result), "+a"(rax), LADDER_OPERANDS(n)                    \
			: [a] "x"(*xmm(cpu, i->a)), [other] "x"(other), "d"(cpu->r[RDX]));     \
		set_result(cpu, result);                                                       \
		cpu->flags = (flags_t)rax;                                                     \
	}                                                                                      \
	TWO_OPERAND_IMMEDIATE_HANDLERS(NAME, NAME##_body)
#define STRING_INDEX(NAME) STRING_COMPARE(NAME, uint32_t, "=c", set_string_index)
#define STRING_ROW(NAME) TWO_OPERAND_IMMEDIATE_ROWS(OP_##NAME, NAME, K_X, K_X, 0, FLAGS_ALL)
/* clang-format off */
#define STRING_WIDE_ROW(NAME)                                                                                                \
	{ .op = OP_##NAME, .size0 = 8, .pattern = PATTERN3(K_X, K_X, K_I), .attributes = FORM_BY_WIDTH, .writes = FLAGS_ALL, \
	  .run = { NAME##Q_r } },                                                                                            \
	{ .op = OP_##NAME, .size0 = 8, .pattern = PATTERN3(K_X, K_M, K_I), .attributes = FORM_BY_WIDTH, .writes = FLAGS_ALL, \
	  .run = { NAME##Q_based } },
/* clang-format on */
/* The wide rows come before the others, which match any width. */
#define STRING_ROWS(prefix)                \
	STRING_WIDE_ROW(prefix##PCMPESTRI) \
	STRING_WIDE_ROW(prefix##PCMPESTRM) \
	STRING_ROW(prefix##PCMPISTRI) STRING_ROW(prefix##PCMPESTRI) STRING_ROW(prefix##PCMPISTRM) STRING_ROW(prefix##PCMPESTRM)

static inline void set_string_index(struct cpu *cpu, uint32_t index)
{
	cpu->r[RCX] = index;
}

#endif
