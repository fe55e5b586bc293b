/* SSE and SSE2: conversions between floating-point formats and integers, without MMX. AVX's conversions to general registers are the
 * same, and are here, too. */
#include "emu/op/fp_lists.h"

FP_CONVERT_SCALAR_OPS(FP_BINARY)
FP_CONVERT_PACKED_OPS(FP_UNARY)
FP_WIDEN_OPS(FP_UNARY)
FP_NARROW_OPS(FP_UNARY)

/* --- general registers --------------------------------------------------------------------------------
 * The source is read where it lies, in the register file or in memory; its size is the suffix. */

#define FROM_INTEGER_BODY(NAME, BITS, suffix)                                                                 \
	BODY NAME##BITS##_body(BODY_PARAMETERS, const void *source)                                           \
	{                                                                                                     \
		v128 *a = xmm(cpu, i->a), value = *a;                                                         \
		announce(cpu, i);                                                                             \
		__asm__ volatile(#NAME suffix " %1, %0" : "+x"(value) : "m"(*(const guest_u##BITS *)source)); \
		*a = value;                                                                                   \
	}                                                                                                     \
	static HANDLER(NAME##BITS##_r)                                                                        \
	{                                                                                                     \
		NAME##BITS##_body(cpu, i, reg64(cpu, i->b));                                                  \
		NEXT();                                                                                       \
	}                                                                                                     \
	MEMORY_HANDLERS(NAME##BITS, NAME##BITS##_body)

#define TO_INTEGER_BODY(NAME, BITS, modifier)                                                             \
	BODY NAME##BITS##_body(BODY_PARAMETERS, const void *source)                                       \
	{                                                                                                 \
		uint64_t value;                                                                           \
		announce(cpu, i);                                                                         \
		__asm__ volatile(#NAME " %1, %" modifier "0" : "=r"(value) : "m"(*(const v128 *)source)); \
		set_reg64(cpu, i->a, value);                                                              \
	}                                                                                                 \
	TWO_OPERAND_HANDLERS(NAME##BITS, NAME##BITS##_body)

#define FROM_INTEGER(NAME) FROM_INTEGER_BODY(NAME, 32, "l") FROM_INTEGER_BODY(NAME, 64, "q")
#define TO_INTEGER(NAME) TO_INTEGER_BODY(NAME, 32, "k") TO_INTEGER_BODY(NAME, 64, "q")
FP_FROM_INTEGER_OPS(FROM_INTEGER)
FP_TO_INTEGER_OPS(TO_INTEGER)

/* --- rows --------------------------------------------------------------------------------------------- */

#define FROM_INTEGER_ROWS_OF(NAME, BITS)                                                                                                \
	{ .op = OP_##NAME, .size1 = BYTES##BITS, .pattern = PATTERN2(K_X, K_R), .attributes = FORM_FAULTS, .run = { NAME##BITS##_r } }, \
		{ .op = OP_##NAME,                                                                                                      \
			.size1 = BYTES##BITS,                                                                                           \
			.pattern = PATTERN2(K_X, K_M),                                                                                  \
			.attributes = FORM_FAULTS,                                                                                      \
			.run = HANDLERS(NAME##BITS) },
#define TO_INTEGER_ROWS_OF(OP, NAME, BITS)                                                                                       \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_X), .attributes = FORM_FAULTS, .run = { NAME##BITS##_r } }, \
		{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .attributes = FORM_FAULTS, .run = HANDLERS(NAME##BITS) },
#define FROM_INTEGER_ROWS(NAME) FROM_INTEGER_ROWS_OF(NAME, 32) FROM_INTEGER_ROWS_OF(NAME, 64)
#define TO_INTEGER_ROWS(NAME)                   \
	TO_INTEGER_ROWS_OF(OP_##NAME, NAME, 32) \
	TO_INTEGER_ROWS_OF(OP_##NAME, NAME, 64) TO_INTEGER_ROWS_OF(OP_V##NAME, NAME, 32) TO_INTEGER_ROWS_OF(OP_V##NAME, NAME, 64)

static const struct form rows[] = { FP_CONVERT_SCALAR_OPS(FP_ROWS) FP_CONVERT_PACKED_OPS(FP_ROWS) FP_WIDEN_OPS(FP_ROWS)
		FP_NARROW_OPS(FP_ROWS) FP_FROM_INTEGER_OPS(FROM_INTEGER_ROWS) FP_TO_INTEGER_OPS(TO_INTEGER_ROWS) };

const struct form_list ssefp_convert_forms = FORM_LIST(rows);
