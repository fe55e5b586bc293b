/* x87: functions, BCD, and what is rare. All of it runs in the guest's whole state. */
#include "emu/op/lists.h"
#include "emu/op/x87_host.h"

/* op and its two bytes, without a visible operand */
#define IMPLICIT_OPS(X) \
	X(FTST, 0xd9, 0xe4) X(FXAM, 0xd9, 0xe5) X(F2XM1, 0xd9, 0xf0) X(FYL2X, 0xd9, 0xf1) \
	X(FPTAN, 0xd9, 0xf2) X(FPATAN, 0xd9, 0xf3) X(FXTRACT, 0xd9, 0xf4) X(FPREM1, 0xd9, 0xf5) \
	X(FDECSTP, 0xd9, 0xf6) X(FINCSTP, 0xd9, 0xf7) X(FPREM, 0xd9, 0xf8) X(FYL2XP1, 0xd9, 0xf9) \
	X(FSINCOS, 0xd9, 0xfb) X(FSCALE, 0xd9, 0xfd) X(FSIN, 0xd9, 0xfe) X(FCOS, 0xd9, 0xff)

/* op and its two bytes for ST(0), with an operand ST(i) */
#define REGISTER_OPS(X) X(FSTPNCE, 0xd9, 0xd8) X(FFREE, 0xdd, 0xc0) X(FFREEP, 0xdf, 0xc0)

/* op, its byte and its opcode extension, with an operand of 10 bytes in memory */
#define MEMORY_OPS(X) X(FBLD, 0xdf, 4) X(FBSTP, 0xdf, 6)

#define IMPLICIT(op, first, second) \
	static HANDLER(op##_implicit) { return x87_run_register(cpu, i, X87_REGISTER(first, second)); }
#define REGISTER(op, first, second) \
	static HANDLER(op##_r) { return x87_run_register(cpu, i, X87_REGISTER(first, second) + i->a); }
#define MEMORY(op, first, digit) \
	static HANDLER(op##_m) { return x87_run_memory(cpu, i, X87_MEMORY(first, digit)); }

IMPLICIT_OPS(IMPLICIT)
REGISTER_OPS(REGISTER)
MEMORY_OPS(MEMORY)

#define IMPLICIT_ROW(op, ...) { OP_##op, 0, 0, PATTERN_NONE, FORM_FAULTS, 0, 0, { op##_implicit }, { 0 } },
#define REGISTER_ROW(op, ...) { OP_##op, 0, 0, K_T, FORM_FAULTS, 0, 0, { op##_r }, { 0 } },
#define MEMORY_ROW(op, ...) { OP_##op, 10, 0, K_M, 0, 0, 0, { op##_m }, { 0 } },

static const struct form rows[] = {
	IMPLICIT_OPS(IMPLICIT_ROW)
	REGISTER_OPS(REGISTER_ROW)
	MEMORY_OPS(MEMORY_ROW)
};

const struct form_list x87_function_forms = { rows, sizeof rows / sizeof *rows };
