/* x87: loads, stores, exchanges and constants. */
#include "emu/op/lists.h"
#include "emu/op/x87_host.h"

/* --- loads -------------------------------------------------------------------------------------------- */

/* LOAD: `finish` takes the host's status where the conversion may raise an exception. */
#define LOAD_HANDLER(name, text, finish, first, digit)                                                 \
	static HANDLER(name)                                                                           \
	{                                                                                              \
		struct x87 *x87 = &cpu->x87;                                                           \
		union x87_register *to = x87_st(x87, 7);                                               \
		const uint8_t *from;                                                                   \
		uint16_t status = 0;                                                                   \
												       \
		if (!x87_plain(x87) || !x87_room(x87))                                                 \
			return x87_run_memory(cpu, i, X87_MEMORY(first, digit));                       \
		from = guest_pointer(cpu, i, address_based(cpu, i));                                   \
		__asm__ volatile(text " %[from]\n\t" finish "fstpt %[to]"                              \
		                 : "+a"(status), [to] "=m"(*to) : [from] "m"(*from) : "memory", "cc"); \
		x87_merge(x87, status, FSW_C1);                                                        \
		x87_push(x87);                                                                         \
		NEXT();                                                                                \
	}

LOAD_HANDLER(fld_m4, "flds", X87_TAKE_STATUS, 0xd9, 0)
LOAD_HANDLER(fld_m8, "fldl", X87_TAKE_STATUS, 0xdd, 0)
LOAD_HANDLER(fld_m10, "fldt", , 0xdb, 5)
LOAD_HANDLER(fild_m2, "filds", , 0xdf, 0)
LOAD_HANDLER(fild_m4, "fildl", , 0xdb, 0)
LOAD_HANDLER(fild_m8, "fildll", , 0xdf, 5)

static HANDLER(fld_st)
{
	struct x87 *x87 = &cpu->x87;

	if (!x87_plain(x87) || !x87_room(x87) || !x87_holds(x87, i->a))
		return x87_run_register(cpu, i, X87_REGISTER(0xd9, 0xc0) + i->a);
	x87_copy(x87_st(x87, 7), x87_st(x87, i->a));
	x87_clear_c1(x87);
	x87_push(x87);
	NEXT();
}

/* Constants are rounded as the control word says. */
#define CONSTANT_OPS(X) \
	X(FLD1, "fld1", 0xe8) X(FLDL2T, "fldl2t", 0xe9) X(FLDL2E, "fldl2e", 0xea) X(FLDPI, "fldpi", 0xeb) \
	X(FLDLG2, "fldlg2", 0xec) X(FLDLN2, "fldln2", 0xed) X(FLDZ, "fldz", 0xee)

