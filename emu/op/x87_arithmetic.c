/* x87: computations. Each is one instruction of the host. */
#include "emu/op/lists.h"
#include "emu/op/x87_host.h"

/* --- instructions: op, bytes --------------------------------------------------------------------------- */

/* no visible operand */
/* clang-format off */
#define IMPLICIT_OPS(X) \
	X(FCHS, 0xd9, 0xe0) X(FABS, 0xd9, 0xe1) X(FTST, 0xd9, 0xe4) X(FXAM, 0xd9, 0xe5) \
	X(FLD1, 0xd9, 0xe8) X(FLDL2T, 0xd9, 0xe9) X(FLDL2E, 0xd9, 0xea) X(FLDPI, 0xd9, 0xeb) \
	X(FLDLG2, 0xd9, 0xec) X(FLDLN2, 0xd9, 0xed) X(FLDZ, 0xd9, 0xee) X(F2XM1, 0xd9, 0xf0) \
	X(FYL2X, 0xd9, 0xf1) X(FPTAN, 0xd9, 0xf2) X(FPATAN, 0xd9, 0xf3) X(FXTRACT, 0xd9, 0xf4) \
	X(FPREM1, 0xd9, 0xf5) X(FDECSTP, 0xd9, 0xf6) X(FINCSTP, 0xd9, 0xf7) X(FPREM, 0xd9, 0xf8) \
	X(FYL2XP1, 0xd9, 0xf9) X(FSQRT, 0xd9, 0xfa) X(FSINCOS, 0xd9, 0xfb) X(FRNDINT, 0xd9, 0xfc) \
	X(FSCALE, 0xd9, 0xfd) X(FSIN, 0xd9, 0xfe) X(FCOS, 0xd9, 0xff) \
	X(FUCOMPP, 0xda, 0xe9) X(FCOMPP, 0xde, 0xd9)

/* ST(i); the second byte is the one for ST(0) */
#define ONE_OPERAND_OPS(X) \
	X(FCOM, 0xd8, 0xd0) X(FCOMP, 0xd8, 0xd8) X(FLD, 0xd9, 0xc0) X(FXCH, 0xd9, 0xc8) X(FSTPNCE, 0xd9, 0xd8) \
	X(FFREE, 0xdd, 0xc0) X(FST, 0xdd, 0xd0) X(FSTP, 0xdd, 0xd8) X(FUCOM, 0xdd, 0xe0) X(FFREEP, 0xdf, 0xc0)
/* clang-format on */

/* ST(0), ST(i) */
#define SECOND_OPERAND_OPS(X) X(FUCOMP, 0xdd, 0xe8)

/* ST(0), ST(i), with EFLAGS */
/* clang-format off */
#define FLAGS_OPS(X) \
	X(FUCOMI, 0xdb, 0xe8) X(FCOMI, 0xdb, 0xf0) X(FUCOMIP, 0xdf, 0xe8) X(FCOMIP, 0xdf, 0xf0) \
	X(FCMOVB, 0xda, 0xc0) X(FCMOVE, 0xda, 0xc8) X(FCMOVBE, 0xda, 0xd0) X(FCMOVU, 0xda, 0xd8) \
	X(FCMOVNB, 0xdb, 0xc0) X(FCMOVNE, 0xdb, 0xc8) X(FCMOVNBE, 0xdb, 0xd0) X(FCMOVNU, 0xdb, 0xd8)

/* ST(i), ST(0) */
#define FIRST_OPERAND_OPS(X) \
	X(FADDP, 0xde, 0xc0) X(FMULP, 0xde, 0xc8) X(FSUBRP, 0xde, 0xe0) X(FSUBP, 0xde, 0xe8) \
	X(FDIVRP, 0xde, 0xf0) X(FDIVP, 0xde, 0xf8)

/* ST(0), ST(i) with D8H; ST(i), ST(0) with DCH, whose second byte is last */
#define EITHER_OPERAND_OPS(X) \
	X(FADD, 0xc0, 0xc0) X(FMUL, 0xc8, 0xc8) X(FSUB, 0xe0, 0xe8) X(FSUBR, 0xe8, 0xe0) \
	X(FDIV, 0xf0, 0xf8) X(FDIVR, 0xf8, 0xf0)

