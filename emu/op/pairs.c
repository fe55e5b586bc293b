/* Hot instructions that stand side by side, run by one handler. A record of a pair keeps its fields and only its handler changes:
 * the second one's record still follows, where a fault in it is looked for. Each pair saves a jump that is hard to predict. */
#include <stdlib.h>

#include "emu/op/address.h"
#include "emu/op/alu.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"
#include "emu/op/shift.h"

/* --- the hot ones ------------------------------------------------------------------------------------ */

#define HOT(name) static inline __attribute__((always_inline)) void name(struct cpu *cpu, const struct insn *i)

HOT(mov64_rr) { set_reg64(cpu, i->a, *reg64(cpu, i->b)); }
HOT(mov32_rr) { set_reg32(cpu, i->a, *reg32(cpu, i->b)); }
HOT(mov32_ri) { set_reg32(cpu, i->a, (uint32_t)i->imm); }
HOT(mov64_rm) { set_reg64(cpu, i->a, guest_load64(cpu, i, address_based(cpu, i))); }
HOT(mov64_rx) { set_reg64(cpu, i->a, guest_load64(cpu, i, address_indexed(cpu, i))); }
HOT(mov64_ra) { set_reg64(cpu, i->a, guest_load64(cpu, i, address_absolute(cpu, i))); }
HOT(mov32_rm) { set_reg32(cpu, i->a, guest_load32(cpu, i, address_based(cpu, i))); }
HOT(mov32_rx) { set_reg32(cpu, i->a, guest_load32(cpu, i, address_indexed(cpu, i))); }
HOT(mov64_mr) { guest_store64(cpu, i, address_based(cpu, i), *reg64(cpu, i->a)); }
HOT(mov32_mr) { guest_store32(cpu, i, address_based(cpu, i), *reg32(cpu, i->a)); }
HOT(mov8_mr) { guest_store8(cpu, i, address_based(cpu, i), *reg8(cpu, i->a)); }
HOT(mov32_mi) { guest_store32(cpu, i, address_based(cpu, i), (uint32_t)i->imm); }
HOT(movzx8_rr) { set_reg32(cpu, i->a, *reg8(cpu, i->b)); }
HOT(movzx8_rm) { set_reg32(cpu, i->a, guest_load8(cpu, i, address_based(cpu, i))); }
HOT(movzx8_rx) { set_reg32(cpu, i->a, guest_load8(cpu, i, address_indexed(cpu, i))); }
HOT(movzx16_rm) { set_reg32(cpu, i->a, guest_load16(cpu, i, address_based(cpu, i))); }
HOT(movsx32_rr) { set_reg64(cpu, i->a, (uint64_t)(int32_t)*reg32(cpu, i->b)); }
HOT(movsx32_rm) { set_reg64(cpu, i->a, (uint64_t)(int32_t)guest_load32(cpu, i, address_based(cpu, i))); }
HOT(lea64) { set_reg64(cpu, i->a, address_based(cpu, i)); }
HOT(lea64_x) { set_reg64(cpu, i->a, address_indexed(cpu, i)); }
HOT(lea64_a) { set_reg64(cpu, i->a, address_absolute(cpu, i)); }
HOT(lea32) { set_reg32(cpu, i->a, (uint32_t)address_based(cpu, i)); }
HOT(add64_ri) { set_reg64(cpu, i->a, add64(*reg64(cpu, i->a), i->imm, &cpu->flags)); }
HOT(add64_rr) { set_reg64(cpu, i->a, add64(*reg64(cpu, i->a), *reg64(cpu, i->b), &cpu->flags)); }
HOT(sub64_ri) { set_reg64(cpu, i->a, sub64(*reg64(cpu, i->a), i->imm, &cpu->flags)); }
HOT(sub64_rr) { set_reg64(cpu, i->a, sub64(*reg64(cpu, i->a), *reg64(cpu, i->b), &cpu->flags)); }
HOT(and32_ri) { set_reg32(cpu, i->a, and32(*reg32(cpu, i->a), (uint32_t)i->imm, &cpu->flags)); }
HOT(xor32_rr) { set_reg32(cpu, i->a, xor32(*reg32(cpu, i->a), *reg32(cpu, i->b), &cpu->flags)); }
HOT(add64_dead_ri) { set_reg64(cpu, i->a, *reg64(cpu, i->a) + i->imm); }
HOT(add64_dead_rr) { set_reg64(cpu, i->a, *reg64(cpu, i->a) + *reg64(cpu, i->b)); }
HOT(and32_dead_ri) { set_reg32(cpu, i->a, *reg32(cpu, i->a) & (uint32_t)i->imm); }
HOT(xor32_dead_rr) { set_reg32(cpu, i->a, *reg32(cpu, i->a) ^ *reg32(cpu, i->b)); }
HOT(shl64_ri) { set_reg64(cpu, i->a, *reg64(cpu, i->a) << (i->imm & 63)); }
HOT(shr32_ri) { set_reg32(cpu, i->a, *reg32(cpu, i->a) >> (i->imm & 31)); }
HOT(mov64_mi) { guest_store64(cpu, i, address_based(cpu, i), i->imm); }
HOT(mov64_mx) { guest_store64(cpu, i, address_indexed(cpu, i), *reg64(cpu, i->a)); }
HOT(mov8_mi) { guest_store8(cpu, i, address_based(cpu, i), (uint8_t)i->imm); }
HOT(lea32_x) { set_reg32(cpu, i->a, (uint32_t)address_indexed(cpu, i)); }
HOT(add32_ri) { set_reg32(cpu, i->a, add32(*reg32(cpu, i->a), (uint32_t)i->imm, &cpu->flags)); }
HOT(sub64_dead_ri) { set_reg64(cpu, i->a, *reg64(cpu, i->a) - i->imm); }
HOT(sub64_dead_rr) { set_reg64(cpu, i->a, *reg64(cpu, i->a) - *reg64(cpu, i->b)); }
HOT(sub32_dead_ri) { set_reg32(cpu, i->a, *reg32(cpu, i->a) - (uint32_t)i->imm); }
HOT(shr64_ri) { set_reg64(cpu, i->a, *reg64(cpu, i->a) >> (i->imm & 63)); }

