/* x87: addition to division, square root, rounding, sign. */
#include "emu/op/lists.h"
#include "emu/op/x87_host.h"

/* ORDER ARITHMETIC: name, in the host's assembler, opcode extension, and second bytes of ST(0) op= ST(i) (first byte D8H) and
 * of ST(i) op= ST(0) (DCH, and DEH with a pop). */
#define ARITHMETIC_OPS(X) \
	X(ADD, "add", 0, 0xc0, 0xc0) X(MUL, "mul", 1, 0xc8, 0xc8) X(SUB, "sub", 4, 0xe0, 0xe8) \
	X(SUBR, "subr", 5, 0xe8, 0xe0) X(DIV, "div", 6, 0xf0, 0xf8) X(DIVR, "divr", 7, 0xf8, 0xf0)

#define STRING(x) #x

/* ST(a) op= ST(b): the host's form is the one with a pop. Assemblers disagree on the names of these. */
#define REGISTER_BODY(name, second)                                                                   \
	static inline void name##_registers(struct x87 *x87, unsigned a, unsigned b)                  \
	{                                                                                             \
		union x87_register *to = x87_st(x87, a);                                              \
		uint16_t status;                                                                      \
												      \
		x87_enter(x87);                                                                       \
		__asm__ volatile("fldt %[to]\n\tfldt %[from]\n\t.byte 0xde, " STRING(second) " + 1\n\t" \
		                 X87_TAKE_STATUS "fstpt %[to]"                                        \
		                 : "=a"(status), [to] "+m"(*to) : [from] "m"(*x87_st(x87, b)) : "cc"); \
		x87_leave(x87);                                                                       \
		x87_merge(x87, status, FSW_C1);                                                       \
	}

