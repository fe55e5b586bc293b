/* Control flow: JMP Jcc CALL RET LOOP JRCXZ, a CMP or TEST folded into the Jcc after it, and the handlers that end a run. */
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

/* --- ending a run --------------------------------------------------------------------------------- */

HANDLER(stub_record)
{
	const struct stub *stub = (const struct stub *)i;

	cpu->rip = stub->rip;
	cpu->link = stub->link;
	cpu->exit = EXIT_LOOKUP;
	return NULL;
}

__attribute__((noinline)) HANDLER(leave_before)
{
	if (i->run == stub_record)
		return stub_record(cpu, i);
	cpu->at = i;
	cpu->exit = EXIT_BUDGET;
	return NULL;
}

static const struct insn *raise(struct cpu *cpu, const struct insn *i, uint8_t vector)
{
	cpu->at = i;
	cpu->exception = (struct exception){ .vector = vector };
	cpu->exit = EXIT_EXCEPTION;
	return NULL;
}

/* Ends the run for an indirect branch to an address without a known block. A target that is not canonical is #GP of the branch itself,
 * with RSP as before it (SDM vol. 2, CALL, JMP, RET); `moved` is the change of RSP. */
static const struct insn *leave_lookup(struct cpu *cpu, const struct insn *i, uint64_t moved)
{
	if (!is_canonical(cpu->rip)) {
		cpu->r[RSP] -= moved;
		return raise(cpu, i, VECTOR_GP);
	}
	CHARGE();
	cpu->link = NULL;
	cpu->exit = EXIT_LOOKUP;
	return NULL;
}

HANDLER(raise_ud)
{
	return raise(cpu, i, VECTOR_UD);
}
HANDLER(raise_gp)
{
	return raise(cpu, i, VECTOR_GP);
}
const struct insn *raise_gp_error(struct cpu *cpu, const struct insn *i, uint32_t error)
{
	raise(cpu, i, VECTOR_GP);
	cpu->exception.error = error;
	return NULL;
}

HANDLER(raise_de)
{
	return raise(cpu, i, VECTOR_DE);
}
HANDLER(raise_mf)
{
	return raise(cpu, i, VECTOR_MF);
}

/* --- direct -------------------------------------------------------------------------------------- */

static HANDLER(jmp)
{
	ENTER(links_of(i)->taken);
}

/* The first record of a block that is not hot yet. `imm` counts down the entries until it is; 0: never. */
HANDLER(entry_record)
{
	struct insn *entry = (struct insn *)i;

	if (unlikely(--entry->imm == 0)) {
		cpu->at = i;
		cpu->exit = EXIT_HOT;
		return NULL;
	}
	NEXT();
}

/* Ends a block without a branch. It is no instruction, so it counts nothing. */
HANDLER(fall_record)
{
	ENTER(links_of(i)->fall);
}

/* Only a prediction: returns to other addresses use the jump cache. */
static inline void remember_return(struct cpu *cpu, const struct insn *i, uint64_t rip)
{
	cpu->returns[++cpu->returns_top % RETURNS_SIZE] = (struct return_entry){ rip, links_of(i)->fall };
}

static inline void push_return(struct cpu *cpu, const struct insn *i, uint64_t next)
{
	uint64_t rsp = cpu->r[RSP] - 8;

	guest_store64(cpu, i, rsp, next);
	cpu->r[RSP] = rsp;
	remember_return(cpu, i, next);
}

static HANDLER(call)
{
	push_return(cpu, i, i->imm);
	ENTER(links_of(i)->taken);
}

/* A call after which the block continues with the called code. */
HANDLER(call_through)
{
	push_return(cpu, i, i->imm);
	GO_ON(2);
}

/* Each way ends in a jump instruction of its own, which the host predicts separately: the different comments keep the compiler from
 * merging them. */
#define ENTER_APART(target, comment)                           \
	do {                                                   \
		__asm__ volatile("# " comment : : : "memory"); \
		const struct insn *apart_ = (target);          \
		if (__builtin_expect(CHARGE() < 0, 0))         \
			return leave_before(cpu, apart_);      \
		__asm__ volatile("# " comment : "+r"(apart_)); \
		GO(apart_);                                    \
	} while (0)
#define CONDITIONAL(condition)                                    \
	do {                                                      \
		if (condition)                                    \
			ENTER_APART(links_of(i)->taken, "taken"); \
		ENTER_APART(links_of(i)->fall, "fall");           \
	} while (0)