HOT(add64_rm)
{
	uint64_t src = guest_load64(cpu, i, address_based(cpu, i));

	set_reg64(cpu, i->a, add64(*reg64(cpu, i->a), src, &cpu->flags));
}

HOT(sub64_rm)
{
	uint64_t src = guest_load64(cpu, i, address_based(cpu, i));

	set_reg64(cpu, i->a, sub64(*reg64(cpu, i->a), src, &cpu->flags));
}

HOT(push64)
{
	uint64_t rsp = cpu->r[RSP] - 8;

	guest_store64(cpu, i, rsp, *reg64(cpu, i->a));
	cpu->r[RSP] = rsp;
}

HOT(pop64)
{
	uint64_t value = guest_load64(cpu, i, cpu->r[RSP]);

	cpu->r[RSP] += 8;
	set_reg64(cpu, i->a, value);
}

/* Their forms: op, sizes of operands 0 and 1, pattern, kind of address, whether it is the variant for dead flags.
 * ORDER HOT: the same order in FIRST, SECOND and here. */
#define HOT_FORMS(X) \
	X(mov64_rr, OP_MOV, 8, 8, PATTERN2(K_R, K_R), ADDRESS_BASED, false) \
	X(mov32_rr, OP_MOV, 4, 4, PATTERN2(K_R, K_R), ADDRESS_BASED, false) \
	X(mov32_ri, OP_MOV, 4, 4, PATTERN2(K_R, K_I), ADDRESS_BASED, false) \
	X(mov64_rm, OP_MOV, 8, 8, PATTERN2(K_R, K_M), ADDRESS_BASED, false) \
	X(mov64_rx, OP_MOV, 8, 8, PATTERN2(K_R, K_M), ADDRESS_INDEXED, false) \
	X(mov64_ra, OP_MOV, 8, 8, PATTERN2(K_R, K_M), ADDRESS_ABSOLUTE, false) \
	X(mov32_rm, OP_MOV, 4, 4, PATTERN2(K_R, K_M), ADDRESS_BASED, false) \
	X(mov32_rx, OP_MOV, 4, 4, PATTERN2(K_R, K_M), ADDRESS_INDEXED, false) \
	X(mov64_mr, OP_MOV, 8, 8, PATTERN2(K_M, K_R), ADDRESS_BASED, false) \
	X(mov32_mr, OP_MOV, 4, 4, PATTERN2(K_M, K_R), ADDRESS_BASED, false) \
	X(mov8_mr, OP_MOV, 1, 1, PATTERN2(K_M, K_R), ADDRESS_BASED, false) \
	X(mov32_mi, OP_MOV, 4, 4, PATTERN2(K_M, K_I), ADDRESS_BASED, false) \
	X(movzx8_rr, OP_MOVZX, 4, 1, PATTERN2(K_R, K_R), ADDRESS_BASED, false) \
	X(movzx8_rm, OP_MOVZX, 4, 1, PATTERN2(K_R, K_M), ADDRESS_BASED, false) \
	X(movzx8_rx, OP_MOVZX, 4, 1, PATTERN2(K_R, K_M), ADDRESS_INDEXED, false) \
	X(movzx16_rm, OP_MOVZX, 4, 2, PATTERN2(K_R, K_M), ADDRESS_BASED, false) \
	X(movsx32_rr, OP_MOVSXD, 8, 4, PATTERN2(K_R, K_R), ADDRESS_BASED, false) \
	X(movsx32_rm, OP_MOVSXD, 8, 4, PATTERN2(K_R, K_M), ADDRESS_BASED, false) \
	X(lea64, OP_LEA, 8, 8, PATTERN2(K_R, K_M), ADDRESS_BASED, false) \
	X(lea64_x, OP_LEA, 8, 8, PATTERN2(K_R, K_M), ADDRESS_INDEXED, false) \
	X(lea64_a, OP_LEA, 8, 8, PATTERN2(K_R, K_M), ADDRESS_ABSOLUTE, false) \
	X(lea32, OP_LEA, 4, 4, PATTERN2(K_R, K_M), ADDRESS_BASED, false) \
	X(add64_ri, OP_ADD, 8, 8, PATTERN2(K_R, K_I), ADDRESS_BASED, false) \
	X(add64_rr, OP_ADD, 8, 8, PATTERN2(K_R, K_R), ADDRESS_BASED, false) \
	X(sub64_ri, OP_SUB, 8, 8, PATTERN2(K_R, K_I), ADDRESS_BASED, false) \
	X(sub64_rr, OP_SUB, 8, 8, PATTERN2(K_R, K_R), ADDRESS_BASED, false) \
	X(and32_ri, OP_AND, 4, 4, PATTERN2(K_R, K_I), ADDRESS_BASED, false) \
	X(xor32_rr, OP_XOR, 4, 4, PATTERN2(K_R, K_R), ADDRESS_BASED, false) \
	X(add64_dead_ri, OP_ADD, 8, 8, PATTERN2(K_R, K_I), ADDRESS_BASED, true) \
	X(add64_dead_rr, OP_ADD, 8, 8, PATTERN2(K_R, K_R), ADDRESS_BASED, true) \
	X(and32_dead_ri, OP_AND, 4, 4, PATTERN2(K_R, K_I), ADDRESS_BASED, true) \
	X(xor32_dead_rr, OP_XOR, 4, 4, PATTERN2(K_R, K_R), ADDRESS_BASED, true) \
	X(shl64_ri, OP_SHL, 8, 1, PATTERN2(K_R, K_I), ADDRESS_BASED, true) \
	X(shr32_ri, OP_SHR, 4, 1, PATTERN2(K_R, K_I), ADDRESS_BASED, true) \
	X(mov64_mi, OP_MOV, 8, 8, PATTERN2(K_M, K_I), ADDRESS_BASED, false) \
	X(mov64_mx, OP_MOV, 8, 8, PATTERN2(K_M, K_R), ADDRESS_INDEXED, false) \
	X(mov8_mi, OP_MOV, 1, 1, PATTERN2(K_M, K_I), ADDRESS_BASED, false) \
	X(lea32_x, OP_LEA, 4, 4, PATTERN2(K_R, K_M), ADDRESS_INDEXED, false) \
	X(add32_ri, OP_ADD, 4, 4, PATTERN2(K_R, K_I), ADDRESS_BASED, false) \
	X(sub64_dead_ri, OP_SUB, 8, 8, PATTERN2(K_R, K_I), ADDRESS_BASED, true) \
	X(sub64_dead_rr, OP_SUB, 8, 8, PATTERN2(K_R, K_R), ADDRESS_BASED, true) \
	X(sub32_dead_ri, OP_SUB, 4, 4, PATTERN2(K_R, K_I), ADDRESS_BASED, true) \
	X(shr64_ri, OP_SHR, 8, 1, PATTERN2(K_R, K_I), ADDRESS_BASED, true) \
	X(add64_rm, OP_ADD, 8, 8, PATTERN2(K_R, K_M), ADDRESS_BASED, false) \
	X(sub64_rm, OP_SUB, 8, 8, PATTERN2(K_R, K_M), ADDRESS_BASED, false) \
	X(push64, OP_PUSH, 8, 0, K_R, ADDRESS_BASED, false) \
	X(pop64, OP_POP, 8, 0, K_R, ADDRESS_BASED, false)

