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
		set_reg##BITS(cpu, i->a, name##BITS##dead(*reg##BITS(cpu, i->a), (uint8_t)i->imm, &cpu->flags)); \
		NEXT();                                                                                          \
	}                                                                                                        \
	static HANDLER(name##BITS##dead##_rc)                                                                    \
	{                                                                                                        \
		set_reg##BITS(cpu, i->a, name##BITS##dead(*reg##BITS(cpu, i->a), cl(cpu), &cpu->flags));         \
		NEXT();                                                                                          \
	}                                                                                                        \
	SHIFT_MEMORY(name, BITS, dead, mi, (uint8_t)i->imm)                                                      \
	SHIFT_MEMORY(name, BITS, dead, mc, cl(cpu))

#define SHIFT_MEMORY(name, BITS, dead, operands, count)                                   \
	static HANDLER(name##BITS##dead##_##operands)                                     \
	{                                                                                 \
		volatile guest_u##BITS *p = guest_pointer(cpu, i, address_based(cpu, i)); \
		flags_t flags = cpu->flags;                                               \
		*p = name##BITS##dead(*p, count, &flags);                                 \
		compiler_barrier();                                                       \
		cpu->flags = flags;                                                       \
		NEXT();                                                                   \
	}

#define ALL_SHIFT_HANDLERS(name, BITS, suffix) \
	SHIFT_HANDLERS(name, BITS, )           \
	SHIFT_HANDLERS(name, BITS, _set)       \
	SHIFT_HANDLERS(name, BITS, _dead)
#define ROTATE_HANDLERS(name, BITS, suffix) \
	SHIFT_HANDLERS(name, BITS, )        \
	SHIFT_HANDLERS(name, BITS, _dead)
#define CARRY_SHIFT_HANDLERS(name, BITS, suffix) SHIFT_HANDLERS(name, BITS, )

/* SHL SHR SAR by CL never use the _set body, since the count may be 0. */
#pragma GCC diagnostic ignored "-Wunused-function"
EACH_WIDTH(ALL_SHIFT_HANDLERS, shl)
EACH_WIDTH(ALL_SHIFT_HANDLERS, shr)
EACH_WIDTH(ALL_SHIFT_HANDLERS, sar)
EACH_WIDTH(ROTATE_HANDLERS, rol)
EACH_WIDTH(ROTATE_HANDLERS, ror)
EACH_WIDTH(CARRY_SHIFT_HANDLERS, rcl)
EACH_WIDTH(CARRY_SHIFT_HANDLERS, rcr)

#define DOUBLE_SHIFT_HANDLERS(name, BITS, suffix)    \
	DOUBLE_SHIFT(name, BITS, i, (uint8_t)i->imm) \
	DOUBLE_SHIFT(name, BITS, c, cl(cpu))

#define DOUBLE_SHIFT(name, BITS, operands, count)                                                                       \
	static HANDLER(name##BITS##_rr##operands)                                                                       \
	{                                                                                                               \
		set_reg##BITS(cpu, i->a, name##BITS(*reg##BITS(cpu, i->a), *reg##BITS(cpu, i->b), count, &cpu->flags)); \
		NEXT();                                                                                                 \
	}                                                                                                               \
	static HANDLER(name##BITS##_mr##operands)                                                                       \
	{                                                                                                               \
		volatile guest_u##BITS *p = guest_pointer(cpu, i, address_based(cpu, i));                               \
		flags_t flags = cpu->flags;                                                                             \
		*p = name##BITS(*p, *reg##BITS(cpu, i->a), count, &flags);                                              \
		compiler_barrier();                                                                                     \
		cpu->flags = flags;                                                                                     \
		NEXT();                                                                                                 \
	}
EACH_WIDE_WIDTH(DOUBLE_SHIFT_HANDLERS, shld)
EACH_WIDE_WIDTH(DOUBLE_SHIFT_HANDLERS, shrd)

/* BMI2: dst = src shifted by a register or (RORX) an immediate, without flags. */
#define BMI2_SHIFT(name, body, BITS)                                                                        \
	static HANDLER(name##BITS##_rrr)                                                                    \
	{                                                                                                   \
		set_reg##BITS(cpu, i->a, body##BITS##_dead(*reg##BITS(cpu, i->b), *reg8(cpu, i->c), NULL)); \
		NEXT();                                                                                     \
	}                                                                                                   \
	static HANDLER(name##BITS##_rmr)                                                                    \
	{                                                                                                   \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_based(cpu, i));                       \
		set_reg##BITS(cpu, i->a, body##BITS##_dead(src, *reg8(cpu, i->c), NULL));                   \
		NEXT();                                                                                     \
	}
BMI2_SHIFT(shlx, shl, 32)
BMI2_SHIFT(shlx, shl, 64)
BMI2_SHIFT(shrx, shr, 32)
BMI2_SHIFT(shrx, shr, 64)
BMI2_SHIFT(sarx, sar, 32)
BMI2_SHIFT(sarx, sar, 64)

#define RORX_HANDLERS(BITS)                                                                               \
	static HANDLER(rorx##BITS##_rri)                                                                  \
	{                                                                                                 \
		set_reg##BITS(cpu, i->a, ror##BITS##_dead(*reg##BITS(cpu, i->b), (uint8_t)i->imm, NULL)); \
		NEXT();                                                                                   \
	}                                                                                                 \
	static HANDLER(rorx##BITS##_rmi)                                                                  \
	{                                                                                                 \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_based(cpu, i));                     \
		set_reg##BITS(cpu, i->a, ror##BITS##_dead(src, (uint8_t)i->imm, NULL));                   \
		NEXT();                                                                                   \
	}
RORX_HANDLERS(32)
RORX_HANDLERS(64)

/* --- rows ---------------------------------------------------------------------------------------- */

/* clang-format off */
#define SHIFT_ROWS(OP, name, BITS, suffix, RULE)                                                                             \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_I), .attributes = FORM_WIDE_SHIFT, .writes = FLAGS_ALL, \
	  .shift = RULE, .run = { name##BITS##_set_ri }, .run_dead = { name##BITS##_dead_ri } },                             \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_I), .attributes = FORM_WIDE_SHIFT, .writes = FLAGS_ALL, \
	  .shift = RULE, .run = { name##BITS##_set_mi }, .run_dead = { name##BITS##_dead_mi } },                             \
	COUNT_ROWS(OP, name, BITS, RULE, FLAGS_ALL)

#define LOGICAL_ROWS(OP, name, BITS, suffix) SHIFT_ROWS(OP, name, BITS, suffix, SHIFT_LOGICAL)
#define ARITHMETIC_ROWS(OP, name, BITS, suffix) SHIFT_ROWS(OP, name, BITS, suffix, SHIFT_ARITHMETIC)
#define ROTATE_ROWS(OP, name, BITS, suffix) COUNT_ROWS(OP, name, BITS, SHIFT_ROTATE, FLAG_CF | FLAG_OF)

#define COUNT_ROWS(OP, name, BITS, RULE, FLAGS)                                                                                 \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_I), .attributes = FORM_PRESERVES, .writes = FLAGS,         \
	  .shift = RULE, .run = { name##BITS##_ri }, .run_dead = { name##BITS##_dead_ri } },                                    \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_I), .attributes = FORM_PRESERVES, .writes = FLAGS,         \
	  .shift = RULE, .run = { name##BITS##_mi }, .run_dead = { name##BITS##_dead_mi } },                                    \
	{ .op = OP, .size0 = BYTES##BITS, .size1 = 1, .pattern = PATTERN2(K_R, K_R), .attributes = FORM_PRESERVES,              \
	  .writes = FLAGS, .shift = RULE, .run = { name##BITS##_rc }, .run_dead = { name##BITS##_dead_rc } },                   \
	{ .op = OP, .size0 = BYTES##BITS, .size1 = 1, .pattern = PATTERN2(K_M, K_R), .attributes = FORM_PRESERVES,              \
	  .writes = FLAGS, .shift = RULE, .run = { name##BITS##_mc }, .run_dead = { name##BITS##_dead_mc } },

#define CARRY_SHIFT_ROW(OP, BITS, SIZE1, PATTERN, HANDLER)                                                                      \
	{ .op = OP, .size0 = BYTES##BITS, .size1 = SIZE1, .pattern = PATTERN, .attributes = FORM_PRESERVES, .reads = FLAG_CF,   \
	  .writes = FLAG_CF | FLAG_OF, .shift = SHIFT_ROTATE, .run = { HANDLER } },
#define CARRY_SHIFT_ROWS(OP, name, BITS, suffix)                                                                                \
	CARRY_SHIFT_ROW(OP, BITS, 0, PATTERN2(K_R, K_I), name##BITS##_ri)                                                       \
	CARRY_SHIFT_ROW(OP, BITS, 0, PATTERN2(K_M, K_I), name##BITS##_mi)                                                       \
	CARRY_SHIFT_ROW(OP, BITS, 1, PATTERN2(K_R, K_R), name##BITS##_rc)                                                       \
	CARRY_SHIFT_ROW(OP, BITS, 1, PATTERN2(K_M, K_R), name##BITS##_mc)

/* CPUs differ in what a double shift of 16 bits by more than 16 leaves. */
#define DOUBLE_SHIFT_ROW(OP, BITS, PATTERN, HANDLER)                                                                            \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN, .attributes = FORM_PRESERVES | (BITS == 16 ? FORM_HANDLED : 0),   \
	  .writes = FLAGS_ALL, .shift = SHIFT_LOGICAL, .run = { HANDLER } },
#define DOUBLE_SHIFT_ROWS(OP, name, BITS, suffix)                                                                               \
	DOUBLE_SHIFT_ROW(OP, BITS, PATTERN3(K_R, K_R, K_I), name##BITS##_rri)                                                   \
	DOUBLE_SHIFT_ROW(OP, BITS, PATTERN3(K_M, K_R, K_I), name##BITS##_mri)                                                   \
	DOUBLE_SHIFT_ROW(OP, BITS, PATTERN3(K_R, K_R, K_R), name##BITS##_rrc)                                                   \
	DOUBLE_SHIFT_ROW(OP, BITS, PATTERN3(K_M, K_R, K_R), name##BITS##_mrc)
/* clang-format on */

#define BMI2_ROWS(OP, name, BITS)                                                                            \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN3(K_R, K_R, K_R), .run = { name##BITS##_rrr } }, \
		{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN3(K_R, K_M, K_R), .run = { name##BITS##_rmr } },

#define RORX_ROWS(BITS)                                                                                           \
	{ .op = OP_RORX, .size0 = BYTES##BITS, .pattern = PATTERN3(K_R, K_R, K_I), .run = { rorx##BITS##_rri } }, \
		{ .op = OP_RORX, .size0 = BYTES##BITS, .pattern = PATTERN3(K_R, K_M, K_I), .run = { rorx##BITS##_rmi } },

static const struct form rows[] = { EACH_WIDTH(LOGICAL_ROWS, OP_SHL, shl) EACH_WIDTH(LOGICAL_ROWS, OP_SHR, shr) EACH_WIDTH(ARITHMETIC_ROWS,
	OP_SAR, sar) EACH_WIDTH(ROTATE_ROWS, OP_ROL, rol) EACH_WIDTH(ROTATE_ROWS, OP_ROR, ror) EACH_WIDTH(CARRY_SHIFT_ROWS, OP_RCL, rcl)
		EACH_WIDTH(CARRY_SHIFT_ROWS, OP_RCR, rcr) EACH_WIDE_WIDTH(DOUBLE_SHIFT_ROWS, OP_SHLD, shld)
			EACH_WIDE_WIDTH(DOUBLE_SHIFT_ROWS, OP_SHRD, shrd) BMI2_ROWS(OP_SHLX, shlx, 32) BMI2_ROWS(OP_SHLX, shlx, 64)
				BMI2_ROWS(OP_SHRX, shrx, 32) BMI2_ROWS(OP_SHRX, shrx, 64) BMI2_ROWS(OP_SARX, sarx, 32)
					BMI2_ROWS(OP_SARX, sarx, 64) RORX_ROWS(32) RORX_ROWS(64) };

const struct form_list shift_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .general = GENERAL_ONLY };