/* The eight conditions. For their negations the builder swaps the links. */
#define JCC(test)                                      \
	static HANDLER(j##test)                        \
	{                                              \
		CONDITIONAL(flags_##test(cpu->flags)); \
	}
JCC(o)
JCC(b)
JCC(z)
JCC(be)
JCC(s)
JCC(p)
JCC(l)
JCC(le)

static HANDLER(jrcxz)
{
	CONDITIONAL(cpu->r[RCX] == 0);
}
static HANDLER(jecxz)
{
	CONDITIONAL((uint32_t)cpu->r[RCX] == 0);
}
static HANDLER(loop64)
{
	CONDITIONAL(--cpu->r[RCX] != 0);
}
static HANDLER(loope64)
{
	CONDITIONAL(--cpu->r[RCX] != 0 && flags_z(cpu->flags));
}
static HANDLER(loopne64)
{
	CONDITIONAL(--cpu->r[RCX] != 0 && !flags_z(cpu->flags));
}

static inline uint32_t decrement_ecx(struct cpu *cpu)
{
	return (uint32_t)(cpu->r[RCX] = (uint32_t)(cpu->r[RCX] - 1));
}

static HANDLER(loop32)
{
	CONDITIONAL(decrement_ecx(cpu) != 0);
}
static HANDLER(loope32)
{
	CONDITIONAL(decrement_ecx(cpu) != 0 && flags_z(cpu->flags));
}
static HANDLER(loopne32)
{
	CONDITIONAL(decrement_ecx(cpu) != 0 && !flags_z(cpu->flags));
}

/* --- indirect ------------------------------------------------------------------------------------ */

#define JUMP_TO(target, moved)                                                    \
	do {                                                                      \
		uint64_t target_ = (target);                                      \
		struct jump_cache_entry *entry_ = jump_cache_entry(cpu, target_); \
		cpu->rip = target_;                                               \
		if (unlikely(entry_->rip != target_))                             \
			return leave_lookup(cpu, i, moved);                       \
		ENTER(entry_->first);                                             \
	} while (0)

static HANDLER(jmp_r)
{
	JUMP_TO(*reg64(cpu, i->a), 0);
}

static HANDLER(call_r)
{
	uint64_t target = *reg64(cpu, i->a);

	push_return(cpu, i, links_of(i)->next);
	JUMP_TO(target, -UINT64_C(8));
}

#define INDIRECT_JUMP(kind)                                               \
	static HANDLER(jmp_m_##kind)                                      \
	{                                                                 \
		JUMP_TO(guest_load64(cpu, i, address_##kind(cpu, i)), 0); \
	}
INDIRECT_JUMP(based)
INDIRECT_JUMP(indexed)

/* For linkage tables: the target is nearly always the same as last time. */
static HANDLER(jmp_m_absolute)
{
	uint64_t target = guest_load64(cpu, i, i->imm);
	struct links *links = links_of(i);

	if (unlikely(links->guess != target)) {
		const struct jump_cache_entry *entry = jump_cache_entry(cpu, target);

		cpu->rip = target;
		if (entry->rip != target)
			return leave_lookup(cpu, i, 0);
		links->guess = target;
		links->taken = entry->first;
	}
	ENTER(links->taken);
}

#define INDIRECT_CALL(kind)                                                     \
	static HANDLER(call_m_##kind)                                           \
	{                                                                       \
		uint64_t target = guest_load64(cpu, i, address_##kind(cpu, i)); \
		push_return(cpu, i, links_of(i)->next);                         \
		JUMP_TO(target, -UINT64_C(8));                                  \
	}
INDIRECT_CALL(based)
INDIRECT_CALL(indexed)
INDIRECT_CALL(absolute)

static HANDLER(ret)
{
	uint64_t target = guest_load64(cpu, i, cpu->r[RSP]);
	struct return_entry *entry = &cpu->returns[cpu->returns_top-- % RETURNS_SIZE];

	cpu->r[RSP] += 8;
	if (likely(entry->rip == target))
		ENTER(entry->first);
	JUMP_TO(target, 8);
}

static HANDLER(ret_i)
{
	uint64_t target = guest_load64(cpu, i, cpu->r[RSP]);

	cpu->r[RSP] += 8 + (uint16_t)i->imm;
	JUMP_TO(target, 8 + (uint16_t)i->imm);
}

/* --- CMP or TEST with the Jcc after it: one record, two instructions ------------------------------ */

/* clang-format off */
#define FUSED_HANDLERS(name, cc, BITS, suffix)                                                                   \
	static inline bool name##BITS##_j##cc(struct cpu *cpu, uint##BITS##_t dst, uint##BITS##_t src)            \
	{                                                                                                        \
		bool taken;                                                                                      \
		uint32_t ax;                                                                                     \
		__asm__(#name suffix " %3, %2\n\tseto %%al\n\tlahf" : "=a"(ax), "=@cc" #cc(taken) : "q"(dst), "q"(src)); \
		cpu->flags = (flags_t)ax;                                                                        \
		return taken;                                                                                    \
	}                                                                                                        \
	static HANDLER(name##BITS##_j##cc##_rr)                                                                  \
	{                                                                                                        \
		CONDITIONAL(name##BITS##_j##cc(cpu, *reg##BITS(cpu, i->a), *reg##BITS(cpu, i->b)));              \
	}                                                                                                        \
	static HANDLER(name##BITS##_j##cc##_ri)                                                                  \
	{                                                                                                        \
		CONDITIONAL(name##BITS##_j##cc(cpu, *reg##BITS(cpu, i->a), (uint##BITS##_t)i->imm));             \
	}                                                                                                        \
	EACH_ADDRESS(FUSED_MEMORY, name, cc, BITS)
/* clang-format on */
#define FUSED_MEMORY(name, cc, BITS, kind)                                                      \
	static HANDLER(name##BITS##_j##cc##_rm_##kind)                                          \
	{                                                                                       \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_##kind(cpu, i));          \
		CONDITIONAL(name##BITS##_j##cc(cpu, *reg##BITS(cpu, i->a), src));               \
	}                                                                                       \
	static HANDLER(name##BITS##_j##cc##_mr_##kind)                                          \
	{                                                                                       \
		uint##BITS##_t dst = guest_load##BITS(cpu, i, address_##kind(cpu, i));          \
		CONDITIONAL(name##BITS##_j##cc(cpu, dst, *reg##BITS(cpu, i->a)));               \
	}                                                                                       \
	static HANDLER(name##BITS##_j##cc##_mi_##kind)                                          \
	{                                                                                       \
		uint##BITS##_t dst = guest_load##BITS(cpu, i, address_##kind(cpu, i));          \
		CONDITIONAL(name##BITS##_j##cc(cpu, dst, (uint##BITS##_t)immediate_##kind(i))); \
	}

/* clang-format off */
#define EACH_FUSED_CONDITION(STAMP, ...)                                                              \
	STAMP(__VA_ARGS__, b) STAMP(__VA_ARGS__, z) STAMP(__VA_ARGS__, be) STAMP(__VA_ARGS__, s)      \
	STAMP(__VA_ARGS__, l) STAMP(__VA_ARGS__, le)
/* clang-format on */
#define FUSED_WIDTHS(name, cc)           \
	FUSED_HANDLERS(name, cc, 8, "b") \
	FUSED_HANDLERS(name, cc, 16, "w") FUSED_HANDLERS(name, cc, 32, "l") FUSED_HANDLERS(name, cc, 64, "q")
EACH_FUSED_CONDITION(FUSED_WIDTHS, cmp)
EACH_FUSED_CONDITION(FUSED_WIDTHS, test)

/* `cc` is the even code of a pair of conditions; the odd one uses the same row with the links swapped. */
#define FUSED_ROWS(OP, name, CC, number, BITS)                                                                                            \
	{ .op = OP, .size = BYTES##BITS, .cc = number, .pattern = PATTERN2(K_R, K_R), .run = { name##BITS##_j##CC##_rr } },               \
		{ .op = OP, .size = BYTES##BITS, .cc = number, .pattern = PATTERN2(K_R, K_I), .run = { name##BITS##_j##CC##_ri } },       \
		{ .op = OP, .size = BYTES##BITS, .cc = number, .pattern = PATTERN2(K_R, K_M), .run = HANDLERS(name##BITS##_j##CC##_rm) }, \
		{ .op = OP, .size = BYTES##BITS, .cc = number, .pattern = PATTERN2(K_M, K_R), .run = HANDLERS(name##BITS##_j##CC##_mr) }, \
		{ .op = OP, .size = BYTES##BITS, .cc = number, .pattern = PATTERN2(K_M, K_I), .run = HANDLERS(name##BITS##_j##CC##_mi) },
#define FUSED_CONDITION_ROWS(OP, name, BITS) \
	FUSED_ROWS(OP, name, b, 2, BITS)     \
	FUSED_ROWS(OP, name, z, 4, BITS)     \
	FUSED_ROWS(OP, name, be, 6, BITS)    \
	FUSED_ROWS(OP, name, s, 8, BITS) FUSED_ROWS(OP, name, l, 12, BITS) FUSED_ROWS(OP, name, le, 14, BITS)

const struct fused_form fused_forms[] = { FUSED_CONDITION_ROWS(OP_CMP, cmp, 8) FUSED_CONDITION_ROWS(OP_CMP, cmp,
	16) FUSED_CONDITION_ROWS(OP_CMP, cmp, 32) FUSED_CONDITION_ROWS(OP_CMP, cmp, 64) FUSED_CONDITION_ROWS(OP_TEST, test, 8)
		FUSED_CONDITION_ROWS(OP_TEST, test, 16) FUSED_CONDITION_ROWS(OP_TEST, test, 32) FUSED_CONDITION_ROWS(OP_TEST, test, 64) };

const unsigned fused_form_count = sizeof(fused_forms) / sizeof(*fused_forms);

/* --- rows ---------------------------------------------------------------------------------------- */

#define ENDS (FORM_ENDS | FORM_FAULTS)
#define JCC_ROW(OP, test, mask) \
	{ .op = OP, .branch = BRANCH_FLAGS, .cc = OP_CC(OP), .pattern = K_I, .attributes = FORM_ENDS, .reads = mask, .run = { j##test } },
#define JCC_ROWS(NAME, NOT_NAME, test, mask) JCC_ROW(OP_J##NAME, test, mask) JCC_ROW(OP_J##NOT_NAME, test, mask)

/* clang-format off */
static const struct form rows[] = {
	{ .op = OP_JMP, .branch = BRANCH_JUMP, .pattern = K_I, .attributes = FORM_ENDS, .run = { jmp } },
	{ .op = OP_JMP, .branch = BRANCH_JUMP, .size0 = 8, .pattern = K_R, .attributes = FORM_ENDS, .run = { jmp_r } },
	{ .op = OP_JMP, .branch = BRANCH_JUMP, .size0 = 8, .pattern = K_M, .attributes = ENDS, .run = HANDLERS(jmp_m) },
	{ .op = OP_CALL, .branch = BRANCH_CALL, .pattern = K_I, .attributes = FORM_PUSHES | ENDS, .run = { call } },
	{ .op = OP_CALL, .branch = BRANCH_CALL, .size0 = 8, .pattern = K_R, .attributes = FORM_PUSHES | ENDS, .run = { call_r } },
	{ .op = OP_CALL, .branch = BRANCH_CALL, .size0 = 8, .pattern = K_M, .attributes = FORM_PUSHES | ENDS, .run = HANDLERS(call_m) },
	{ .op = OP_RET, .branch = BRANCH_RETURN, .attributes = FORM_POPS | ENDS, .run = { ret } },
	{ .op = OP_RET, .branch = BRANCH_RETURN, .pattern = K_I, .attributes = FORM_POPS | ENDS, .run = { ret_i } },
	JCC_ROWS(O, NO, o, FLAG_OF) JCC_ROWS(B, NB, b, FLAG_CF) JCC_ROWS(Z, NZ, z, FLAG_ZF)
	JCC_ROWS(BE, NBE, be, FLAG_CF | FLAG_ZF) JCC_ROWS(S, NS, s, FLAG_SF) JCC_ROWS(P, NP, p, FLAG_PF)
	JCC_ROWS(L, NL, l, FLAG_SF | FLAG_OF) JCC_ROWS(LE, NLE, le, FLAG_ZF | FLAG_SF | FLAG_OF)
	{ .op = OP_JRCXZ, .branch = BRANCH_COUNT, .pattern = K_I, .attributes = FORM_ENDS, .run = { jrcxz } },
	{ .op = OP_JECXZ, .branch = BRANCH_COUNT, .pattern = K_I, .attributes = FORM_ENDS, .run = { jecxz } },
	{ .op = OP_LOOP, .branch = BRANCH_COUNT, .size0 = 8, .pattern = K_I, .attributes = FORM_ENDS | FORM_BY_ADDRESS_WIDTH, .run = { loop64 } },
	{ .op = OP_LOOP, .branch = BRANCH_COUNT, .size0 = 4, .pattern = K_I, .attributes = FORM_ENDS | FORM_BY_ADDRESS_WIDTH, .run = { loop32 } },
	{ .op = OP_LOOPE, .branch = BRANCH_COUNT, .size0 = 8, .pattern = K_I, .attributes = FORM_ENDS | FORM_BY_ADDRESS_WIDTH, .reads = FLAG_ZF,
	  .run = { loope64 } },
	{ .op = OP_LOOPE, .branch = BRANCH_COUNT, .size0 = 4, .pattern = K_I, .attributes = FORM_ENDS | FORM_BY_ADDRESS_WIDTH, .reads = FLAG_ZF,
	  .run = { loope32 } },
	{ .op = OP_LOOPNE, .branch = BRANCH_COUNT, .size0 = 8, .pattern = K_I, .attributes = FORM_ENDS | FORM_BY_ADDRESS_WIDTH, .reads = FLAG_ZF,
	  .run = { loopne64 } },
	{ .op = OP_LOOPNE, .branch = BRANCH_COUNT, .size0 = 4, .pattern = K_I, .attributes = FORM_ENDS | FORM_BY_ADDRESS_WIDTH, .reads = FLAG_ZF,
	  .run = { loopne32 } },
};
/* clang-format on */

const struct form_list control_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows) };
