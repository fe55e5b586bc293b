/* PUSH POP PUSHF POPF ENTER LEAVE. */
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

#define PUSH(BITS, value)                                                 \
	do {                                                              \
		uint64_t rsp_ = cpu->r[RSP] - BITS / 8;                   \
		guest_store##BITS(cpu, i, rsp_, (uint##BITS##_t)(value)); \
		cpu->r[RSP] = rsp_;                                       \
	} while (0)

#define PUSH_POP_HANDLERS(BITS)                                                                 \
	static HANDLER(push##BITS##_r)                                                          \
	{                                                                                       \
		PUSH(BITS, *reg##BITS(cpu, i->a));                                              \
		NEXT();                                                                         \
	}                                                                                       \
	static HANDLER(push##BITS##_i)                                                          \
	{                                                                                       \
		PUSH(BITS, i->imm);                                                             \
		NEXT();                                                                         \
	}                                                                                       \
	static HANDLER(push##BITS##_m)                                                          \
	{                                                                                       \
		uint##BITS##_t value = guest_load##BITS(cpu, i, address_based(cpu, i));         \
		PUSH(BITS, value);                                                              \
		NEXT();                                                                         \
	}                                                                                       \
	static HANDLER(pop##BITS##_r) /* for POP RSP the loaded value replaces the increment */ \
	{                                                                                       \
		uint##BITS##_t value = guest_load##BITS(cpu, i, cpu->r[RSP]);                   \
		cpu->r[RSP] += BITS / 8;                                                        \
		set_reg##BITS(cpu, i->a, value);                                                \
		NEXT();                                                                         \
	}                                                                                       \
	static HANDLER(pop##BITS##_m)                                                           \
	{                                                                                       \
		uint##BITS##_t value = guest_load##BITS(cpu, i, cpu->r[RSP]);                   \
		guest_store##BITS(cpu, i, address_based(cpu, i), value);                        \
		cpu->r[RSP] += BITS / 8;                                                        \
		NEXT();                                                                         \
	}                                                                                       \
	static HANDLER(pushf##BITS)                                                             \
	{                                                                                       \
		PUSH(BITS, rflags_get(cpu));                                                    \
		NEXT();                                                                         \
	}                                                                                       \
	static HANDLER(leave##BITS)                                                             \
	{                                                                                       \
		uint##BITS##_t value = guest_load##BITS(cpu, i, cpu->r[RBP]);                   \
		cpu->r[RSP] = cpu->r[RBP] + BITS / 8;                                           \
		set_reg##BITS(cpu, gpr_offset(RBP, false), value);                              \
		NEXT();                                                                         \
	}
PUSH_POP_HANDLERS(16)
PUSH_POP_HANDLERS(64)

/* If TF or AC is set, the run ends here, and the run loop goes on one instruction at a time. */
static const struct insn *after_popf(struct cpu *cpu, const struct insn *i)
{
	if (unlikely(cpu->tf || cpu->ac)) {
		cpu->rip = links_of(i)->next;
		CHARGE();
		cpu->link = NULL;
		cpu->exit = EXIT_LOOKUP;
		return NULL;
	}
	ENTER(links_of(i)->fall);
}

static HANDLER(popf64)
{
	uint64_t value = guest_load64(cpu, i, cpu->r[RSP]);

	cpu->r[RSP] += 8;
	rflags_set(cpu, value);
	return after_popf(cpu, i);
}

static HANDLER(popf16)
{
	uint64_t value = guest_load16(cpu, i, cpu->r[RSP]);

	cpu->r[RSP] += 2;
	rflags_set(cpu, (rflags_get(cpu) & ~0xffffULL) | value);
	return after_popf(cpu, i);
}

/* Nesting level 0, the only one that compilers emit. Other levels copy frame pointers (SDM, ENTER). */
#define ENTER_HANDLER(BITS)                                                                                                               \
	static HANDLER(enter##BITS)                                                                                                       \
	{                                                                                                                                 \
		const unsigned size = BITS / 8, level = i->imm >> 16 & 31;                                                                \
		uint64_t frame = cpu->r[RSP] - size, top = frame - size * level - (uint16_t)i->imm;                                       \
		guest_store##BITS(cpu, i, frame, (uint##BITS##_t)cpu->r[RBP]);                                                            \
		for (unsigned k = 1; k < level; k++)                                                                                      \
			guest_store##BITS(cpu, i, frame - size * k, guest_load##BITS(cpu, i, cpu->r[RBP] - size * k));                    \
		if (level)                                                                                                                \
			guest_store##BITS(cpu, i, frame - size * level, (uint##BITS##_t)frame);                                           \
		__asm__ volatile("orb $0, %0" : "+m"(*(guest_u8 *)guest_pointer(cpu, i, top))); /* raises #PF unless it can be written */ \
		set_reg##BITS(cpu, gpr_offset(RBP, false), (uint##BITS##_t)frame);                                                        \
		cpu->r[RSP] = top;                                                                                                        \
		NEXT();                                                                                                                   \
	}
ENTER_HANDLER(16)
ENTER_HANDLER(64)

/* --- several pushes or pops in one handler ------------------------------------------------------------ */

/* Between handlers RSP is in memory. Within one handler it stays in a register, and is stored after each access, since the next access
 * may fault. The first record gets the handler and keeps its fields. The other records stay after it, since a fault must find its
 * record. */
enum { RUN_MAX = 3 };

static inline __attribute__((always_inline)) uint64_t push_at(struct cpu *cpu, const struct insn *i, uint64_t rsp)
{
	guest_store64(cpu, i, rsp - 8, *reg64(cpu, i->a));
	return cpu->r[RSP] = rsp - 8;
}

/* After POP RSP the value of RSP is the loaded one, with which the next pop goes on. */
static inline __attribute__((always_inline)) uint64_t pop_at(struct cpu *cpu, const struct insn *i, uint64_t rsp)
{
	uint64_t value = guest_load64(cpu, i, rsp);

	cpu->r[RSP] = rsp + 8;
	set_reg64(cpu, i->a, value);
	return unlikely(i->a == gpr_offset(RSP, false)) ? value : rsp + 8;
}

/* PUSH RSP pushes the value before the push, which push_at reads from the register. */
#define STACK_RUN(name, step, length)                                                                      \
	static HANDLER(name##length)                                                                       \
	{                                                                                                  \
		uint64_t rsp = cpu->r[RSP];                                                                \
		_Pragma("GCC unroll 3") for (unsigned k = 0; k < length; k++) rsp = step(cpu, i + k, rsp); \
		GO_ON(length);                                                                             \
	}
STACK_RUN(push_run, push_at, 2)
STACK_RUN(push_run, push_at, 3)
STACK_RUN(pop_run, pop_at, 2)
STACK_RUN(pop_run, pop_at, 3)

static handler_t *const push_runs[RUN_MAX + 1] = { NULL, NULL, push_run2, push_run3 };
static handler_t *const pop_runs[RUN_MAX + 1] = { NULL, NULL, pop_run2, pop_run3 };

/* Returns how many records, from the first one on, have the handler `plain`. */
static unsigned run_length(const struct insn *insn, unsigned count, handler_t *plain)
{
	unsigned length = 0;

	while (length < count && length < RUN_MAX && insn[length].run == plain)
		length++;
	return length;
}

void find_stack_runs(struct insn *insn, unsigned count)
{
	for (unsigned k = 0; k < count;) {
		unsigned pushes = run_length(insn + k, count - k, push64_r), pops = run_length(insn + k, count - k, pop64_r);

		if (pushes > 1)
			insn[k].run = push_runs[pushes];
		else if (pops > 1)
			insn[k].run = pop_runs[pops];
		k += pushes + pops ? pushes + pops : 1;
	}
}

/* --- the rows ----------------------------------------------------------------------------------------- */

#define PUSH_POP_ROWS(BITS)                                                                                                              \
	{ .op = OP_PUSH, .size0 = BYTES##BITS, .pattern = K_R, .attributes = FORM_PUSHES | FORM_FAULTS, .run = { push##BITS##_r } },     \
		{ .op = OP_PUSH,                                                                                                         \
			.size0 = BYTES##BITS,                                                                                            \
			.pattern = K_M,                                                                                                  \
			.attributes = FORM_PUSHES | FORM_FAULTS,                                                                         \
			.run = { push##BITS##_m } },                                                                                     \
		{ .op = OP_POP, .size0 = BYTES##BITS, .pattern = K_R, .attributes = FORM_POPS | FORM_FAULTS, .run = { pop##BITS##_r } }, \
		{ .op = OP_POP, .size0 = BYTES##BITS, .pattern = K_M, .attributes = FORM_POPS | FORM_FAULTS, .run = { pop##BITS##_m } },

/* The immediate's size does not tell how much PUSH pushes. For PUSH imm, LEAVE and ENTER `width` chooses the row. */
/* clang-format off */
static const struct form rows[] = {
	PUSH_POP_ROWS(16) PUSH_POP_ROWS(64)
	{ .op = OP_PUSH, .size0 = 2, .pattern = K_I, .attributes = FORM_PUSHES | FORM_FAULTS | FORM_BY_WIDTH, .run = { push16_i } },
	{ .op = OP_PUSH, .size0 = 8, .pattern = K_I, .attributes = FORM_PUSHES | FORM_FAULTS | FORM_BY_WIDTH, .run = { push64_i } },
	{ .op = OP_PUSHF, .attributes = FORM_HANDLED | FORM_PUSHES | FORM_FAULTS, .reads = FLAGS_ALL, .run = { pushf16 } },
	{ .op = OP_PUSHFQ, .attributes = FORM_HANDLED | FORM_PUSHES | FORM_FAULTS, .reads = FLAGS_ALL, .run = { pushf64 } },
	{ .op = OP_POPF, .attributes = FORM_POPS | FORM_ENDS | FORM_FAULTS, .writes = FLAGS_ALL, .run = { popf16 } },
	{ .op = OP_POPFQ, .attributes = FORM_POPS | FORM_ENDS | FORM_FAULTS, .writes = FLAGS_ALL, .run = { popf64 } },
	{ .op = OP_LEAVE, .size0 = 2, .attributes = FORM_POPS | FORM_AT_FRAME | FORM_FAULTS | FORM_BY_WIDTH, .run = { leave16 } },
	{ .op = OP_LEAVE, .size0 = 8, .attributes = FORM_POPS | FORM_AT_FRAME | FORM_FAULTS | FORM_BY_WIDTH, .run = { leave64 } },
	{ .op = OP_ENTER, .size0 = 2, .pattern = PATTERN2(K_I, K_I), .attributes = FORM_HANDLED | FORM_PUSHES | FORM_FAULTS | FORM_BY_WIDTH, .run = { enter16 } },
	{ .op = OP_ENTER, .size0 = 8, .pattern = PATTERN2(K_I, K_I), .attributes = FORM_HANDLED | FORM_PUSHES | FORM_FAULTS | FORM_BY_WIDTH, .run = { enter64 } },
};
/* clang-format on */

const struct form_list stack_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .general = GENERAL_ONLY };
