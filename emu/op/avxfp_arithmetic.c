/* AVX: floating-point arithmetic, comparisons and rounding. */
#include "emu/op/fp_lists.h"

FP_PACKED_OPS(VFP_BINARY)
FP_SCALAR_OPS(VFP_BINARY128)
FP_UNARY_OPS(VFP_UNARY)

/* --- with an immediate ------------------------------------------------------------------------------- */

/* a = b OP c/m, imm */
#define BINARY_IMMEDIATE_BODY(NAME, WIDTH, copies, set)                                     \
	BODY NAME##_##WIDTH(BODY_PARAMETERS, const union vector *first, const void *source) \
	{                                                                                   \
		v##WIDTH value = *(const v##WIDTH *)first;                                  \
		uint64_t n = i->imm;                                                        \
		announce(cpu, i);                                                           \
		__asm__ volatile(LADDER(copies, #NAME " $.Limmediate, (%[source]), %0, %0") \
				 : "+x"(value), LADDER_OPERANDS(n)                          \
				 : [source] "r"(source), "m"(*(const v##WIDTH *)source));   \
		set(vreg(cpu, i->a), value);                                                \
	}
/* a = OP b/m, imm */
#define UNARY_IMMEDIATE_BODY(NAME, WIDTH, copies, set)                                    \
	BODY NAME##_##WIDTH(BODY_PARAMETERS, const void *source)                          \
	{                                                                                 \
		v##WIDTH value;                                                           \
		uint64_t n = i->imm;                                                      \
		announce(cpu, i);                                                         \
		__asm__ volatile(LADDER(copies, #NAME " $.Limmediate, (%[source]), %0")   \
				 : "=x"(value), LADDER_OPERANDS(n)                        \
				 : [source] "r"(source), "m"(*(const v##WIDTH *)source)); \
		set(vreg(cpu, i->a), value);                                              \
	}

#define BINARY_IMMEDIATE128(NAME, copies, vex_copies)               \
	BINARY_IMMEDIATE_BODY(V##NAME, 128, vex_copies, set_vex128) \
	THREE_OPERAND_IMMEDIATE_HANDLERS(V##NAME##_x, V##NAME##_128)
#define BINARY_IMMEDIATE256(NAME, copies, vex_copies)               \
	BINARY_IMMEDIATE_BODY(V##NAME, 256, vex_copies, set_vex256) \
	THREE_OPERAND_IMMEDIATE_HANDLERS(V##NAME##_y, V##NAME##_256)
#define UNARY_IMMEDIATE(NAME, copies, vex_copies)                  \
	UNARY_IMMEDIATE_BODY(V##NAME, 128, vex_copies, set_vex128) \
	TWO_OPERAND_IMMEDIATE_HANDLERS(V##NAME##_x, V##NAME##_128) \
	UNARY_IMMEDIATE_BODY(V##NAME, 256, vex_copies, set_vex256) \
	TWO_OPERAND_IMMEDIATE_HANDLERS(V##NAME##_y, V##NAME##_256)

FP_PACKED_IMMEDIATE_OPS(BINARY_IMMEDIATE128)
FP_PACKED_IMMEDIATE_OPS(BINARY_IMMEDIATE256)
FP_SCALAR_IMMEDIATE_OPS(BINARY_IMMEDIATE128)
FP_ROUND_OPS(UNARY_IMMEDIATE)

/* --- rows -------------------------------------------------------------------------------------------- */

#define BINARY_IMMEDIATE128_ROWS(NAME, copies, vex_copies) THREE_OPERAND_IMMEDIATE_ROWS(OP_V##NAME, V##NAME##_x, K_X, K_X, K_X, FORM_FAULTS)
#define BINARY_IMMEDIATE256_ROWS(NAME, copies, vex_copies) THREE_OPERAND_IMMEDIATE_ROWS(OP_V##NAME, V##NAME##_y, K_Y, K_Y, K_Y, FORM_FAULTS)
#define UNARY_IMMEDIATE_ROWS(NAME, copies, vex_copies)                                \
	TWO_OPERAND_IMMEDIATE_ROWS(OP_V##NAME, V##NAME##_x, K_X, K_X, FORM_FAULTS, 0) \
	TWO_OPERAND_IMMEDIATE_ROWS(OP_V##NAME, V##NAME##_y, K_Y, K_Y, FORM_FAULTS, 0)

static const struct form rows[] = { FP_PACKED_OPS(VFP_BINARY_ROWS) FP_SCALAR_OPS(VFP_BINARY128_ROWS) FP_UNARY_OPS(VFP_UNARY_ROWS)
		FP_PACKED_IMMEDIATE_OPS(BINARY_IMMEDIATE128_ROWS) FP_PACKED_IMMEDIATE_OPS(BINARY_IMMEDIATE256_ROWS)
			FP_SCALAR_IMMEDIATE_OPS(BINARY_IMMEDIATE128_ROWS) FP_ROUND_OPS(UNARY_IMMEDIATE_ROWS) };

const struct form_list avxfp_arithmetic_forms = FORM_LIST(rows);