#define NUMBER(name, ...) HOT_##name,
enum { HOT_FORMS(NUMBER) };

#define FIRST(X) \
	X(mov64_rr) X(mov32_rr) X(mov32_ri) X(mov64_rm) X(mov64_rx) X(mov64_ra) X(mov32_rm) X(mov32_rx) \
	X(mov64_mr) X(mov32_mr) X(mov8_mr) X(mov32_mi) X(movzx8_rr) X(movzx8_rm) X(movzx8_rx) X(movzx16_rm) \
	X(movsx32_rr) X(movsx32_rm) X(lea64) X(lea64_x) X(lea64_a) X(lea32) X(add64_ri) X(add64_rr) X(sub64_ri) \
	X(sub64_rr) X(and32_ri) X(xor32_rr) X(add64_dead_ri) X(add64_dead_rr) X(and32_dead_ri) X(xor32_dead_rr) \
	X(shl64_ri) X(shr32_ri) X(mov64_mi) X(mov64_mx) X(mov8_mi) X(lea32_x) X(add32_ri) \
	X(sub64_dead_ri) X(sub64_dead_rr) X(sub32_dead_ri) X(shr64_ri) X(add64_rm) X(sub64_rm) X(push64) X(pop64)

#define SECOND(X, first) \
	X(first, mov64_rr) X(first, mov32_rr) X(first, mov32_ri) X(first, mov64_rm) X(first, mov64_rx) \
	X(first, mov64_ra) X(first, mov32_rm) X(first, mov32_rx) X(first, mov64_mr) X(first, mov32_mr) \
	X(first, mov8_mr) X(first, mov32_mi) X(first, movzx8_rr) X(first, movzx8_rm) X(first, movzx8_rx) \
	X(first, movzx16_rm) X(first, movsx32_rr) X(first, movsx32_rm) X(first, lea64) X(first, lea64_x) \
	X(first, lea64_a) X(first, lea32) X(first, add64_ri) X(first, add64_rr) X(first, sub64_ri) \
	X(first, sub64_rr) X(first, and32_ri) X(first, xor32_rr) X(first, add64_dead_ri) X(first, add64_dead_rr) \
	X(first, and32_dead_ri) X(first, xor32_dead_rr) X(first, shl64_ri) X(first, shr32_ri) \
	X(first, mov64_mi) X(first, mov64_mx) X(first, mov8_mi) X(first, lea32_x) X(first, add32_ri) X(first, sub64_dead_ri) \
	X(first, sub64_dead_rr) X(first, sub32_dead_ri) X(first, shr64_ri) X(first, add64_rm) X(first, sub64_rm) \
	X(first, push64) X(first, pop64)