#define CONSTANT_HANDLER(op, text, second)                                                             \
	static HANDLER(op##_implicit)                                                                  \
	{                                                                                              \
		struct x87 *x87 = &cpu->x87;                                                           \
		union x87_register *to = x87_st(x87, 7);                                               \
												       \
		if (!x87_plain(x87) || !x87_room(x87))                                                 \
			return x87_run_register(cpu, i, X87_REGISTER(0xd9, second));                   \
		x87_enter(x87);                                                                        \
		__asm__ volatile(text "\n\tfstpt %[to]" : [to] "=m"(*to));                             \
		x87_leave(x87);                                                                        \
		x87_clear_c1(x87);                                                                     \
		x87_push(x87);                                                                         \
		NEXT();                                                                                \
	}

CONSTANT_OPS(CONSTANT_HANDLER)

/* --- stores ------------------------------------------------------------------------------------------- */

/* The host's instruction, which always pops, stores into the guest's memory itself. */
#define STORE_HANDLER(name, text, finish, pops, first, digit)                                          \
	static HANDLER(name)                                                                           \
	{                                                                                              \
		struct x87 *x87 = &cpu->x87;                                                           \
		const union x87_register *top = x87_st(x87, 0);                                        \
		uint8_t *to;                                                                           \
		uint16_t status = 0;                                                                   \
												       \
		if (!x87_plain(x87) || !x87_holds(x87, 0))                                             \
			return x87_run_memory(cpu, i, X87_MEMORY(first, digit));                       \
		to = guest_pointer(cpu, i, address_based(cpu, i));                                     \
		x87_enter(x87);                                                                        \
		__asm__ volatile("fldt %[top]\n\t" text " %[to]\n\t" finish                            \
		                 : "+a"(status), [to] "=m"(*to) : [top] "m"(*top) : "memory", "cc");   \
		x87_leave(x87);                                                                        \
		x87_merge(x87, status, FSW_C1);                                                        \
		if (pops)                                                                              \
			x87_pop(x87);                                                                  \
		NEXT();                                                                                \
	}

STORE_HANDLER(fst_m4, "fstps", X87_TAKE_STATUS, 0, 0xd9, 2)
STORE_HANDLER(fstp_m4, "fstps", X87_TAKE_STATUS, 1, 0xd9, 3)
STORE_HANDLER(fst_m8, "fstpl", X87_TAKE_STATUS, 0, 0xdd, 2)
STORE_HANDLER(fstp_m8, "fstpl", X87_TAKE_STATUS, 1, 0xdd, 3)
STORE_HANDLER(fstp_m10, "fstpt", , 1, 0xdb, 7)
STORE_HANDLER(fist_m2, "fistps", X87_TAKE_STATUS, 0, 0xdf, 2)
STORE_HANDLER(fistp_m2, "fistps", X87_TAKE_STATUS, 1, 0xdf, 3)
STORE_HANDLER(fist_m4, "fistpl", X87_TAKE_STATUS, 0, 0xdb, 2)
STORE_HANDLER(fistp_m4, "fistpl", X87_TAKE_STATUS, 1, 0xdb, 3)
STORE_HANDLER(fistp_m8, "fistpll", X87_TAKE_STATUS, 1, 0xdf, 7)
STORE_HANDLER(fisttp_m2, "fisttps", X87_TAKE_STATUS, 1, 0xdf, 1)
STORE_HANDLER(fisttp_m4, "fisttpl", X87_TAKE_STATUS, 1, 0xdb, 1)
STORE_HANDLER(fisttp_m8, "fisttpll", X87_TAKE_STATUS, 1, 0xdd, 1)

/* FST to a register that is empty fills it. */
static inline void store_register(struct x87 *x87, unsigned to)
{
	x87_copy(x87_st(x87, to), x87_st(x87, 0));
	x87->valid |= (uint8_t)(1 << x87_physical(x87, to));
	x87_clear_c1(x87);
}

static HANDLER(fst_st)
{
	if (!x87_plain(&cpu->x87) || !x87_holds(&cpu->x87, 0))
		return x87_run_register(cpu, i, X87_REGISTER(0xdd, 0xd0) + i->a);
	store_register(&cpu->x87, i->a);
	NEXT();
}

static HANDLER(fstp_st)
{
	if (!x87_plain(&cpu->x87) || !x87_holds(&cpu->x87, 0))
		return x87_run_register(cpu, i, X87_REGISTER(0xdd, 0xd8) + i->a);
	store_register(&cpu->x87, i->a);
	x87_pop(&cpu->x87);
	NEXT();
}

static HANDLER(fxch)
{
	struct x87 *x87 = &cpu->x87;
	union x87_register top;

	if (!x87_plain(x87) || !x87_holds(x87, 0) || !x87_holds(x87, i->a))
		return x87_run_register(cpu, i, X87_REGISTER(0xd9, 0xc8) + i->a);
	x87_copy(&top, x87_st(x87, 0));
	x87_copy(x87_st(x87, 0), x87_st(x87, i->a));
	x87_copy(x87_st(x87, i->a), &top);
	x87_clear_c1(x87);
	NEXT();
}

/* --- rows ------------------------------------------------------------------------------------------------ */

#define ST_ROW(op, handler) { op, 0, 0, K_T, FORM_FAULTS, 0, 0, { handler }, { 0 } }
#define MEMORY_ROW(op, size, handler) { op, size, 0, K_M, 0, 0, 0, { handler }, { 0 } }
#define CONSTANT_ROW(op, ...) { OP_##op, 0, 0, PATTERN_NONE, FORM_FAULTS, 0, 0, { op##_implicit }, { 0 } },

static const struct form rows[] = {
	MEMORY_ROW(OP_FLD, 4, fld_m4), MEMORY_ROW(OP_FLD, 8, fld_m8), MEMORY_ROW(OP_FLD, 10, fld_m10),
	MEMORY_ROW(OP_FILD, 2, fild_m2), MEMORY_ROW(OP_FILD, 4, fild_m4), MEMORY_ROW(OP_FILD, 8, fild_m8),
	MEMORY_ROW(OP_FST, 4, fst_m4), MEMORY_ROW(OP_FST, 8, fst_m8),
	MEMORY_ROW(OP_FSTP, 4, fstp_m4), MEMORY_ROW(OP_FSTP, 8, fstp_m8), MEMORY_ROW(OP_FSTP, 10, fstp_m10),
	MEMORY_ROW(OP_FIST, 2, fist_m2), MEMORY_ROW(OP_FIST, 4, fist_m4),
	MEMORY_ROW(OP_FISTP, 2, fistp_m2), MEMORY_ROW(OP_FISTP, 4, fistp_m4), MEMORY_ROW(OP_FISTP, 8, fistp_m8),
	MEMORY_ROW(OP_FISTTP, 2, fisttp_m2), MEMORY_ROW(OP_FISTTP, 4, fisttp_m4), MEMORY_ROW(OP_FISTTP, 8, fisttp_m8),
	ST_ROW(OP_FLD, fld_st), ST_ROW(OP_FST, fst_st), ST_ROW(OP_FSTP, fstp_st), ST_ROW(OP_FXCH, fxch),
	CONSTANT_OPS(CONSTANT_ROW)
};

const struct form_list x87_move_forms = { rows, sizeof rows / sizeof *rows };
