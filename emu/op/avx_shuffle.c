/* AVX and AVX2: instructions with an immediate or a vector as a control, and moves of single elements. */
#include "emu/op/vector_lists.h"

/* a = OP b/m, imm */
#define UNARY_IMMEDIATE_BODY(NAME, WIDTH, type, set)                               \
	BODY NAME##_##WIDTH(BODY_PARAMETERS, const void *source)                   \
	{                                                                          \
		type value;                                                        \
		uint64_t n = i->imm;                                               \
		__asm__ volatile(LADDER(256, #NAME " $.Limmediate, %[source], %0") \
				 : "=x"(value), LADDER_OPERANDS(n)                 \
				 : [source] "m"(*(const type *)source));           \
		set(vreg(cpu, i->a), value);                                       \
	}
#define VEX128_UNARY_IMMEDIATE(NAME)                      \
	UNARY_IMMEDIATE_BODY(NAME, 128, v128, set_vex128) \
	TWO_OPERAND_IMMEDIATE_HANDLERS(NAME##_x, NAME##_128)
#define VEX256_UNARY_IMMEDIATE(NAME)                      \
	UNARY_IMMEDIATE_BODY(NAME, 256, v256, set_vex256) \
	TWO_OPERAND_IMMEDIATE_HANDLERS(NAME##_y, NAME##_256)
#define UNARY_IMMEDIATE(NAME) VEX128_UNARY_IMMEDIATE(V##NAME) VEX256_UNARY_IMMEDIATE(V##NAME)

/* a = b OP c/m, imm */
#define BINARY_IMMEDIATE_BODY(NAME, WIDTH, copies, type, set)                               \
	BODY NAME##_##WIDTH(BODY_PARAMETERS, const union vector *first, const void *source) \
	{                                                                                   \
		type value = *(const type *)first;                                          \
		uint64_t n = i->imm;                                                        \
		__asm__ volatile(LADDER(copies, #NAME " $.Limmediate, %[source], %0, %0")   \
				 : "+x"(value), LADDER_OPERANDS(n)                          \
				 : [source] "m"(*(const type *)source));                    \
		set(vreg(cpu, i->a), value);                                                \
	}
#define VEX128_BINARY_IMMEDIATE(NAME, copies)                      \
	BINARY_IMMEDIATE_BODY(NAME, 128, copies, v128, set_vex128) \
	THREE_OPERAND_IMMEDIATE_HANDLERS(NAME##_x, NAME##_128)
#define VEX256_BINARY_IMMEDIATE(NAME, copies)                      \
	BINARY_IMMEDIATE_BODY(NAME, 256, copies, v256, set_vex256) \
	THREE_OPERAND_IMMEDIATE_HANDLERS(NAME##_y, NAME##_256)
#define BINARY_IMMEDIATE(NAME, copies128, copies256) \
	VEX128_BINARY_IMMEDIATE(V##NAME, copies128)  \
	VEX256_BINARY_IMMEDIATE(V##NAME, copies256)

SHUFFLE_OPS(UNARY_IMMEDIATE)
UNARY_IMMEDIATE(PERMILPS)
UNARY_IMMEDIATE(PERMILPD)
VEX128_UNARY_IMMEDIATE(VAESKEYGENASSIST)
VEX256_UNARY_IMMEDIATE(VPERMQ)
VEX256_UNARY_IMMEDIATE(VPERMPD)

BLEND_OPS(BINARY_IMMEDIATE)
BINARY_IMMEDIATE(PBLENDD, 16, 256)
VEX128_BINARY_IMMEDIATE(VPCLMULQDQ, 32)
VEX256_BINARY_IMMEDIATE(VPERM2F128, 256)
VEX256_BINARY_IMMEDIATE(VPERM2I128, 256)

/* a = b or c/m as d says */
#define BLEND_BY_OPS(X) X(VPBLENDVB) X(VBLENDVPS) X(VBLENDVPD)
#define BLEND_BY_BODY(NAME, WIDTH, type, set)                                                                                              \
	BODY NAME##_##WIDTH(BODY_PARAMETERS, const union vector *first, const void *source)                                                \
	{                                                                                                                                  \
		type value = *(const type *)first;                                                                                         \
		__asm__ volatile(#NAME " %2, %1, %0, %0" : "+x"(value) : "m"(*(const type *)source), "x"(*(const type *)vreg(cpu, i->d))); \
		set(vreg(cpu, i->a), value);                                                                                               \
	}
#define BLEND_BY(NAME)                               \
	BLEND_BY_BODY(NAME, 128, v128, set_vex128)   \
	THREE_OPERAND_HANDLERS(NAME##_x, NAME##_128) \
	BLEND_BY_BODY(NAME, 256, v256, set_vex256)   \
	THREE_OPERAND_HANDLERS(NAME##_y, NAME##_256)
BLEND_BY_OPS(BLEND_BY)

/* --- halves -------------------------------------------------------------------------------------------- */

BODY insert128(BODY_PARAMETERS, const union vector *first, const void *source)
{
	v256 value = *(const v256 *)first;
	uint64_t n = i->imm;

	__asm__ volatile(LADDER(2, "vinserti128 $.Limmediate, %[source], %0, %0")
			 : "+x"(value), LADDER_OPERANDS(n)
			 : [source] "m"(*(const v128 *)source));
	set_vex256(vreg(cpu, i->a), value);
}
THREE_OPERAND_IMMEDIATE_HANDLERS(insert128, insert128)

static HANDLER(extract128_r)
{
	set_vex128(vreg(cpu, i->a), xmm(cpu, i->b)[i->imm & 1]);
	NEXT();
}

BODY extract128_body(BODY_PARAMETERS, void *destination)
{
	*(v128_unaligned *)destination = xmm(cpu, i->a)[i->imm & 1];
}
MEMORY_HANDLER(extract128, extract128_body, based)

/* --- single elements ------------------------------------------------------------------------------------- */

/* From a general register, read where it lies in the register file, or from memory */
#define INSERT(NAME, bytes, positions)                                                           \
	BODY V##NAME##_body(BODY_PARAMETERS, const union vector *first, const void *source)      \
	{                                                                                        \
		v128 value = *(const v128 *)first;                                               \
		uint64_t n = i->imm;                                                             \
		__asm__ volatile(LADDER(positions, "V" #NAME " $.Limmediate, %[source], %0, %0") \
				 : "+x"(value), LADDER_OPERANDS(n)                               \
				 : [source] "m"(*(const uint8_t(*)[bytes])source));              \
		set_vex128(vreg(cpu, i->a), value);                                              \
	}                                                                                        \
	static HANDLER(V##NAME##_r)                                                              \
	{                                                                                        \
		V##NAME##_body(cpu, i, vreg(cpu, i->b), reg64(cpu, i->c));                       \
		NEXT();                                                                          \
	}                                                                                        \
	THREE_OPERAND_MEMORY_HANDLER(V##NAME, V##NAME##_body, based)
INSERT_OPS(INSERT)

/* With a register source, imm 7..6 choose the element; in memory there is one element. */
static HANDLER(VINSERTPS_r)
{
	v128 value = *xmm(cpu, i->b);
	uint64_t n = i->imm;

	__asm__(LADDER(256, "vinsertps $.Limmediate, %[other], %0, %0") : "+x"(value), LADDER_OPERANDS(n) : [other] "x"(*xmm(cpu, i->c)));
	set_vex128(vreg(cpu, i->a), value);
	NEXT();
}

BODY VINSERTPS_memory_body(BODY_PARAMETERS, const union vector *first, const void *source)
{
	v128 value = *(const v128 *)first;
	uint64_t n = i->imm;

	__asm__ volatile(LADDER(64, "vinsertps $.Limmediate, %[source], %0, %0")
			 : "+x"(value), LADDER_OPERANDS(n)
			 : [source] "m"(*(const guest_u32 *)source));
	set_vex128(vreg(cpu, i->a), value);
}
THREE_OPERAND_MEMORY_HANDLER(VINSERTPS, VINSERTPS_memory_body, based)

/* --- rows --------------------------------------------------------------------------------------------------- */

#define VEX128_UNARY_IMMEDIATE_ROWS(NAME) TWO_OPERAND_IMMEDIATE_ROWS(OP_##NAME, NAME##_x, K_X, K_X, 0, 0)
#define VEX256_UNARY_IMMEDIATE_ROWS(NAME) TWO_OPERAND_IMMEDIATE_ROWS(OP_##NAME, NAME##_y, K_Y, K_Y, 0, 0)
#define VEX128_BINARY_IMMEDIATE_ROWS(NAME) THREE_OPERAND_IMMEDIATE_ROWS(OP_##NAME, NAME##_x, K_X, K_X, K_X, 0)
#define VEX256_BINARY_IMMEDIATE_ROWS(NAME) THREE_OPERAND_IMMEDIATE_ROWS(OP_##NAME, NAME##_y, K_Y, K_Y, K_Y, 0)
#define UNARY_IMMEDIATE_ROWS(NAME) VEX128_UNARY_IMMEDIATE_ROWS(V##NAME) VEX256_UNARY_IMMEDIATE_ROWS(V##NAME)
#define BINARY_IMMEDIATE_ROWS(NAME, ...) VEX128_BINARY_IMMEDIATE_ROWS(V##NAME) VEX256_BINARY_IMMEDIATE_ROWS(V##NAME)
#define BLEND_BY_ROW(OP, name, k)                                           \
	{ .op = OP, .pattern = PATTERN4(k, k, k, k), .run = { name##_r } }, \
		{ .op = OP, .pattern = PATTERN4(k, k, K_M, k), .run = { name##_based, NULL, name##_absolute } },
#define BLEND_BY_ROWS(NAME) BLEND_BY_ROW(OP_##NAME, NAME##_x, K_X) BLEND_BY_ROW(OP_##NAME, NAME##_y, K_Y)
#define INSERT_ROWS(NAME, ...) THREE_OPERAND_IMMEDIATE_ROWS(OP_V##NAME, V##NAME, K_X, K_X, K_R, 0)
#define EXTRACT128_ROWS(OP)                                                        \
	{ .op = OP, .pattern = PATTERN3(K_X, K_Y, K_I), .run = { extract128_r } }, \
		{ .op = OP, .pattern = PATTERN3(K_M, K_Y, K_I), .run = { extract128_based } },

static const struct form rows[] = { SHUFFLE_OPS(UNARY_IMMEDIATE_ROWS) UNARY_IMMEDIATE_ROWS(PERMILPS) UNARY_IMMEDIATE_ROWS(
	PERMILPD) VEX128_UNARY_IMMEDIATE_ROWS(VAESKEYGENASSIST) VEX256_UNARY_IMMEDIATE_ROWS(VPERMQ) VEX256_UNARY_IMMEDIATE_ROWS(VPERMPD)
		BLEND_OPS(BINARY_IMMEDIATE_ROWS) BINARY_IMMEDIATE_ROWS(PBLENDD) VEX128_BINARY_IMMEDIATE_ROWS(VPCLMULQDQ)
			VEX256_BINARY_IMMEDIATE_ROWS(VPERM2F128) VEX256_BINARY_IMMEDIATE_ROWS(VPERM2I128) BLEND_BY_OPS(BLEND_BY_ROWS)
				THREE_OPERAND_IMMEDIATE_ROWS(OP_VINSERTF128, insert128, K_Y, K_Y, K_X, 0)
					THREE_OPERAND_IMMEDIATE_ROWS(OP_VINSERTI128, insert128, K_Y, K_Y, K_X, 0)
						EXTRACT128_ROWS(OP_VEXTRACTF128) EXTRACT128_ROWS(OP_VEXTRACTI128) INSERT_OPS(INSERT_ROWS)
							THREE_OPERAND_IMMEDIATE_ROWS(OP_VINSERTPS, VINSERTPS, K_X, K_X, K_X, 0) };

const struct form_list avx_shuffle_forms = FORM_LIST(rows);
