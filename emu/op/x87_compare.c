/* x87: comparisons, and moves on a condition. */
#include "emu/op/lists.h"
#include "emu/op/x87_host.h"

/* --- into the condition codes -------------------------------------------------------------------------- */

/* ST(0) with ST(number); `instruction` is for x87_run. */
#define REGISTER_HANDLER(name, text, number, pops, instruction)                                         \
	static HANDLER(name)                                                                           \
	{                                                                                              \
		struct x87 *x87 = &cpu->x87;                                                           \
		uint16_t status;                                                                       \
												       \
		if (!x87_plain(x87) || !x87_holds(x87, 0) || !x87_holds(x87, number))                   \
			return x87_run_register(cpu, i, instruction);                                  \
		__asm__ volatile("fldt %[other]\n\tfldt %[top]\n\t" text "pp\n\t" X87_TAKE_STATUS      \
		                 : "=a"(status) : [top] "m"(*x87_st(x87, 0)), [other] "m"(*x87_st(x87, number)) : "cc"); \
		x87_merge(x87, status, X87_CODES);                                                     \
		for (int k = 0; k < pops; k++)                                                    \
			x87_pop(x87);                                                                  \
		NEXT();                                                                                \
	}

REGISTER_HANDLER(fcom, "fcom", i->a, 0, X87_REGISTER(0xd8, 0xd0) + i->a)
REGISTER_HANDLER(fcomp, "fcom", i->a, 1, X87_REGISTER(0xd8, 0xd8) + i->a)
REGISTER_HANDLER(fcompp, "fcom", 1, 2, X87_REGISTER(0xde, 0xd9))
REGISTER_HANDLER(fucom, "fucom", i->a, 0, X87_REGISTER(0xdd, 0xe0) + i->a)
REGISTER_HANDLER(fucomp, "fucom", i->b, 1, X87_REGISTER(0xdd, 0xe8) + i->b)
REGISTER_HANDLER(fucompp, "fucom", 1, 2, X87_REGISTER(0xda, 0xe9))

#define MEMORY_HANDLER(name, text, pops, first, digit)                                                 \
	static HANDLER(name)                                                                           \
	{                                                                                              \
		struct x87 *x87 = &cpu->x87;                                                           \
		const uint8_t *other;                                                                  \
		uint16_t status;                                                                       \
												       \
		if (!x87_plain(x87) || !x87_holds(x87, 0))                                             \
			return x87_run_memory(cpu, i, X87_MEMORY(first, digit));                       \
		other = guest_pointer(cpu, i, address_based(cpu, i));                                  \
		__asm__ volatile("fldt %[top]\n\t" text " %[other]\n\t" X87_TAKE_STATUS                \
		                 : "=a"(status) : [top] "m"(*x87_st(x87, 0)), [other] "m"(*other) : "memory", "cc"); \
		x87_merge(x87, status, X87_CODES);                                                     \
		if (pops)                                                                              \
			x87_pop(x87);                                                                  \
		NEXT();                                                                                \
	}

MEMORY_HANDLER(fcom_m4, "fcomps", 0, 0xd8, 2)
MEMORY_HANDLER(fcomp_m4, "fcomps", 1, 0xd8, 3)
MEMORY_HANDLER(fcom_m8, "fcompl", 0, 0xdc, 2)
MEMORY_HANDLER(fcomp_m8, "fcompl", 1, 0xdc, 3)
MEMORY_HANDLER(ficom_m2, "ficomps", 0, 0xde, 2)
MEMORY_HANDLER(ficomp_m2, "ficomps", 1, 0xde, 3)
MEMORY_HANDLER(ficom_m4, "ficompl", 0, 0xda, 2)
MEMORY_HANDLER(ficomp_m4, "ficompl", 1, 0xda, 3)

/* --- into EFLAGS ------------------------------------------------------------------------------------------ */

#define EFLAGS_HANDLER(name, text, pops, first, second)                                                \
	static HANDLER(name)                                                                           \
	{                                                                                              \
		struct x87 *x87 = &cpu->x87;                                                           \
		uint16_t status, flags;                                                                \
												       \
		if (!x87_plain(x87) || !x87_holds(x87, 0) || !x87_holds(x87, i->b))                    \
			return x87_run_register(cpu, i, X87_REGISTER(first, second) + i->b);           \
		__asm__ volatile("fldt %[other]\n\tfldt %[top]\n\t" text " %%st(1), %%st\n\tseto %%al\n\tlahf\n\t" \
		                 "movw %%ax, %[flags]\n\tfstp %%st(0)\n\t" X87_TAKE_STATUS             \
		                 : "=a"(status), [flags] "=&r"(flags)                                  \
		                 : [top] "m"(*x87_st(x87, 0)), [other] "m"(*x87_st(x87, i->b)) : "cc"); \
		cpu->flags = flags;                                                                    \
		x87_merge(x87, status, 0);                                                             \
		if (pops)                                                                              \
			x87_pop(x87);                                                                  \
		NEXT();                                                                                \
	}

