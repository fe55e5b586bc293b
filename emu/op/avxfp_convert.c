/* Conversions of AVX and F16C. Those to general registers and to flags are in the files of SSE. */
#include "emu/op/fp_lists.h"

FP_CONVERT_SCALAR_OPS(VFP_BINARY128)
FP_CONVERT_PACKED_OPS(VFP_UNARY)
FP_WIDEN_OPS(VFP_UNARY)
VFP_UNARY(CVTPH2PS)

/* --- narrowing ---------------------------------------------------------------------------------------
 * The destination is an XMM register, whose upper half and more becomes 0. */

#define NARROW_BODY(NAME, WIDTH, suffix)                                                                 \
	BODY NAME##_##WIDTH(BODY_PARAMETERS, const void *source)                                         \
	{                                                                                                \
		v128 value;                                                                              \
		announce(cpu, i);                                                                        \
		__asm__ volatile(#NAME suffix " %1, %0" : "=x"(value) : "m"(*(const v##WIDTH *)source)); \
		set_vex128(vreg(cpu, i->a), value);                                                      \
	}
#define NARROW(NAME)                   \
	NARROW_BODY(V##NAME, 128, "x") \
	TWO_OPERAND_HANDLERS(V##NAME##_x, V##NAME##_128) NARROW_BODY(V##NAME, 256, "y") TWO_OPERAND_HANDLERS(V##NAME##_y, V##NAME##_256)
FP_NARROW_OPS(NARROW)

/* VCVTPS2PH b/m, a, imm: the destination is half as wide, and may be in memory. Where the store faults, some CPUs have already changed MXCSR:
 * so that one is not copied. */
#define TO_HALF(NAME, WIDTH)                                                                                        \
	static HANDLER(NAME##_r)                                                                                    \
	{                                                                                                           \
		v128 value;                                                                                         \
		uint64_t n = i->imm;                                                                                \
		announce(cpu, i);                                                                                   \
		__asm__ volatile(LADDER(8, "vcvtps2ph $.Limmediate, %[source], %0")                                 \
				 : "=x"(value), LADDER_OPERANDS(n)                                                  \
				 : [source] "x"(*(const v##WIDTH *)vreg(cpu, i->b)));                               \
		set_vex128(vreg(cpu, i->a), value);                                                                 \
		NEXT();                                                                                             \
	}                                                                                                           \
	static HANDLER(NAME##_based)                                                                                \
	{                                                                                                           \
		void *destination = guest_pointer(cpu, i, address_based(cpu, i));                                   \
		uint64_t n = i->imm;                                                                                \
		__asm__ volatile(LADDER(8, "vcvtps2ph $.Limmediate, %[source], (%[destination])")                   \
				 : LADDER_OPERANDS(n)                                                               \
				 : [destination] "r"(destination), [source] "x"(*(const v##WIDTH *)vreg(cpu, i->a)) \
				 : "memory");                                                                       \
		NEXT();                                                                                             \
	}
TO_HALF(VCVTPS2PH_x, 128)
TO_HALF(VCVTPS2PH_y, 256)

/* --- general registers -------------------------------------------------------------------------------- */

#define FROM_INTEGER_BODY(NAME, BITS, suffix)                                                                     \
	BODY NAME##BITS##_body(BODY_PARAMETERS, const union vector *first, const void *source)                    \
	{                                                                                                         \
		v128 value = *(const v128 *)first;                                                                \
		announce(cpu, i);                                                                                 \
		__asm__ volatile(#NAME suffix " %1, %0, %0" : "+x"(value) : "m"(*(const guest_u##BITS *)source)); \
		set_vex128(vreg(cpu, i->a), value);                                                               \
	}                                                                                                         \
	static HANDLER(NAME##BITS##_r)                                                                            \
	{                                                                                                         \
		NAME##BITS##_body(cpu, i, vreg(cpu, i->b), reg64(cpu, i->c));                                     \
		NEXT();                                                                                           \
	}                                                                                                         \
	THREE_OPERAND_MEMORY_HANDLER(NAME##BITS, NAME##BITS##_body, based)                                        \
	THREE_OPERAND_MEMORY_HANDLER(NAME##BITS, NAME##BITS##_body, absolute)
#define FROM_INTEGER(NAME) FROM_INTEGER_BODY(V##NAME, 32, "l") FROM_INTEGER_BODY(V##NAME, 64, "q")
FP_FROM_INTEGER_OPS(FROM_INTEGER)

/* --- rows --------------------------------------------------------------------------------------------- */

/* The two widths differ only in the source's size. */
#define NARROW_ROWS_OF(OP, name, from, bytes)                                                         \
	{ .op = OP, .pattern = PATTERN2(K_X, from), .attributes = FORM_FAULTS, .run = { name##_r } }, \
		{ .op = OP, .size1 = bytes, .pattern = PATTERN2(K_X, K_M), .attributes = FORM_FAULTS, .run = HANDLERS(name) },
#define NARROW_ROWS(NAME) NARROW_ROWS_OF(OP_V##NAME, V##NAME##_x, K_X, 16) NARROW_ROWS_OF(OP_V##NAME, V##NAME##_y, K_Y, 32)

#define TO_HALF_ROWS(name, from)                                                                                     \
	{ .op = OP_VCVTPS2PH, .pattern = PATTERN3(K_X, from, K_I), .attributes = FORM_FAULTS, .run = { name##_r } }, \
		{ .op = OP_VCVTPS2PH,                                                                                \
			.pattern = PATTERN3(K_M, from, K_I),                                                         \
			.attributes = FORM_FAULTS | FORM_HANDLED,                                                    \
			.run = { name##_based } },

/* clang-format off */
#define FROM_INTEGER_ROWS_OF(NAME, BITS)                                                                                        \
	{ .op = OP_##NAME, .size0 = BYTES##BITS, .pattern = PATTERN3(K_X, K_X, K_R), .attributes = FORM_FAULTS | FORM_BY_WIDTH, \
	  .run = { NAME##BITS##_r } },                                                                                          \
	{ .op = OP_##NAME, .size0 = BYTES##BITS, .pattern = PATTERN3(K_X, K_X, K_M), .attributes = FORM_FAULTS | FORM_BY_WIDTH, \
	  .run = { NAME##BITS##_based, NULL, NAME##BITS##_absolute } },
/* clang-format on */
#define FROM_INTEGER_ROWS(NAME) FROM_INTEGER_ROWS_OF(V##NAME, 32) FROM_INTEGER_ROWS_OF(V##NAME, 64)

static const struct form rows[] = { FP_CONVERT_SCALAR_OPS(VFP_BINARY128_ROWS) FP_CONVERT_PACKED_OPS(VFP_UNARY_ROWS)
		FP_WIDEN_OPS(VFP_WIDEN_ROWS) VFP_WIDEN_ROWS(CVTPH2PS) FP_NARROW_OPS(NARROW_ROWS) TO_HALF_ROWS(VCVTPS2PH_x, K_X)
			TO_HALF_ROWS(VCVTPS2PH_y, K_Y) FP_FROM_INTEGER_OPS(FROM_INTEGER_ROWS) };

const struct form_list avxfp_convert_forms = FORM_LIST(rows);