/* --- the pairs ---------------------------------------------------------------------------------------- */

#define PAIR(first, second)                    \
	static HANDLER(first##_##second)       \
	{                                      \
		first(cpu, i);                 \
		second(cpu, i + 1);            \
		GO(i + 2);                     \
	}
#define PAIRS(first) SECOND(PAIR, first)
FIRST(PAIRS)

/* --- runs of pushes and pops ------------------------------------------------------------------------------ */

/* RSP goes through memory from one handler to the next; within one it stays in a register, and is stored after each access as a
 * fault in the next demands. */
static inline __attribute__((always_inline)) uint64_t push_at(struct cpu *cpu, const struct insn *i, uint64_t rsp)
{
	guest_store64(cpu, i, rsp - 8, *reg64(cpu, i->a));
	return cpu->r[RSP] = rsp - 8;
}

/* POP RSP ends the run's knowledge of RSP, so its value is what the next one goes on with. */
static inline __attribute__((always_inline)) uint64_t pop_at(struct cpu *cpu, const struct insn *i, uint64_t rsp)
{
	uint64_t value = guest_load64(cpu, i, rsp);

	cpu->r[RSP] = rsp + 8;
	set_reg64(cpu, i->a, value);
	return unlikely(i->a == gpr_offset(RSP, false)) ? value : rsp + 8;
}

/* PUSH RSP pushes the value before the push, which is what push_at's register read sees. */
#define STACK_RUN(name, step, length)                          \
	static HANDLER(name##length)                           \
	{                                                      \
		uint64_t rsp = cpu->r[RSP];                    \
		_Pragma("GCC unroll 6")                        \
		for (unsigned k = 0; k < length; k++)          \
			rsp = step(cpu, i + k, rsp);           \
		GO(i + length);                                \
	}
#define STACK_RUNS(name, step) \
	STACK_RUN(name, step, 2) STACK_RUN(name, step, 3) STACK_RUN(name, step, 4) STACK_RUN(name, step, 5) STACK_RUN(name, step, 6)
STACK_RUNS(push_run, push_at)
STACK_RUNS(pop_run, pop_at)

#define POP_RUN_RET(length)                                    \
	static HANDLER(pop_run##length##_then_ret)             \
	{                                                      \
		uint64_t rsp = cpu->r[RSP];                    \
		_Pragma("GCC unroll 6")                        \
		for (unsigned k = 0; k < length; k++)          \
			rsp = pop_at(cpu, i + k, rsp);         \
		return ret(cpu, i + length);                   \
	}
POP_RUN_RET(2) POP_RUN_RET(3) POP_RUN_RET(4) POP_RUN_RET(5) POP_RUN_RET(6)

enum { RUN_MAX = 6 };
static handler_t *const pop_runs_ret[RUN_MAX + 1] = {
	NULL, NULL, pop_run2_then_ret, pop_run3_then_ret, pop_run4_then_ret, pop_run5_then_ret, pop_run6_then_ret,
};
static handler_t *const push_runs[RUN_MAX + 1] = { NULL, NULL, push_run2, push_run3, push_run4, push_run5, push_run6 };
static handler_t *const pop_runs[RUN_MAX + 1] = { NULL, NULL, pop_run2, pop_run3, pop_run4, pop_run5, pop_run6 };

/* --- a hot one and the branch behind it ----------------------------------------------------------------- */

/* The second one's handler is jumped to directly, which needs no prediction of an indirect jump. */
#define WITH_END(first, end)                   \
	static HANDLER(first##_then_##end)     \
	{                                      \
		first(cpu, i);                 \
		return end(cpu, i + 1);        \
	}
#define WITH_ENDS(first) HOT_ENDS(WITH_END, first)
FIRST(WITH_ENDS)

#define COUNT(...) +1
enum { HOT_COUNT = 0 FIRST(COUNT) };

#define ENTRY(first, second) first##_##second,
#define ENTRIES(first) { SECOND(ENTRY, first) },
static handler_t *const pairs[HOT_COUNT][HOT_COUNT] = { FIRST(ENTRIES) };

#define END_ENTRY(first, end) first##_then_##end,
#define END_ENTRIES(first) { HOT_ENDS(END_ENTRY, first) },
#define END_COUNT(first, end) +1
enum { END_COUNT_ALL = 0 HOT_ENDS(END_COUNT, ) };
static handler_t *const with_ends[HOT_COUNT][END_COUNT_ALL] = { FIRST(END_ENTRIES) };

#define END(first, end) end,
static handler_t *const ends[END_COUNT_ALL] = { HOT_ENDS(END, ) };

#define FORM(name, op_, size0, size1, pattern, kind, dead) { op_, size0, size1, pattern, kind, dead },
static const struct hot_form {
	uint16_t op;
	uint8_t size0, size1;
	uint32_t pattern;
	uint8_t kind;
	bool dead;
} hot_forms[] = { HOT_FORMS(FORM) };
_Static_assert(sizeof hot_forms / sizeof *hot_forms == HOT_COUNT, "ORDER HOT");

/* The handler that form.h's rows have for a hot form. */
static handler_t *plain_handler(const struct form_index *index, const struct hot_form *hot)
{
	struct decoded d = { .op = hot->op, .width = (uint8_t)(hot->size0 * 8), .imm = 1 };
	const struct form *form;

	for (uint32_t pattern = hot->pattern; pattern; pattern >>= 4)
		d.operand[d.operands++].kind = pattern & 15;
	d.operand[0].size = hot->size0;
	d.operand[1].size = hot->size1;
	form = form_find(index, &d);
	return form ? (hot->dead ? form->run_dead : form->run)[hot->kind] : NULL;
}

struct pair_index {
	handler_t *hot[HOT_COUNT];
};

struct pair_index *pair_index_create(const struct form_index *index)
{
	struct pair_index *pair_index = calloc(1, sizeof *pair_index);

	for (unsigned k = 0; pair_index && k < HOT_COUNT; k++)
		pair_index->hot[k] = plain_handler(index, &hot_forms[k]);
	return pair_index;
}

void pair_index_destroy(struct pair_index *index)
{
	free(index);
}

static int number_of(handler_t *run, handler_t *const *among, int count)
{
	for (int k = 0; k < count; k++)
		if (among[k] == run)
			return k;
	return -1;
}

/* Pushes and pops in a row: one handler keeps RSP at hand for up to RUN_MAX of them. Returns how many records it covers, 0 for none. */
static unsigned stack_run(const struct pair_index *index, struct insn *insn, unsigned count)
{
	handler_t *plain = insn->run;
	unsigned length = 0;

	if (plain != index->hot[HOT_push64] && plain != index->hot[HOT_pop64])
		return 0;
	while (length < count && length < RUN_MAX && insn[length].run == plain)
		length++;
	if (length < 2)
		return 0;
	if (plain == index->hot[HOT_push64])
		insn->run = push_runs[length];
	else if (length < count && insn[length].run == ret)
		insn->run = pop_runs_ret[length];
	else
		insn->run = pop_runs[length];
	return length;
}

void pair_records(const struct pair_index *index, struct insn *insn, unsigned count)
{
	for (unsigned k = 0; k + 1 < count;) {
		unsigned run = stack_run(index, insn + k, count - k);
		int first, second, end;

		if (run) {
			k += run;
			continue;
		}
		first = number_of(insn[k].run, index->hot, HOT_COUNT);
		second = first < 0 ? -1 : number_of(insn[k + 1].run, index->hot, HOT_COUNT);
		end = first < 0 || second >= 0 ? -1 : number_of(insn[k + 1].run, ends, END_COUNT_ALL);
		if (second >= 0)
			insn[k].run = pairs[first][second];
		else if (end >= 0)
			insn[k].run = with_ends[first][end];
		k += second >= 0 || end >= 0 ? 2 : 1;
	}
}