EFLAGS_HANDLER(fcomi, "fcomip", 0, 0xdb, 0xf0)
EFLAGS_HANDLER(fcomip, "fcomip", 1, 0xdf, 0xf0)
EFLAGS_HANDLER(fucomi, "fucomip", 0, 0xdb, 0xe8)
EFLAGS_HANDLER(fucomip, "fucomip", 1, 0xdf, 0xe8)

/* --- moves on a condition ----------------------------------------------------------------------------------- */

#define MOVE_OPS(X) \
	X(FCMOVB, flags_b(cpu->flags), 0xda, 0xc0) X(FCMOVE, flags_z(cpu->flags), 0xda, 0xc8) \
	X(FCMOVBE, flags_be(cpu->flags), 0xda, 0xd0) X(FCMOVU, flags_p(cpu->flags), 0xda, 0xd8) \
	X(FCMOVNB, !flags_b(cpu->flags), 0xdb, 0xc0) X(FCMOVNE, !flags_z(cpu->flags), 0xdb, 0xc8) \
	X(FCMOVNBE, !flags_be(cpu->flags), 0xdb, 0xd0) X(FCMOVNU, !flags_p(cpu->flags), 0xdb, 0xd8)

#define MOVE_HANDLER(op, condition, first, second)                                                     \
	static HANDLER(op##_r)                                                                         \
	{                                                                                              \
		struct x87 *x87 = &cpu->x87;                                                           \
												       \
		if (!x87_plain(x87) || !x87_holds(x87, 0) || !x87_holds(x87, i->b))                    \
			return x87_run_register(cpu, i, X87_REGISTER(first, second) + i->b);           \
		if (condition)                                                                         \
			x87_copy(x87_st(x87, 0), x87_st(x87, i->b));                                   \
		NEXT();                                                                                \
	}

MOVE_OPS(MOVE_HANDLER)

/* --- rows ---------------------------------------------------------------------------------------------------- */

#define ST_ROW(op, handler) { op, 0, 0, K_T, FORM_FAULTS, 0, 0, { handler }, { 0 } }
#define ST_ST_ROW(op, writes, handler) { op, 0, 0, PATTERN2(K_T, K_T), FORM_FAULTS, 0, writes, { handler }, { 0 } }
#define IMPLICIT_ROW(op, handler) { op, 0, 0, PATTERN_NONE, FORM_FAULTS, 0, 0, { handler }, { 0 } }
#define MEMORY_ROW(op, size, handler) { op, size, 0, K_M, 0, 0, 0, { handler }, { 0 } }
#define MOVE_ROW(op, ...) { OP_##op, 0, 0, PATTERN2(K_T, K_T), FORM_FAULTS, FLAGS_ALL, 0, { op##_r }, { 0 } },

static const struct form rows[] = {
	ST_ROW(OP_FCOM, fcom), ST_ROW(OP_FCOMP, fcomp), IMPLICIT_ROW(OP_FCOMPP, fcompp),
	ST_ROW(OP_FUCOM, fucom), ST_ST_ROW(OP_FUCOMP, 0, fucomp), IMPLICIT_ROW(OP_FUCOMPP, fucompp),
	MEMORY_ROW(OP_FCOM, 4, fcom_m4), MEMORY_ROW(OP_FCOMP, 4, fcomp_m4),
	MEMORY_ROW(OP_FCOM, 8, fcom_m8), MEMORY_ROW(OP_FCOMP, 8, fcomp_m8),
	MEMORY_ROW(OP_FICOM, 2, ficom_m2), MEMORY_ROW(OP_FICOMP, 2, ficomp_m2),
	MEMORY_ROW(OP_FICOM, 4, ficom_m4), MEMORY_ROW(OP_FICOMP, 4, ficomp_m4),
	ST_ST_ROW(OP_FCOMI, FLAGS_ALL, fcomi), ST_ST_ROW(OP_FCOMIP, FLAGS_ALL, fcomip),
	ST_ST_ROW(OP_FUCOMI, FLAGS_ALL, fucomi), ST_ST_ROW(OP_FUCOMIP, FLAGS_ALL, fucomip),
	MOVE_OPS(MOVE_ROW)
};

const struct form_list x87_compare_forms = { rows, sizeof rows / sizeof *rows };
