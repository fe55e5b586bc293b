/* SSE to SSE4.1: floating-point arithmetic, comparisons and rounding. */
#include "emu/op/fp_lists.h"

FP_PACKED_OPS(FP_BINARY)
FP_SCALAR_OPS(FP_BINARY)
FP_UNARY_OPS(FP_UNARY)

FP_PACKED_IMMEDIATE_OPS(FP_IMMEDIATE)
FP_SCALAR_IMMEDIATE_OPS(FP_IMMEDIATE)
FP_ROUND_OPS(FP_IMMEDIATE)

/* --- flags: the handlers serve AVX's forms, too ------------------------------------------------------- */

#define COMPARE_FLAGS(NAME)                                                         \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                       \
	{                                                                           \
		uint32_t ax;                                                        \
                                                                                    \
		announce(cpu, i);                                                   \
		__asm__ volatile(#NAME " %2, %1\n\tseto %%al\n\tlahf"               \
				 : "=a"(ax)                                         \
				 : "x"(*xmm(cpu, i->a)), "m"(*(const v128 *)source) \
				 : "cc");                                           \
		cpu->flags = (flags_t)ax;                                           \
	}                                                                           \
	TWO_OPERAND_HANDLERS(NAME, NAME##_body)
FP_FLAGS_OPS(COMPARE_FLAGS)

#define FLAGS_ROWS(NAME)                                                    \
	TWO_OPERAND_ROWS(OP_##NAME, NAME, K_X, K_X, FORM_FAULTS, FLAGS_ALL) \
	TWO_OPERAND_ROWS(OP_V##NAME, NAME, K_X, K_X, FORM_FAULTS, FLAGS_ALL)

static const struct form rows[] = { FP_PACKED_OPS(FP_ROWS) FP_SCALAR_OPS(FP_ROWS) FP_UNARY_OPS(FP_ROWS) FP_PACKED_IMMEDIATE_OPS(
	FP_IMMEDIATE_ROWS) FP_SCALAR_IMMEDIATE_OPS(FP_IMMEDIATE_ROWS) FP_ROUND_OPS(FP_IMMEDIATE_ROWS) FP_FLAGS_OPS(FLAGS_ROWS) };

const struct form_list ssefp_arithmetic_forms = FORM_LIST(rows);
