/* Integer arithmetic, comparisons, logic, packing and shifts of SSE2 to SSE4.2. */
#include "emu/op/vector_lists.h"

ARITHMETIC_OPS(SSE_BINARY)
COMPARE_OPS(SSE_BINARY)
LOGIC_OPS(SSE_BINARY)
PACK_OPS(SSE_BINARY)
SHIFT_OPS(SSE_BINARY)
UNARY_OPS(SSE_UNARY)
WIDEN_OPS(SSE_UNARY)
UNARY128_OPS(SSE_UNARY)
AES_OPS(SSE_BINARY)

/* a OP= imm. Counts in a register mean the same, also counts beyond the element's width. */
#define SHIFT_IMMEDIATE(NAME)                                                              \
	static HANDLER(NAME##_imm)                                                         \
	{                                                                                  \
		v128 *a = xmm(cpu, i->a), value = *a;                                      \
		__asm__(#NAME " %1, %0" : "+x"(value) : "x"((v128){ (long long)i->imm })); \
		*a = value;                                                                \
		NEXT();                                                                    \
	}
SHIFT_OPS(SHIFT_IMMEDIATE)

#define SHIFT_BYTES(NAME)                                                                          \
	static HANDLER(NAME##_imm)                                                                 \
	{                                                                                          \
		v128 *a = xmm(cpu, i->a), value = *a;                                              \
		uint64_t n = i->imm;                                                               \
		__asm__(LADDER(256, #NAME " $.Limmediate, %0") : "+x"(value), LADDER_OPERANDS(n)); \
		*a = value;                                                                        \
		NEXT();                                                                            \
	}
SHIFT_BYTES(PSLLDQ)
SHIFT_BYTES(PSRLDQ)

#define SIGN_MASK(NAME)                                                       \
	static HANDLER(NAME##_r)                                              \
	{                                                                     \
		uint32_t mask;                                                \
		__asm__(#NAME " %1, %0" : "=r"(mask) : "x"(*xmm(cpu, i->b))); \
		set_reg32(cpu, i->a, mask);                                   \
		NEXT();                                                       \
	}
SIGN_MASK_OPS(SIGN_MASK)

BODY PTEST_body(BODY_PARAMETERS, const void *source)
{
	flags_t flags;

	__asm__ volatile("ptest %1, %2\n\tseto %%al\n\tlahf" : "=a"(flags) : "m"(*(const v128 *)source), "x"(*xmm(cpu, i->a)));
	cpu->flags = flags;
}
TWO_OPERAND_HANDLERS(PTEST, PTEST_body)

#define SHIFT_IMMEDIATE_ROW(NAME) { .op = OP_##NAME, .pattern = PATTERN2(K_X, K_I), .run = { NAME##_imm } },
#define SIGN_MASK_ROW(NAME) { .op = OP_##NAME, .pattern = PATTERN2(K_R, K_X), .run = { NAME##_r } },

static const struct form rows[] = { ARITHMETIC_OPS(SSE_ROWS) COMPARE_OPS(SSE_ROWS) LOGIC_OPS(SSE_ROWS) PACK_OPS(SSE_ROWS)
		SHIFT_OPS(SSE_ROWS) UNARY_OPS(SSE_ROWS) WIDEN_OPS(SSE_ROWS) UNARY128_OPS(SSE_ROWS) AES_OPS(SSE_ROWS)
			SHIFT_OPS(SHIFT_IMMEDIATE_ROW) SHIFT_IMMEDIATE_ROW(PSLLDQ) SHIFT_IMMEDIATE_ROW(PSRLDQ) SIGN_MASK_OPS(SIGN_MASK_ROW)
				TWO_OPERAND_ROWS(OP_PTEST, PTEST, K_X, K_X, 0, FLAGS_ALL) };

const struct form_list sse_integer_forms = FORM_LIST(rows);
