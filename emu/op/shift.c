/* SHL SHR SAR ROL ROR RCL RCR SHLD SHRD, and BMI2's RORX SARX SHLX SHRX. */
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"
#include "emu/op/shift.h"

/* --- handlers ------------------------------------------------------------------------------------ */

static inline uint8_t cl(const struct cpu *cpu)
{
	return (uint8_t)cpu->r[RCX];
}

#define SHIFT_HANDLERS(name, BITS, dead)                                                                         \
	static HANDLER(name##BITS##dead##_ri)                                                                    \
	{                                                                                                        \
		set_reg##BITS(cpu, i->a, name##BITS##dead(*reg##BITS(cpu, i->a), (uint8_t)i->imm, &cpu->flags));  \
		NEXT();                                                                                          \
	}                                                                                                        \
	static HANDLER(name##BITS##dead##_rc)                                                                    \
	{                                                                                                        \
		set_reg##BITS(cpu, i->a, name##BITS##dead(*reg##BITS(cpu, i->a), cl(cpu), &cpu->flags));          \
		NEXT();                                                                                          \
	}                                                                                                        \
	SHIFT_MEMORY(name, BITS, dead, mi, (uint8_t)i->imm)                                                      \
	SHIFT_MEMORY(name, BITS, dead, mc, cl(cpu))

#define SHIFT_MEMORY(name, BITS, dead, operands, count)                                                          \
	static HANDLER(name##BITS##dead##_##operands)                                                            \
	{                                                                                                        \
		volatile guest_u##BITS *p = guest_pointer(cpu, i, address_based(cpu, i));                        \
		flags_t flags = cpu->flags;                                                                      \
		*p = name##BITS##dead(*p, count, &flags);                                                        \
		compiler_barrier();                                                                              \
		cpu->flags = flags;                                                                              \
		NEXT();                                                                                          \
	}

#define ALL_SHIFT_HANDLERS(name, BITS, suffix)  \
	SHIFT_HANDLERS(name, BITS, )            \
	SHIFT_HANDLERS(name, BITS, _set)        \
	SHIFT_HANDLERS(name, BITS, _dead)
#define ROTATE_HANDLERS(name, BITS, suffix)     \
	SHIFT_HANDLERS(name, BITS, )            \
	SHIFT_HANDLERS(name, BITS, _dead)
#define CARRY_SHIFT_HANDLERS(name, BITS, suffix) SHIFT_HANDLERS(name, BITS, )

/* SHL SHR SAR by CL never run the _set body: the count may be 0. */
#pragma GCC diagnostic ignored "-Wunused-function"
EACH_WIDTH(ALL_SHIFT_HANDLERS, shl)
EACH_WIDTH(ALL_SHIFT_HANDLERS, shr)
EACH_WIDTH(ALL_SHIFT_HANDLERS, sar)
EACH_WIDTH(ROTATE_HANDLERS, rol)
EACH_WIDTH(ROTATE_HANDLERS, ror)
EACH_WIDTH(CARRY_SHIFT_HANDLERS, rcl)
EACH_WIDTH(CARRY_SHIFT_HANDLERS, rcr)

#define DOUBLE_SHIFT_HANDLERS(name, BITS, suffix)                                                                \
	DOUBLE_SHIFT(name, BITS, i, (uint8_t)i->imm)                                                             \
	DOUBLE_SHIFT(name, BITS, c, cl(cpu))

#define DOUBLE_SHIFT(name, BITS, operands, count)                                                                \
	static HANDLER(name##BITS##_rr##operands)                                                                \
	{                                                                                                        \
		set_reg##BITS(cpu, i->a,                                                                         \
		              name##BITS(*reg##BITS(cpu, i->a), *reg##BITS(cpu, i->b), count, &cpu->flags));     \
		NEXT();                                                                                          \
	}                                                                                                        \
	static HANDLER(name##BITS##_mr##operands)                                                                \
	{                                                                                                        \
		volatile guest_u##BITS *p = guest_pointer(cpu, i, address_based(cpu, i));                        \
		flags_t flags = cpu->flags;                                                                      \
		*p = name##BITS(*p, *reg##BITS(cpu, i->a), count, &flags);                                       \
		compiler_barrier();                                                                              \
		cpu->flags = flags;                                                                              \
		NEXT();                                                                                          \
	}
EACH_WIDE_WIDTH(DOUBLE_SHIFT_HANDLERS, shld)
EACH_WIDE_WIDTH(DOUBLE_SHIFT_HANDLERS, shrd)

/* BMI2: dst = src shifted by a register or, for RORX, an immediate; no flags. */
#define BMI2_SHIFT(name, body, BITS)                                                                             \
	static HANDLER(name##BITS##_rrr)                                                                         \
	{                                                                                                        \
		set_reg##BITS(cpu, i->a, body##BITS##_dead(*reg##BITS(cpu, i->b), *reg8(cpu, i->c), NULL));       \
		NEXT();                                                                                          \
	}                                                                                                        \
	static HANDLER(name##BITS##_rmr)                                                                         \
	{                                                                                                        \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_based(cpu, i));                            \
		set_reg##BITS(cpu, i->a, body##BITS##_dead(src, *reg8(cpu, i->c), NULL));                        \
		NEXT();                                                                                          \
	}
BMI2_SHIFT(shlx, shl, 32)
BMI2_SHIFT(shlx, shl, 64)
BMI2_SHIFT(shrx, shr, 32)
BMI2_SHIFT(shrx, shr, 64)
BMI2_SHIFT(sarx, sar, 32)
BMI2_SHIFT(sarx, sar, 64)

#define RORX_HANDLERS(BITS)                                                                                      \
	static HANDLER(rorx##BITS##_rri)                                                                         \
	{                                                                                                        \
		set_reg##BITS(cpu, i->a, ror##BITS##_dead(*reg##BITS(cpu, i->b), (uint8_t)i->imm, NULL));         \
		NEXT();                                                                                          \
	}                                                                                                        \
	static HANDLER(rorx##BITS##_rmi)                                                                         \
	{                                                                                                        \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_based(cpu, i));                            \
		set_reg##BITS(cpu, i->a, ror##BITS##_dead(src, (uint8_t)i->imm, NULL));                          \
		NEXT();                                                                                          \
	}
RORX_HANDLERS(32)
RORX_HANDLERS(64)

/* --- rows ---------------------------------------------------------------------------------------- */

#define SHIFT_ROWS(OP, name, BITS, suffix)                                                                       \
	{ OP, BYTES##BITS, 0, PATTERN2(K_R, K_I), FORM_WIDE_SHIFT, 0, FLAGS_ALL, { name##BITS##_set_ri }, { name##BITS##_dead_ri } }, \
	{ OP, BYTES##BITS, 0, PATTERN2(K_M, K_I), FORM_WIDE_SHIFT, 0, FLAGS_ALL, { name##BITS##_set_mi }, { name##BITS##_dead_mi } }, \
	ROTATE_ROWS(OP, name, BITS, suffix)

#define ROTATE_ROWS(OP, name, BITS, suffix)                                                                      \
	{ OP, BYTES##BITS, 0, PATTERN2(K_R, K_I), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_ri }, { name##BITS##_dead_ri } }, \
	{ OP, BYTES##BITS, 0, PATTERN2(K_M, K_I), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_mi }, { name##BITS##_dead_mi } }, \
	{ OP, BYTES##BITS, 1, PATTERN2(K_R, K_R), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_rc }, { name##BITS##_dead_rc } }, \
	{ OP, BYTES##BITS, 1, PATTERN2(K_M, K_R), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_mc }, { name##BITS##_dead_mc } },

#define CARRY_SHIFT_ROWS(OP, name, BITS, suffix)                                                                 \
	{ OP, BYTES##BITS, 0, PATTERN2(K_R, K_I), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_ri }, { 0 } }, \
	{ OP, BYTES##BITS, 0, PATTERN2(K_M, K_I), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_mi }, { 0 } }, \
	{ OP, BYTES##BITS, 1, PATTERN2(K_R, K_R), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_rc }, { 0 } }, \
	{ OP, BYTES##BITS, 1, PATTERN2(K_M, K_R), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_mc }, { 0 } },

#define DOUBLE_SHIFT_ROWS(OP, name, BITS, suffix)                                                                \
	{ OP, BYTES##BITS, 0, PATTERN3(K_R, K_R, K_I), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_rri }, { 0 } }, \
	{ OP, BYTES##BITS, 0, PATTERN3(K_M, K_R, K_I), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_mri }, { 0 } }, \
	{ OP, BYTES##BITS, 0, PATTERN3(K_R, K_R, K_R), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_rrc }, { 0 } }, \
	{ OP, BYTES##BITS, 0, PATTERN3(K_M, K_R, K_R), FORM_PRESERVES, FLAGS_ALL, FLAGS_ALL, { name##BITS##_mrc }, { 0 } },

#define BMI2_ROWS(OP, name, BITS)                                                                                \
	{ OP, BYTES##BITS, 0, PATTERN3(K_R, K_R, K_R), 0, 0, 0, { name##BITS##_rrr }, { 0 } },                    \
	{ OP, BYTES##BITS, 0, PATTERN3(K_R, K_M, K_R), 0, 0, 0, { name##BITS##_rmr }, { 0 } },

#define RORX_ROWS(BITS)                                                                                          \
	{ OP_RORX, BYTES##BITS, 0, PATTERN3(K_R, K_R, K_I), 0, 0, 0, { rorx##BITS##_rri }, { 0 } },               \
	{ OP_RORX, BYTES##BITS, 0, PATTERN3(K_R, K_M, K_I), 0, 0, 0, { rorx##BITS##_rmi }, { 0 } },

static const struct form rows[] = {
	EACH_WIDTH(SHIFT_ROWS, OP_SHL, shl)
	EACH_WIDTH(SHIFT_ROWS, OP_SHR, shr)
	EACH_WIDTH(SHIFT_ROWS, OP_SAR, sar)
	EACH_WIDTH(ROTATE_ROWS, OP_ROL, rol)
	EACH_WIDTH(ROTATE_ROWS, OP_ROR, ror)
	EACH_WIDTH(CARRY_SHIFT_ROWS, OP_RCL, rcl)
	EACH_WIDTH(CARRY_SHIFT_ROWS, OP_RCR, rcr)
	EACH_WIDE_WIDTH(DOUBLE_SHIFT_ROWS, OP_SHLD, shld)
	EACH_WIDE_WIDTH(DOUBLE_SHIFT_ROWS, OP_SHRD, shrd)
	BMI2_ROWS(OP_SHLX, shlx, 32) BMI2_ROWS(OP_SHLX, shlx, 64)
	BMI2_ROWS(OP_SHRX, shrx, 32) BMI2_ROWS(OP_SHRX, shrx, 64)
	BMI2_ROWS(OP_SARX, sarx, 32) BMI2_ROWS(OP_SARX, sarx, 64)
	RORX_ROWS(32) RORX_ROWS(64)
};

const struct form_list shift_forms = { rows, sizeof rows / sizeof *rows };
