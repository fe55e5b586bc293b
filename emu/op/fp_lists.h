/* SSE's floating-point mnemonics, grouped by their operands; AVX has the same with a V. And the macros that make handlers of them. They
 * may raise SIMD floating-point exceptions, with or without a memory operand: the host's SIGFPE becomes the guest's #XM, and nothing has
 * been written by then. RCP and RSQRT are in emu/op/approximate.h. */
#ifndef TICK86_EMU_OP_FP_LISTS_H
#define TICK86_EMU_OP_FP_LISTS_H

#include "emu/op/vector.h"

/* a OP= b/m; VEX: a = b OP c/m, 128 and 256 bits */
/* clang-format off */
#define FP_PACKED_OPS(X) \
	X(ADDPS) X(ADDPD) X(SUBPS) X(SUBPD) X(MULPS) X(MULPD) X(DIVPS) X(DIVPD) X(MINPS) X(MINPD) X(MAXPS) X(MAXPD) \
	X(ADDSUBPS) X(ADDSUBPD) X(HADDPS) X(HADDPD) X(HSUBPS) X(HSUBPD)
/* clang-format on */

/* The same on the lowest element; the other elements come from a (VEX: b). SQRT and the conversions do not read the lowest element of a
 * or b. */
/* clang-format off */
#define FP_SCALAR_OPS(X) \
	X(ADDSS) X(ADDSD) X(SUBSS) X(SUBSD) X(MULSS) X(MULSD) X(DIVSS) X(DIVSD) X(MINSS) X(MINSD) X(MAXSS) X(MAXSD) \
	X(SQRTSS) X(SQRTSD)
/* clang-format on */
#define FP_CONVERT_SCALAR_OPS(X) X(CVTSS2SD) X(CVTSD2SS)

/* a = OP b/m, elements of one size */
#define FP_UNARY_OPS(X) X(SQRTPS) X(SQRTPD)
#define FP_CONVERT_PACKED_OPS(X) X(CVTDQ2PS) X(CVTPS2DQ) X(CVTTPS2DQ)

/* a = OP b/m; the source is half as wide as the destination */
#define FP_WIDEN_OPS(X) X(CVTPS2PD) X(CVTDQ2PD)

/* a = OP b/m; the source is twice as wide as the result. VEX: the assembler wants the source's width in the name */
#define FP_NARROW_OPS(X) X(CVTPD2PS) X(CVTPD2DQ) X(CVTTPD2DQ)

/* a = OP r/m for 4 and 8 bytes; VEX: the other elements come from b */
#define FP_FROM_INTEGER_OPS(X) X(CVTSI2SS) X(CVTSI2SD)

/* r = OP b/m for 4 and 8 bytes; the source's bytes */
#define FP_TO_INTEGER_OPS(X) X(CVTSS2SI) X(CVTSD2SI) X(CVTTSS2SI) X(CVTTSD2SI)

/* Flags = a OP b/m */
#define FP_FLAGS_OPS(X) X(COMISS) X(COMISD) X(UCOMISS) X(UCOMISD)

/* a OP= b/m, imm; VEX: a = b OP c/m, imm. Numbers: how many immediates differ, in SSE and in AVX. 128 and 256 bits */
#define FP_PACKED_IMMEDIATE_OPS(X) X(CMPPS, 8, 32) X(CMPPD, 8, 32) X(DPPS, 256, 256)
/* The same with 128 bits only */
/* clang-format off */
#define FP_SCALAR_IMMEDIATE_OPS(X) \
	X(CMPSS, 8, 32) X(CMPSD, 8, 32) X(ROUNDSS, 16, 16) X(ROUNDSD, 16, 16) X(DPPD, 256, 256)
/* clang-format on */
/* a = OP b/m, imm */
#define FP_ROUND_OPS(X) X(ROUNDPS, 16, 16) X(ROUNDPD, 16, 16)

/* --- stampers --------------------------------------------------------------------------------------- */

#define FP_BINARY(NAME) SSE_BINARY_BODY(NAME, announce(cpu, i)) TWO_OPERAND_HANDLERS(NAME, NAME##_body)
#define FP_UNARY(NAME) SSE_UNARY_BODY(NAME, announce(cpu, i)) TWO_OPERAND_HANDLERS(NAME, NAME##_body)
#define FP_ROWS(NAME) TWO_OPERAND_ROWS(OP_##NAME, NAME, K_X, K_X, FORM_FAULTS, 0)

#define VFP_BINARY128(NAME) VEX128_BINARY_BODY(V##NAME, announce(cpu, i)) THREE_OPERAND_HANDLERS(V##NAME##_x, V##NAME##_128)
#define VFP_BINARY256(NAME) VEX256_BINARY_BODY(V##NAME, announce(cpu, i)) THREE_OPERAND_HANDLERS(V##NAME##_y, V##NAME##_256)
#define VFP_BINARY128_ROWS(NAME) THREE_OPERAND_ROWS(OP_V##NAME, V##NAME##_x, K_X, K_X, K_X, FORM_FAULTS)
#define VFP_BINARY256_ROWS(NAME) THREE_OPERAND_ROWS(OP_V##NAME, V##NAME##_y, K_Y, K_Y, K_Y, FORM_FAULTS)
#define VFP_BINARY(NAME) VFP_BINARY128(NAME) VFP_BINARY256(NAME)
#define VFP_BINARY_ROWS(NAME) VFP_BINARY128_ROWS(NAME) VFP_BINARY256_ROWS(NAME)

#define VFP_UNARY(NAME)                                  \
	VEX128_UNARY_BODY(V##NAME, announce(cpu, i))     \
	TWO_OPERAND_HANDLERS(V##NAME##_x, V##NAME##_128) \
	VEX256_UNARY_BODY(V##NAME, announce(cpu, i)) TWO_OPERAND_HANDLERS(V##NAME##_y, V##NAME##_256)
#define VFP_UNARY_ROWS_OF(NAME, from256)                                    \
	TWO_OPERAND_ROWS(OP_V##NAME, V##NAME##_x, K_X, K_X, FORM_FAULTS, 0) \
	TWO_OPERAND_ROWS(OP_V##NAME, V##NAME##_y, K_Y, from256, FORM_FAULTS, 0)
#define VFP_UNARY_ROWS(NAME) VFP_UNARY_ROWS_OF(NAME, K_Y)
#define VFP_WIDEN_ROWS(NAME) VFP_UNARY_ROWS_OF(NAME, K_X)

/* a = a OP b/m, imm. The copies of the LADDER reach their memory operand through one register, so that they stay short. */
#define FP_IMMEDIATE_BODY(NAME, copies)                                                 \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                           \
	{                                                                               \
		v128 *a = xmm(cpu, i->a), value = *a;                                   \
		uint64_t n = i->imm;                                                    \
		announce(cpu, i);                                                       \
		__asm__ volatile(LADDER(copies, #NAME " $.Limmediate, (%[source]), %0") \
				 : "+x"(value), LADDER_OPERANDS(n)                      \
				 : [source] "r"(source), "m"(*(const v128 *)source));   \
		*a = value;                                                             \
	}
#define FP_IMMEDIATE(NAME, copies, vex_copies) FP_IMMEDIATE_BODY(NAME, copies) TWO_OPERAND_IMMEDIATE_HANDLERS(NAME, NAME##_body)
#define FP_IMMEDIATE_ROWS(NAME, copies, vex_copies) TWO_OPERAND_IMMEDIATE_ROWS(OP_##NAME, NAME, K_X, K_X, FORM_FAULTS, 0)

#endif
