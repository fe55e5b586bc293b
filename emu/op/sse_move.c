/* Moves of SSE to SSE4.1 into XMM registers. */
#include "emu/op/vector_lists.h"

/* --- whole registers -------------------------------------------------------------------------------- */

static HANDLER(copy_r)
{
	*xmm(cpu, i->a) = *xmm(cpu, i->b);
	NEXT();
}

SSE_UNARY_BODY(MOVDQA, )
SSE_UNARY_BODY(MOVDQU, )
MEMORY_HANDLERS(load_aligned, MOVDQA_body)
MEMORY_HANDLERS(load_unaligned, MOVDQU_body)

/* --- parts of registers, zeros above ------------------------------------------------------------------ */

PART_HANDLERS(set_sse128)

/* --- parts of registers, the rest staying ------------------------------------------------------------- */

#define REGISTER(NAME)                                                         \
	static HANDLER(NAME##_r)                                               \
	{                                                                      \
		v128 *a = xmm(cpu, i->a), value = *a;                          \
		__asm__(#NAME " %1, %0" : "+x"(value) : "x"(*xmm(cpu, i->b))); \
		*a = value;                                                    \
		NEXT();                                                        \
	}
MOVE_REGISTER_OPS(REGISTER)

#define HALF(NAME) SSE_BINARY_BODY(NAME, ) MEMORY_HANDLERS(NAME, NAME##_body)
MOVE_HALF_OPS(HALF)

/* --- rows -------------------------------------------------------------------------------------------- */

#define LOAD_ROWS(op, name) MEMORY_ROW(op, name, PATTERN2(K_X, K_M), 0, 0)
#define REGISTER_ROW(OP, from, handler) { .op = OP, .pattern = PATTERN2(K_X, from), .run = { handler } },
#define WHOLE_ROWS(op, name) REGISTER_ROW(op, K_X, copy_r) LOAD_ROWS(op, name)
#define REGISTER_ROW_OF(NAME) REGISTER_ROW(OP_##NAME, K_X, NAME##_r)
#define HALF_ROWS(NAME) LOAD_ROWS(OP_##NAME, NAME)

static const struct form rows[] = { WHOLE_ROWS(OP_MOVAPS, load_aligned) WHOLE_ROWS(OP_MOVAPD, load_aligned) WHOLE_ROWS(OP_MOVDQA,
	load_aligned) WHOLE_ROWS(OP_MOVUPS, load_unaligned) WHOLE_ROWS(OP_MOVUPD, load_unaligned) WHOLE_ROWS(OP_MOVDQU, load_unaligned)
		LOAD_ROWS(OP_MOVNTDQA, load_aligned) LOAD_ROWS(OP_LDDQU, load_unaligned) LOAD_ROWS(OP_MOVD, load32)
			LOAD_ROWS(OP_MOVSS, load32) LOAD_ROWS(OP_MOVSD, load64) TWO_OPERAND_ROWS(OP_MOVQ, load64, K_X, K_X, 0, 0)
				REGISTER_ROW(OP_MOVD, K_R, load_gpr32) REGISTER_ROW(OP_MOVQ, K_R, load_gpr64)
					MOVE_REGISTER_OPS(REGISTER_ROW_OF) MOVE_HALF_OPS(HALF_ROWS) };

const struct form_list sse_move_forms = FORM_LIST(rows);
