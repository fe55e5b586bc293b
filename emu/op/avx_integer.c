/* Integer arithmetic, comparisons, logic, packing and shifts of AVX and AVX2. */
#include "emu/op/vector_lists.h"

/* VEX only: shifts with a count for each element, permutations by a vector */
#define VEX_ONLY_OPS(X) X(PSLLVD) X(PSLLVQ) X(PSRLVD) X(PSRLVQ) X(PSRAVD) X(PERMILPS) X(PERMILPD)
#define VEX256_ONLY_OPS(X) X(VPERMD) X(VPERMPS)

ARITHMETIC_OPS(AVX_BINARY)
COMPARE_OPS(AVX_BINARY)
LOGIC_OPS(AVX_BINARY)
PACK_OPS(AVX_BINARY)
SHIFT_OPS(AVX_BINARY)
VEX_ONLY_OPS(AVX_BINARY)
VEX256_ONLY_OPS(VEX256_BINARY)
UNARY_OPS(AVX_UNARY)
WIDEN_OPS(AVX_UNARY)
#define VEX128_UNARY_OF(NAME) VEX128_UNARY(V##NAME)
UNARY128_OPS(VEX128_UNARY_OF)
#define VEX128_BINARY_OF(NAME) VEX128_BINARY(V##NAME)
AES_OPS(VEX128_BINARY_OF)

/* a = b OP imm */
#define SHIFT_IMMEDIATE(name, NAME, type, set)                                                 \
	static HANDLER(name)                                                                   \
	{                                                                                      \
		type value = *(const type *)vreg(cpu, i->b);                                   \
		__asm__(#NAME " %1, %0, %0" : "+x"(value) : "x"((v128){ (long long)i->imm })); \
		set(vreg(cpu, i->a), value);                                                   \
		NEXT();                                                                        \
	}
#define SHIFT_IMMEDIATE_BOTH(NAME)                                  \
	SHIFT_IMMEDIATE(V##NAME##_x_imm, V##NAME, v128, set_vex128) \
	SHIFT_IMMEDIATE(V##NAME##_y_imm, V##NAME, v256, set_vex256)
SHIFT_OPS(SHIFT_IMMEDIATE_BOTH)

#define SHIFT_BYTES(name, NAME, type, set)                                                             \
	static HANDLER(name)                                                                           \
	{                                                                                              \
		type value = *(const type *)vreg(cpu, i->b);                                           \
		uint64_t n = i->imm;                                                                   \
		__asm__(LADDER(256, #NAME " $.Limmediate, %0, %0") : "+x"(value), LADDER_OPERANDS(n)); \
		set(vreg(cpu, i->a), value);                                                           \
		NEXT();                                                                                \
	}
SHIFT_BYTES(VPSLLDQ_x_imm, VPSLLDQ, v128, set_vex128)
SHIFT_BYTES(VPSLLDQ_y_imm, VPSLLDQ, v256, set_vex256)
SHIFT_BYTES(VPSRLDQ_x_imm, VPSRLDQ, v128, set_vex128)
SHIFT_BYTES(VPSRLDQ_y_imm, VPSRLDQ, v256, set_vex256)

#define SIGN_MASK(name, NAME, type)                                                          \
	static HANDLER(name)                                                                 \
	{                                                                                    \
		uint32_t mask;                                                               \
		__asm__(#NAME " %1, %0" : "=r"(mask) : "x"(*(const type *)vreg(cpu, i->b))); \
		set_reg32(cpu, i->a, mask);                                                  \
		NEXT();                                                                      \
	}
#define SIGN_MASK_BOTH(NAME) SIGN_MASK(V##NAME##_x, V##NAME, v128) SIGN_MASK(V##NAME##_y, V##NAME, v256)
SIGN_MASK_OPS(SIGN_MASK_BOTH)

#define TEST_OPS(X) X(VPTEST) X(VTESTPS) X(VTESTPD)
#define TEST(NAME, WIDTH, suffix, type)                                                              \
	BODY NAME##_##WIDTH(BODY_PARAMETERS, const void *source)                                     \
	{                                                                                            \
		flags_t flags;                                                                       \
		__asm__ volatile(#NAME " %1, %2\n\tseto %%al\n\tlahf"                                \
				 : "=a"(flags)                                                       \
				 : "m"(*(const type *)source), "x"(*(const type *)vreg(cpu, i->a))); \
		cpu->flags = flags;                                                                  \
	}                                                                                            \
	TWO_OPERAND_HANDLERS(NAME##_##suffix, NAME##_##WIDTH)
#define TEST_BOTH(NAME) TEST(NAME, 128, x, v128) TEST(NAME, 256, y, v256)
TEST_OPS(TEST_BOTH)

#define SHIFT_COUNT_ROWS(NAME)                                        \
	VEX128_BINARY_ROWS(V##NAME)                                   \
	THREE_OPERAND_ROWS(OP_V##NAME, V##NAME##_y, K_Y, K_Y, K_X, 0) \
	SHIFT_IMMEDIATE_ROWS(NAME)
#define SHIFT_IMMEDIATE_ROWS(NAME)                                                            \
	{ .op = OP_V##NAME, .pattern = PATTERN3(K_X, K_X, K_I), .run = { V##NAME##_x_imm } }, \
		{ .op = OP_V##NAME, .pattern = PATTERN3(K_Y, K_Y, K_I), .run = { V##NAME##_y_imm } },
#define SIGN_MASK_ROWS(NAME)                                                         \
	{ .op = OP_V##NAME, .pattern = PATTERN2(K_R, K_X), .run = { V##NAME##_x } }, \
		{ .op = OP_V##NAME, .pattern = PATTERN2(K_R, K_Y), .run = { V##NAME##_y } },
#define TEST_ROWS(NAME)                                               \
	TWO_OPERAND_ROWS(OP_##NAME, NAME##_x, K_X, K_X, 0, FLAGS_ALL) \
	TWO_OPERAND_ROWS(OP_##NAME, NAME##_y, K_Y, K_Y, 0, FLAGS_ALL)
#define UNARY128_ROWS(NAME) VEX128_UNARY_ROWS(V##NAME)
#define BINARY128_ROWS(NAME) VEX128_BINARY_ROWS(V##NAME)

static const struct form rows[] = { ARITHMETIC_OPS(AVX_BINARY_ROWS) COMPARE_OPS(AVX_BINARY_ROWS) LOGIC_OPS(AVX_BINARY_ROWS) PACK_OPS(
	AVX_BINARY_ROWS) SHIFT_OPS(SHIFT_COUNT_ROWS) SHIFT_IMMEDIATE_ROWS(PSLLDQ) SHIFT_IMMEDIATE_ROWS(PSRLDQ) VEX_ONLY_OPS(AVX_BINARY_ROWS)
		VEX256_ONLY_OPS(VEX256_BINARY_ROWS) UNARY_OPS(AVX_UNARY_ROWS) WIDEN_OPS(AVX_WIDEN_ROWS) UNARY128_OPS(UNARY128_ROWS)
			AES_OPS(BINARY128_ROWS) SIGN_MASK_OPS(SIGN_MASK_ROWS) TEST_OPS(TEST_ROWS) };

const struct form_list avx_integer_forms = FORM_LIST(rows);