/* memory: size, first byte, opcode extension */
#define MEMORY_OPS(X) \
	X(FADD, 4, 0xd8, 0) X(FMUL, 4, 0xd8, 1) X(FCOM, 4, 0xd8, 2) X(FCOMP, 4, 0xd8, 3) \
	X(FSUB, 4, 0xd8, 4) X(FSUBR, 4, 0xd8, 5) X(FDIV, 4, 0xd8, 6) X(FDIVR, 4, 0xd8, 7) \
	X(FLD, 4, 0xd9, 0) X(FST, 4, 0xd9, 2) X(FSTP, 4, 0xd9, 3) \
	X(FIADD, 4, 0xda, 0) X(FIMUL, 4, 0xda, 1) X(FICOM, 4, 0xda, 2) X(FICOMP, 4, 0xda, 3) \
	X(FISUB, 4, 0xda, 4) X(FISUBR, 4, 0xda, 5) X(FIDIV, 4, 0xda, 6) X(FIDIVR, 4, 0xda, 7) \
	X(FILD, 4, 0xdb, 0) X(FISTTP, 4, 0xdb, 1) X(FIST, 4, 0xdb, 2) X(FISTP, 4, 0xdb, 3) \
	X(FLD, 10, 0xdb, 5) X(FSTP, 10, 0xdb, 7) \
	X(FADD, 8, 0xdc, 0) X(FMUL, 8, 0xdc, 1) X(FCOM, 8, 0xdc, 2) X(FCOMP, 8, 0xdc, 3) \
	X(FSUB, 8, 0xdc, 4) X(FSUBR, 8, 0xdc, 5) X(FDIV, 8, 0xdc, 6) X(FDIVR, 8, 0xdc, 7) \
	X(FLD, 8, 0xdd, 0) X(FISTTP, 8, 0xdd, 1) X(FST, 8, 0xdd, 2) X(FSTP, 8, 0xdd, 3) \
	X(FIADD, 2, 0xde, 0) X(FIMUL, 2, 0xde, 1) X(FICOM, 2, 0xde, 2) X(FICOMP, 2, 0xde, 3) \
	X(FISUB, 2, 0xde, 4) X(FISUBR, 2, 0xde, 5) X(FIDIV, 2, 0xde, 6) X(FIDIVR, 2, 0xde, 7) \
	X(FILD, 2, 0xdf, 0) X(FISTTP, 2, 0xdf, 1) X(FIST, 2, 0xdf, 2) X(FISTP, 2, 0xdf, 3) \
	X(FBLD, 10, 0xdf, 4) X(FILD, 8, 0xdf, 5) X(FBSTP, 10, 0xdf, 6) X(FISTP, 8, 0xdf, 7)
/* clang-format on */

/* --- handlers: named by op, and size ---------------------------------------------------------------------- */

#define COMPUTES(name, instruction) X87_HANDLER(name, instruction; X87_DONE())
#define IMPLICIT(op, first, second) COMPUTES(op##_implicit, X87_FIXED(first, second))
#define ONE_OPERAND(op, first, second) COMPUTES(op##_r, X87_REGISTER(first, second, i->a))
#define SECOND_OPERAND(op, first, second) COMPUTES(op##_r, X87_REGISTER(first, second, i->b))
#define FLAGS(op, first, second) COMPUTES(op##_r, X87_REGISTER_FLAGS(first, second, i->b))
#define EITHER_OPERAND(op, to_top, from_top)                \
	static HANDLER(op##_r)                              \
	{                                                   \
		X87_LIVE();                                 \
		if (i->a)                                   \
			X87_REGISTER(0xdc, from_top, i->a); \
		else                                        \
			X87_REGISTER(0xd8, to_top, i->b);   \
		X87_DONE();                                 \
		NEXT();                                     \
	}
#define MEMORY(op, size, first, digit) COMPUTES(op##_m##size, X87_MEMORY(first, digit); cpu->x87.dp = address_based(cpu, i))

IMPLICIT_OPS(IMPLICIT)
ONE_OPERAND_OPS(ONE_OPERAND)
SECOND_OPERAND_OPS(SECOND_OPERAND)
FLAGS_OPS(FLAGS)
FIRST_OPERAND_OPS(ONE_OPERAND)
EITHER_OPERAND_OPS(EITHER_OPERAND)
MEMORY_OPS(MEMORY)

/* --- rows -------------------------------------------------------------------------------------------------- */

#define IMPLICIT_ROW(OP, ...) { .op = OP_##OP, .attributes = FORM_FAULTS | FORM_KEEPS_ADDRESS, .run = { OP##_implicit } },
#define ONE_OPERAND_ROW(OP, ...) { .op = OP_##OP, .pattern = K_T, .attributes = FORM_FAULTS | FORM_KEEPS_ADDRESS, .run = { OP##_r } },
#define TWO_OPERAND_ROW(OP, ...) \
	{ .op = OP_##OP, .pattern = PATTERN2(K_T, K_T), .attributes = FORM_FAULTS | FORM_KEEPS_ADDRESS, .run = { OP##_r } },
#define FLAGS_ROW(OP, ...)                                      \
	{ .op = OP_##OP,                                        \
		.pattern = PATTERN2(K_T, K_T),                  \
		.attributes = FORM_FAULTS | FORM_KEEPS_ADDRESS, \
		.reads = FLAGS_ALL,                             \
		.run = { OP##_r } },
#define MEMORY_ROW(OP, SIZE, ...) \
	{ .op = OP_##OP, .size0 = SIZE, .pattern = K_M, .attributes = FORM_KEEPS_ADDRESS, .run = { OP##_m##SIZE } },

static const struct form rows[] = { IMPLICIT_OPS(IMPLICIT_ROW) ONE_OPERAND_OPS(ONE_OPERAND_ROW) SECOND_OPERAND_OPS(TWO_OPERAND_ROW)
		FLAGS_OPS(FLAGS_ROW) FIRST_OPERAND_OPS(TWO_OPERAND_ROW) EITHER_OPERAND_OPS(TWO_OPERAND_ROW) MEMORY_OPS(MEMORY_ROW) };

const struct form_list x87_arithmetic_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .handled = true };