/* ST(0) op= memory */
#define MEMORY_HANDLER(op, text, bytes, first, digit)                                                 \
	static HANDLER(op##_m##bytes)                                                                 \
	{                                                                                             \
		struct x87 *x87 = &cpu->x87;                                                          \
		union x87_register *top = x87_st(x87, 0);                                             \
		const uint8_t *from;                                                                  \
		uint16_t status;                                                                      \
												      \
		if (!x87_plain(x87) || !x87_holds(x87, 0))                                            \
			return x87_run_memory(cpu, i, X87_MEMORY(first, digit));                      \
		from = guest_pointer(cpu, i, address_based(cpu, i));                                  \
		x87_enter(x87);                                                                       \
		__asm__ volatile("fldt %[top]\n\t" text " %[from]\n\t" X87_TAKE_STATUS "fstpt %[top]" \
		                 : "=a"(status), [top] "+m"(*top) : [from] "m"(*from) : "memory", "cc"); \
		x87_leave(x87);                                                                       \
		x87_merge(x87, status, FSW_C1);                                                       \
		NEXT();                                                                               \
	}

#define ARITHMETIC_HANDLERS(name, text, digit, to_top, from_top)                                      \
	REGISTER_BODY(name, from_top)                                                                 \
	static HANDLER(F##name##_r)                                                                   \
	{                                                                                             \
		if (!x87_plain(&cpu->x87) || !x87_holds(&cpu->x87, i->a) || !x87_holds(&cpu->x87, i->b)) \
			return x87_run_register(cpu, i, i->a ? X87_REGISTER(0xdc, from_top) + i->a    \
			                                     : X87_REGISTER(0xd8, to_top) + i->b);    \
		name##_registers(&cpu->x87, i->a, i->b);                                              \
		NEXT();                                                                               \
	}                                                                                             \
	static HANDLER(F##name##P_r)                                                                  \
	{                                                                                             \
		if (!x87_plain(&cpu->x87) || !x87_holds(&cpu->x87, i->a) || !x87_holds(&cpu->x87, 0)) \
			return x87_run_register(cpu, i, X87_REGISTER(0xde, from_top) + i->a);         \
		name##_registers(&cpu->x87, i->a, 0);                                                 \
		x87_pop(&cpu->x87);                                                                   \
		NEXT();                                                                               \
	}                                                                                             \
	MEMORY_HANDLER(F##name, "f" text "s", 4, 0xd8, digit)                                         \
	MEMORY_HANDLER(F##name, "f" text "l", 8, 0xdc, digit)                                         \
	MEMORY_HANDLER(FI##name, "fi" text "s", 2, 0xde, digit)                                       \
	MEMORY_HANDLER(FI##name, "fi" text "l", 4, 0xda, digit)

ARITHMETIC_OPS(ARITHMETIC_HANDLERS)

/* ST(0) = op ST(0) */
#define UNARY_HANDLER(name, text, second)                                                             \
	static HANDLER(name)                                                                          \
	{                                                                                             \
		struct x87 *x87 = &cpu->x87;                                                          \
		union x87_register *top = x87_st(x87, 0);                                             \
		uint16_t status;                                                                      \
												      \
		if (!x87_plain(x87) || !x87_holds(x87, 0))                                            \
			return x87_run_register(cpu, i, X87_REGISTER(0xd9, second));                  \
		x87_enter(x87);                                                                       \
		__asm__ volatile("fldt %[top]\n\t" text "\n\t" X87_TAKE_STATUS "fstpt %[top]"         \
		                 : "=a"(status), [top] "+m"(*top) : : "cc");                          \
		x87_leave(x87);                                                                       \
		x87_merge(x87, status, FSW_C1);                                                       \
		NEXT();                                                                               \
	}

UNARY_HANDLER(fsqrt, "fsqrt", 0xfa)
UNARY_HANDLER(frndint, "frndint", 0xfc)

/* FCHS and FABS touch the sign alone, whatever the number. */
#define SIGN_HANDLER(name, change, second)                                                            \
	static HANDLER(name)                                                                          \
	{                                                                                             \
		enum { SIGN = 0x8000 };                                                               \
		struct x87 *x87 = &cpu->x87;                                                          \
												      \
		if (!x87_plain(x87) || !x87_holds(x87, 0))                                            \
			return x87_run_register(cpu, i, X87_REGISTER(0xd9, second));                  \
		x87_st(x87, 0)->exponent change;                                                      \
		x87_clear_c1(x87);                                                                    \
		NEXT();                                                                               \
	}

SIGN_HANDLER(fchs, ^= SIGN, 0xe0)
SIGN_HANDLER(fabs_, &= (uint16_t)~SIGN, 0xe1)

/* --- rows ------------------------------------------------------------------------------------------------ */

#define IMPLICIT_ROW(op, handler) { op, 0, 0, PATTERN_NONE, FORM_FAULTS, 0, 0, { handler }, { 0 } }
#define ARITHMETIC_ROWS(name, ...)                                                                     \
	{ OP_F##name, 0, 0, PATTERN2(K_T, K_T), FORM_FAULTS, 0, 0, { F##name##_r }, { 0 } },           \
	{ OP_F##name##P, 0, 0, PATTERN2(K_T, K_T), FORM_FAULTS, 0, 0, { F##name##P_r }, { 0 } },       \
	{ OP_F##name, 4, 0, K_M, 0, 0, 0, { F##name##_m4 }, { 0 } },                                   \
	{ OP_F##name, 8, 0, K_M, 0, 0, 0, { F##name##_m8 }, { 0 } },                                   \
	{ OP_FI##name, 2, 0, K_M, 0, 0, 0, { FI##name##_m2 }, { 0 } },                                 \
	{ OP_FI##name, 4, 0, K_M, 0, 0, 0, { FI##name##_m4 }, { 0 } },

static const struct form rows[] = {
	ARITHMETIC_OPS(ARITHMETIC_ROWS)
	IMPLICIT_ROW(OP_FSQRT, fsqrt),
	IMPLICIT_ROW(OP_FRNDINT, frndint),
	IMPLICIT_ROW(OP_FCHS, fchs),
	IMPLICIT_ROW(OP_FABS, fabs_),
};

const struct form_list x87_arithmetic_forms = { rows, sizeof rows / sizeof *rows };
