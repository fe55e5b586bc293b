/* MOV and its extensions, LEA, CMOVcc, SETcc, XLAT. */
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

#define EACH_WIDTH(STAMP, ...) STAMP(__VA_ARGS__, 8) STAMP(__VA_ARGS__, 16) STAMP(__VA_ARGS__, 32) STAMP(__VA_ARGS__, 64)

/* --- MOV ----------------------------------------------------------------------------------------- */

#define MOV_HANDLERS(unused, BITS)                                \
	static HANDLER(mov##BITS##_rr)                            \
	{                                                         \
		set_reg##BITS(cpu, i->a, *reg##BITS(cpu, i->b));  \
		NEXT();                                           \
	}                                                         \
	static HANDLER(mov##BITS##_ri)                            \
	{                                                         \
		set_reg##BITS(cpu, i->a, (uint##BITS##_t)i->imm); \
		NEXT();                                           \
	}                                                         \
	EACH_ADDRESS(MOV_MEMORY, BITS)

#define MOV_MEMORY(BITS, kind)                                                                          \
	static HANDLER(mov##BITS##_rm_##kind)                                                           \
	{                                                                                               \
		set_reg##BITS(cpu, i->a, guest_load##BITS(cpu, i, address_##kind(cpu, i)));             \
		NEXT();                                                                                 \
	}                                                                                               \
	static HANDLER(mov##BITS##_mr_##kind)                                                           \
	{                                                                                               \
		guest_store##BITS(cpu, i, address_##kind(cpu, i), *reg##BITS(cpu, i->a));               \
		NEXT();                                                                                 \
	}                                                                                               \
	static HANDLER(mov##BITS##_mi_##kind)                                                           \
	{                                                                                               \
		guest_store##BITS(cpu, i, address_##kind(cpu, i), (uint##BITS##_t)immediate_##kind(i)); \
		NEXT();                                                                                 \
	}
EACH_WIDTH(MOV_HANDLERS, )

/* --- MOVZX MOVSX MOVSXD -------------------------------------------------------------------------- */

/* TYPE is the signed or unsigned type of the source. */
#define EXTEND(name, TO, FROM, TYPE)                                               \
	static HANDLER(name##TO##_##FROM##_rr)                                     \
	{                                                                          \
		set_reg##TO(cpu, i->a, (uint##TO##_t)(TYPE)*reg##FROM(cpu, i->b)); \
		NEXT();                                                            \
	}                                                                          \
	EACH_ADDRESS(EXTEND_MEMORY, name, TO, FROM, TYPE)
#define EXTEND_MEMORY(name, TO, FROM, TYPE, kind)                                                             \
	static HANDLER(name##TO##_##FROM##_rm_##kind)                                                         \
	{                                                                                                     \
		set_reg##TO(cpu, i->a, (uint##TO##_t)(TYPE)guest_load##FROM(cpu, i, address_##kind(cpu, i))); \
		NEXT();                                                                                       \
	}
EXTEND(movzx, 16, 8, uint8_t)
EXTEND(movzx, 32, 8, uint8_t)
EXTEND(movzx, 64, 8, uint8_t)
EXTEND(movzx, 16, 16, uint16_t)
EXTEND(movzx, 32, 16, uint16_t)
EXTEND(movzx, 64, 16, uint16_t)
EXTEND(movsx, 16, 8, int8_t)
EXTEND(movsx, 32, 8, int8_t)
EXTEND(movsx, 64, 8, int8_t)
EXTEND(movsx, 16, 16, int16_t)
EXTEND(movsx, 32, 16, int16_t)
EXTEND(movsx, 64, 16, int16_t)
EXTEND(movsx, 32, 32, int32_t)
EXTEND(movsx, 64, 32, int32_t)

/* --- LEA: the address is the result -------------------------------------------------------------- */

#define LEA(BITS, kind)                                                           \
	static HANDLER(lea##BITS##_##kind)                                        \
	{                                                                         \
		set_reg##BITS(cpu, i->a, (uint##BITS##_t)address_##kind(cpu, i)); \
		NEXT();                                                           \
	}
EACH_ADDRESS(LEA, 16)
EACH_ADDRESS(LEA, 32)
EACH_ADDRESS(LEA, 64)

/* The handlers of address records, which the block builder adds before forms without a handler for an operand's kind of address.
 * SLOT_TMP = the address, of 64 or 32 bits, plus the register at `a` (a segment's base). */
HANDLER(address_record64)
{
	cpu->r[SLOT_TMP] = *reg64(cpu, i->a) + address_indexed(cpu, i);
	NEXT();
}

HANDLER(address_record32)
{
	cpu->r[SLOT_TMP] = *reg64(cpu, i->a) + (uint32_t)address_indexed(cpu, i);
	NEXT();
}

/* A displacement that does not fit into a record is a constant address: it has no index, and no base but a segment's. */
HANDLER(address_record_constant)
{
	cpu->r[SLOT_TMP] = *reg64(cpu, i->a) + *reg64(cpu, i->b) + i->imm;
	NEXT();
}

/* --- CMOVcc SETcc -------------------------------------------------------------------------------- */

/* A 32-bit CMOV clears the upper half even if the condition is false. */
#define CONDITION_HANDLERS(cc, not, test)                                                  \
	CMOV(cc, not, test, 16)                                                            \
	CMOV(cc, not, test, 32)                                                            \
	CMOV(cc, not, test, 64)                                                            \
	static HANDLER(set##cc##_r)                                                        \
	{                                                                                  \
		set_reg8(cpu, i->a, not flags_##test(cpu->flags));                         \
		NEXT();                                                                    \
	}                                                                                  \
	static HANDLER(set##cc##_m)                                                        \
	{                                                                                  \
		guest_store8(cpu, i, address_based(cpu, i), not flags_##test(cpu->flags)); \
		NEXT();                                                                    \
	}
#define CMOV(cc, not, test, BITS)                                                                                  \
	static HANDLER(cmov##cc##BITS##_rr)                                                                        \
	{                                                                                                          \
		uint##BITS##_t src = *reg##BITS(cpu, i->b), dst = *reg##BITS(cpu, i->a);                           \
		set_reg##BITS(cpu, i->a, not flags_##test(cpu->flags) ? src : dst);                                \
		NEXT();                                                                                            \
	}                                                                                                          \
	static HANDLER(cmov##cc##BITS##_rm)                                                                        \
	{                                                                                                          \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_based(cpu, i)), dst = *reg##BITS(cpu, i->a); \
		set_reg##BITS(cpu, i->a, not flags_##test(cpu->flags) ? src : dst);                                \
		NEXT();                                                                                            \
	}
/* ORDER CC */
/* clang-format off */
#define EACH_CONDITION(STAMP)                                                                                    \
	STAMP(o, , o) STAMP(no, !, o) STAMP(b, , b) STAMP(nb, !, b) STAMP(z, , z) STAMP(nz, !, z)                \
	STAMP(be, , be) STAMP(nbe, !, be) STAMP(s, , s) STAMP(ns, !, s) STAMP(p, , p) STAMP(np, !, p)            \
	STAMP(l, , l) STAMP(nl, !, l) STAMP(le, , le) STAMP(nle, !, le)
/* clang-format on */
EACH_CONDITION(CONDITION_HANDLERS)

/* --- the rest ------------------------------------------------------------------------------------ */

/* a: slot of the segment's base; b: 1 with 32-bit addresses */
static HANDLER(xlat)
{
	uint64_t offset = cpu->r[RBX] + (uint8_t)cpu->r[RAX];

	set_reg8(cpu, gpr_offset(RAX, false), guest_load8(cpu, i, *reg64(cpu, i->a) + (i->b ? (uint32_t)offset : offset)));
	NEXT();
}

static HANDLER(movnti32)
{
	guest_store32(cpu, i, address_based(cpu, i), *reg32(cpu, i->a));
	NEXT();
}

static HANDLER(movnti64)
{
	guest_store64(cpu, i, address_based(cpu, i), *reg64(cpu, i->a));
	NEXT();
}

/* --- rows ---------------------------------------------------------------------------------------- */

#define MOV_ROWS(unused, BITS)                                                                                          \
	{ .op = OP_MOV, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_R), .run = { mov##BITS##_rr } },               \
		{ .op = OP_MOV, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_I), .run = { mov##BITS##_ri } },       \
		{ .op = OP_MOV, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .run = HANDLERS(mov##BITS##_rm) }, \
		{ .op = OP_MOV, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .run = HANDLERS(mov##BITS##_mr) }, \
		{ .op = OP_MOV, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_I), .run = HANDLERS(mov##BITS##_mi) },
#define EXTEND_ROWS(OP, name, TO, FROM)                                                                                           \
	{ .op = OP, .size0 = BYTES##TO, .size1 = BYTES##FROM, .pattern = PATTERN2(K_R, K_R), .run = { name##TO##_##FROM##_rr } }, \
		{ .op = OP,                                                                                                       \
			.size0 = BYTES##TO,                                                                                       \
			.size1 = BYTES##FROM,                                                                                     \
			.pattern = PATTERN2(K_R, K_M),                                                                            \
			.run = HANDLERS(name##TO##_##FROM##_rm) },
#define LEA_ROW(BITS) \
	{ .op = OP_LEA, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .attributes = FORM_ADDRESS_ONLY, .run = HANDLERS(lea##BITS) },
/* SETcc and CMOVcc come in ORDER CC, so the op is the first one plus the code. */
#define CONDITION_ROWS(CC, NAME, test)                                                                                         \
	{ .op = OP_SET##NAME, .pattern = K_R, .reads = test, .run = { set##CC##_r } },                                         \
		{ .op = OP_SET##NAME, .pattern = K_M, .reads = test, .run = { set##CC##_m } },                                 \
		{ .op = OP_CMOV##NAME, .size0 = 2, .pattern = PATTERN2(K_R, K_R), .reads = test, .run = { cmov##CC##16_rr } }, \
		{ .op = OP_CMOV##NAME, .size0 = 4, .pattern = PATTERN2(K_R, K_R), .reads = test, .run = { cmov##CC##32_rr } }, \
		{ .op = OP_CMOV##NAME, .size0 = 8, .pattern = PATTERN2(K_R, K_R), .reads = test, .run = { cmov##CC##64_rr } }, \
		{ .op = OP_CMOV##NAME, .size0 = 2, .pattern = PATTERN2(K_R, K_M), .reads = test, .run = { cmov##CC##16_rm } }, \
		{ .op = OP_CMOV##NAME, .size0 = 4, .pattern = PATTERN2(K_R, K_M), .reads = test, .run = { cmov##CC##32_rm } }, \
		{ .op = OP_CMOV##NAME, .size0 = 8, .pattern = PATTERN2(K_R, K_M), .reads = test, .run = { cmov##CC##64_rm } },

static const struct form rows[] = {
	EACH_WIDTH(MOV_ROWS, ) EXTEND_ROWS(OP_MOVZX, movzx, 16, 8) EXTEND_ROWS(OP_MOVZX, movzx, 32, 8) EXTEND_ROWS(OP_MOVZX, movzx, 64,
		8) EXTEND_ROWS(OP_MOVZX, movzx, 16, 16) EXTEND_ROWS(OP_MOVZX, movzx, 32, 16) EXTEND_ROWS(OP_MOVZX, movzx, 64,
		16) EXTEND_ROWS(OP_MOVSX, movsx, 16, 8) EXTEND_ROWS(OP_MOVSX, movsx, 32, 8) EXTEND_ROWS(OP_MOVSX, movsx, 64,
		8) EXTEND_ROWS(OP_MOVSX, movsx, 16, 16) EXTEND_ROWS(OP_MOVSX, movsx, 32, 16) EXTEND_ROWS(OP_MOVSX, movsx, 64, 16)
		EXTEND_ROWS(OP_MOVSXD, movsx, 16, 16) EXTEND_ROWS(OP_MOVSXD, movsx, 32, 32) EXTEND_ROWS(OP_MOVSXD, movsx, 64, 32) LEA_ROW(
			16) LEA_ROW(32) LEA_ROW(64) CONDITION_ROWS(o, O, FLAG_OF) CONDITION_ROWS(no, NO, FLAG_OF) CONDITION_ROWS(b, B,
			FLAG_CF) CONDITION_ROWS(nb, NB, FLAG_CF) CONDITION_ROWS(z, Z, FLAG_ZF) CONDITION_ROWS(nz, NZ,
			FLAG_ZF) CONDITION_ROWS(be, BE, FLAG_CF | FLAG_ZF) CONDITION_ROWS(nbe, NBE, FLAG_CF | FLAG_ZF) CONDITION_ROWS(s,
			S, FLAG_SF) CONDITION_ROWS(ns, NS, FLAG_SF) CONDITION_ROWS(p, P, FLAG_PF) CONDITION_ROWS(np,
			NP, FLAG_PF) CONDITION_ROWS(l, L, FLAG_SF | FLAG_OF) CONDITION_ROWS(nl, NL, FLAG_SF | FLAG_OF)
			CONDITION_ROWS(le, LE, FLAG_ZF | FLAG_SF | FLAG_OF) CONDITION_ROWS(nle, NLE, FLAG_ZF | FLAG_SF | FLAG_OF){
				.op = OP_XLAT, .hidden = HIDDEN_STRING, .attributes = FORM_FAULTS | FORM_READS_TABLE, .run = { xlat } },
	{ .op = OP_MOVNTI, .size0 = 4, .pattern = PATTERN2(K_M, K_R), .run = { movnti32 } },
	{ .op = OP_MOVNTI, .size0 = 8, .pattern = PATTERN2(K_M, K_R), .run = { movnti64 } },
};

const struct form_list move_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .general = GENERAL_ONLY };
