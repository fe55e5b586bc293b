/* Segment registers, far control transfers, IRET, and instructions that ask about descriptors and system registers at CPL 3. */
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"
#include "timekeep/timekeep.h"

/* --- the descriptors in Linux's GDT for CPL 3: arch/x86/kernel/cpu/common.c, gdt_page ----------------- */

enum { SELECTOR_USER32_CS = 0x20, SELECTOR_USER_DS = 0x28, SELECTOR_USER_CS = 0x30, SELECTOR_CPU = 0x78, RPL = 3 };

/* A descriptor that CPL 3 can see. All bases are 0. */
struct descriptor {
	uint16_t selector; /* with RPL 0 */
	uint32_t rights;   /* as LAR gives them */
	uint32_t limit;
	bool writable, code_64;
};

static const struct descriptor descriptors[] = {
	{ .selector = SELECTOR_USER32_CS, .rights = 0xcffb00, .limit = UINT32_MAX },
	{ .selector = SELECTOR_USER_DS, .rights = 0xcff300, .limit = UINT32_MAX, .writable = true },
	{ .selector = SELECTOR_USER_CS, .rights = 0xaffb00, .limit = UINT32_MAX, .code_64 = true },
	{ .selector = SELECTOR_CPU, .rights = 0x40f500 }, /* its limit is the number that RDPID returns */
};

static inline const struct descriptor *find_descriptor(uint16_t selector)
{
	for (unsigned k = 0; k < sizeof(descriptors) / sizeof(*descriptors); k++)
		if (descriptors[k].selector == (selector & ~RPL))
			return &descriptors[k];
	return NULL;
}

/* The error code of a fault that a selector causes. */
static inline uint32_t selector_error(uint16_t selector)
{
	return selector & ~(uint32_t)RPL;
}

/* --- segment registers ------------------------------------------------------------------------------- */

static inline uint16_t selector_of(const struct cpu *cpu, unsigned segment)
{
	return segment == SEG_CS ? SELECTOR_USER_CS | RPL : segment == SEG_SS ? SELECTOR_USER_DS | RPL : cpu->selector[segment];
}

static HANDLER(mov_rs)
{
	*reg64(cpu, i->a) = selector_of(cpu, i->b);
	NEXT();
}

static HANDLER(mov16_rs)
{
	set_reg16(cpu, i->a, selector_of(cpu, i->b));
	NEXT();
}

static HANDLER(mov_ms)
{
	guest_store16(cpu, i, address_based(cpu, i), selector_of(cpu, i->a));
	NEXT();
}

/* Returns true if CPL 3 may load the selector. SS must have a writable segment. The others must have a readable one, which all are, or
 * none. */
static inline bool may_load(unsigned segment, uint16_t selector)
{
	if (segment == SEG_SS)
		return selector == (SELECTOR_USER_DS | RPL);
	return selector <= RPL || find_descriptor(selector);
}

/* Loading FS or GS, even with the null selector, loads the descriptor's base, too. */
static inline void load_selector(struct cpu *cpu, unsigned segment, uint16_t selector)
{
	cpu->selector[segment] = selector;
	cpu->shadow = segment == SEG_SS;
	if (segment == SEG_FS)
		cpu->r[SLOT_FS_BASE] = 0;
	if (segment == SEG_GS)
		cpu->r[SLOT_GS_BASE] = 0;
}

static HANDLER(mov_sr)
{
	uint16_t selector = *reg16(cpu, i->b);

	if (i->a == SEG_CS)
		return raise_ud(cpu, i);
	if (!may_load(i->a, selector))
		return raise_gp_error(cpu, i, selector_error(selector));
	load_selector(cpu, i->a, selector);
	NEXT();
}

static HANDLER(mov_sm)
{
	uint16_t selector = guest_load16(cpu, i, address_based(cpu, i));

	if (i->a == SEG_CS)
		return raise_ud(cpu, i);
	if (!may_load(i->a, selector))
		return raise_gp_error(cpu, i, selector_error(selector));
	load_selector(cpu, i->a, selector);
	NEXT();
}

#define PUSH_POP_SEGMENT(BITS)                                                       \
	static HANDLER(push##BITS##_s)                                               \
	{                                                                            \
		uint64_t rsp = cpu->r[RSP] - BITS / 8;                               \
		guest_store##BITS(cpu, i, rsp, selector_of(cpu, i->a));              \
		cpu->r[RSP] = rsp;                                                   \
		NEXT();                                                              \
	}                                                                            \
	static HANDLER(pop##BITS##_s)                                                \
	{                                                                            \
		uint16_t selector = (uint16_t)guest_load##BITS(cpu, i, cpu->r[RSP]); \
		if (!may_load(i->a, selector))                                       \
			return raise_gp_error(cpu, i, selector_error(selector));     \
		load_selector(cpu, i->a, selector);                                  \
		cpu->r[RSP] += BITS / 8;                                             \
		NEXT();                                                              \
	}
PUSH_POP_SEGMENT(16)
PUSH_POP_SEGMENT(64)

/* --- far transfers ----------------------------------------------------------------------------------- */

/* Transfers control to the target. If it is not allowed, nothing has changed yet. */
static inline const struct insn *go_far(struct cpu *cpu, const struct insn *i, uint64_t target, uint64_t rsp)
{
	cpu->r[RSP] = rsp;
	cpu->rip = target;
	CHARGE();
	cpu->link = NULL;
	cpu->exit = EXIT_LOOKUP;
	return NULL;
}

/* Returns true if code of the selector can be entered: CPL 3's 64-bit code. 32-bit code is refused, since it cannot be run. */
static inline bool may_enter(uint16_t selector, bool returns)
{
	const struct descriptor *descriptor = find_descriptor(selector);

	return descriptor && descriptor->code_64 && (!returns || (selector & RPL) == RPL);
}

/* m16:16, m16:32 and m16:64: the offset comes first. */
#define FAR(BITS)                                                                                 \
	static HANDLER(jmp_far##BITS)                                                             \
	{                                                                                         \
		uint64_t address = address_based(cpu, i);                                         \
		uint64_t target = guest_load##BITS(cpu, i, address);                              \
		uint16_t selector = guest_load16(cpu, i, address + BITS / 8);                     \
		if (!may_enter(selector, false))                                                  \
			return raise_gp_error(cpu, i, selector_error(selector));                  \
		if (!is_canonical(target))                                                        \
			return raise_gp(cpu, i);                                                  \
		return go_far(cpu, i, target, cpu->r[RSP]);                                       \
	}                                                                                         \
	static HANDLER(call_far##BITS)                                                            \
	{                                                                                         \
		uint64_t address = address_based(cpu, i), rsp = cpu->r[RSP];                      \
		uint64_t target = guest_load##BITS(cpu, i, address);                              \
		uint16_t selector = guest_load16(cpu, i, address + BITS / 8);                     \
		if (!may_enter(selector, false))                                                  \
			return raise_gp_error(cpu, i, selector_error(selector));                  \
		if (!is_canonical(target))                                                        \
			return raise_gp(cpu, i);                                                  \
		guest_store##BITS(cpu, i, rsp - BITS / 8, SELECTOR_USER_CS | RPL);                \
		guest_store##BITS(cpu, i, rsp - 2 * BITS / 8, (uint##BITS##_t)links_of(i)->next); \
		return go_far(cpu, i, target, rsp - 2 * BITS / 8);                                \
	}                                                                                         \
	static HANDLER(ret_far##BITS)                                                             \
	{                                                                                         \
		uint64_t rsp = cpu->r[RSP], target = guest_load##BITS(cpu, i, rsp);               \
		uint16_t selector = (uint16_t)guest_load##BITS(cpu, i, rsp + BITS / 8);           \
		if (!may_enter(selector, true))                                                   \
			return raise_gp_error(cpu, i, selector_error(selector));                  \
		if (!is_canonical(target))                                                        \
			return raise_gp(cpu, i);                                                  \
		return go_far(cpu, i, target, rsp + 2 * BITS / 8 + (uint16_t)i->imm);             \
	}                                                                                         \
	/* SDM vol. 2, IRET: in 64-bit mode RSP and SS are always popped */                       \
	static HANDLER(iret##BITS)                                                                \
	{                                                                                         \
		uint64_t rsp = cpu->r[RSP], target = guest_load##BITS(cpu, i, rsp);               \
		uint16_t cs = (uint16_t)guest_load##BITS(cpu, i, rsp + BITS / 8);                 \
		uint64_t flags = guest_load##BITS(cpu, i, rsp + 2 * BITS / 8);                    \
		uint64_t stack = guest_load##BITS(cpu, i, rsp + 3 * BITS / 8);                    \
		uint16_t ss = (uint16_t)guest_load##BITS(cpu, i, rsp + 4 * BITS / 8);             \
		if (cpu->nt)                                                                      \
			return raise_gp(cpu, i);                                                  \
		if (!may_enter(cs, true))                                                         \
			return raise_gp_error(cpu, i, selector_error(cs));                        \
		if (!may_load(SEG_SS, ss))                                                        \
			return raise_gp_error(cpu, i, selector_error(ss));                        \
		if (!is_canonical(target))                                                        \
			return raise_gp(cpu, i);                                                  \
		rflags_set(cpu, BITS == 16 ? (rflags_get(cpu) & ~0xffffULL) | flags : flags);     \
		return go_far(cpu, i, target, stack);                                             \
	}
FAR(16)
FAR(32)
FAR(64)

/* --- asking about descriptors ------------------------------------------------------------------------- */

static inline void set_zf(struct cpu *cpu, bool set)
{
	cpu->flags = (flags_t)((cpu->flags & ~FLAG_ZF) | (set ? FLAG_ZF : 0));
}

static inline uint32_t limit_of(const struct cpu *cpu, const struct descriptor *descriptor)
{
	return descriptor->selector == SELECTOR_CPU ? tk_aux(cpu->clock, cpu->vcpu) : descriptor->limit;
}

#define DESCRIPTOR_QUESTION(name, BITS, value)                                                  \
	static inline void name##BITS(struct cpu *cpu, const struct insn *i, uint16_t selector) \
	{                                                                                       \
		const struct descriptor *descriptor = find_descriptor(selector);                \
		if (descriptor)                                                                 \
			set_reg##BITS(cpu, i->a, (uint##BITS##_t)(value));                      \
		set_zf(cpu, descriptor);                                                        \
	}                                                                                       \
	static HANDLER(name##BITS##_rr)                                                         \
	{                                                                                       \
		name##BITS(cpu, i, *reg16(cpu, i->b));                                          \
		NEXT();                                                                         \
	}                                                                                       \
	static HANDLER(name##BITS##_rm)                                                         \
	{                                                                                       \
		name##BITS(cpu, i, guest_load16(cpu, i, address_based(cpu, i)));                \
		NEXT();                                                                         \
	}
#define LAR_LSL(BITS)                                      \
	DESCRIPTOR_QUESTION(lar, BITS, descriptor->rights) \
	DESCRIPTOR_QUESTION(lsl, BITS, limit_of(cpu, descriptor))
LAR_LSL(16)
LAR_LSL(32)
LAR_LSL(64)

static inline bool is_writable(uint16_t selector)
{
	const struct descriptor *descriptor = find_descriptor(selector);

	return descriptor && descriptor->writable;
}

static HANDLER(verr_r)
{
	set_zf(cpu, find_descriptor(*reg16(cpu, i->a)));
	NEXT();
}

static HANDLER(verr_m)
{
	set_zf(cpu, find_descriptor(guest_load16(cpu, i, address_based(cpu, i))));
	NEXT();
}

static HANDLER(verw_r)
{
	set_zf(cpu, is_writable(*reg16(cpu, i->a)));
	NEXT();
}

static HANDLER(verw_m)
{
	set_zf(cpu, is_writable(guest_load16(cpu, i, address_based(cpu, i))));
	NEXT();
}

/* --- system registers ---------------------------------------------------------------------------------
 * Under UMIP they raise #GP, and Linux answers with values that are the same everywhere: arch/x86/kernel/umip.c. A register keeps what is
 * above the operand, also where the CPU would clear it. */

enum { SHOWN_LDT = 0, SHOWN_TASK = 0x40 };
#define SHOWN_CR0 0x80050033ULL /* PE MP ET NE WP AM PG */
#define SHOWN_GDT 0xfffffffffffe0000ULL
#define SHOWN_IDT 0xffffffffffff0000ULL

/* clang-format off */
#define SYSTEM_WORD(name, value)                                                                         \
	static HANDLER(name##_r16) { *reg16(cpu, i->a) = (uint16_t)(value); NEXT(); }                    \
	static HANDLER(name##_r32) { *reg32(cpu, i->a) = (uint32_t)(value); NEXT(); }                    \
	static HANDLER(name##_r64) { *reg64(cpu, i->a) = (value); NEXT(); }                              \
	static HANDLER(name##_m)                                                                         \
	{                                                                                                \
		guest_store16(cpu, i, address_based(cpu, i), (uint16_t)(value));                         \
		NEXT();                                                                                  \
	}
/* clang-format on */
SYSTEM_WORD(sldt, SHOWN_LDT)
SYSTEM_WORD(str, SHOWN_TASK)
SYSTEM_WORD(smsw, SHOWN_CR0)

/* Stores a limit of 0 and the base. */
#define SYSTEM_TABLE(name, base)                          \
	static HANDLER(name)                              \
	{                                                 \
		uint64_t address = address_based(cpu, i); \
		guest_store16(cpu, i, address, 0);        \
		guest_store64(cpu, i, address + 2, base); \
		NEXT();                                   \
	}
SYSTEM_TABLE(sgdt, SHOWN_GDT)
SYSTEM_TABLE(sidt, SHOWN_IDT)

/* --- rows -------------------------------------------------------------------------------------------- */

/* clang-format off */
#define FAR_ROWS(BITS, SIZE)                                                                                                       \
	{ .op = OP_JMP_FAR, .size0 = SIZE, .pattern = K_M, .attributes = FORM_ENDS | FORM_FAULTS, .reads = FLAGS_ALL,              \
	  .run = { jmp_far##BITS } },                                                                                              \
	{ .op = OP_CALL_FAR, .size0 = SIZE, .pattern = K_M, .attributes = FORM_ENDS | FORM_FAULTS | FORM_PUSHES,                   \
	  .reads = FLAGS_ALL, .run = { call_far##BITS } },                                                                         \
	{ .op = OP_RET_FAR, .size0 = BYTES##BITS, .attributes = FORM_ENDS | FORM_FAULTS | FORM_POPS, .reads = FLAGS_ALL,           \
	  .run = { ret_far##BITS } },                                                                                              \
	{ .op = OP_RET_FAR, .size0 = BYTES##BITS, .pattern = K_I, .attributes = FORM_ENDS | FORM_FAULTS | FORM_POPS | FORM_BY_WIDTH, \
	  .reads = FLAGS_ALL, .run = { ret_far##BITS } },

#define IRET_ROW(OP, BITS)                                                                                                         \
	{ .op = OP, .attributes = FORM_ENDS | FORM_FAULTS | FORM_POPS, .reads = FLAGS_ALL, .run = { iret##BITS } },

#define STACK_ROWS(BITS)                                                                                                           \
	{ .op = OP_PUSH, .size0 = BYTES##BITS, .pattern = K_S, .attributes = FORM_FAULTS | FORM_BY_WIDTH | FORM_PUSHES,            \
	  .run = { push##BITS##_s } },                                                                                             \
	{ .op = OP_POP, .size0 = BYTES##BITS, .pattern = K_S, .attributes = FORM_FAULTS | FORM_BY_WIDTH | FORM_POPS,               \
	  .run = { pop##BITS##_s } },

#define QUESTION_ROWS(OP, WORLD, name, BITS)                                                                                       \
	{ .op = OP, .world = WORLD, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_R), .reads = FLAGS_ALL, .writes = FLAG_ZF,    \
	  .run = { name##BITS##_rr } },                                                                                            \
	{ .op = OP, .world = WORLD, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .reads = FLAGS_ALL, .writes = FLAG_ZF,    \
	  .run = { name##BITS##_rm } },

#define VERIFY_ROWS(OP, name)                                                                                                      \
	{ .op = OP, .pattern = K_R, .reads = FLAGS_ALL, .writes = FLAG_ZF, .run = { name##_r } },                                  \
	{ .op = OP, .pattern = K_M, .reads = FLAGS_ALL, .writes = FLAG_ZF, .run = { name##_m } },

#define SYSTEM_ROWS(OP, name)                                            \
	{ .op = OP, .size0 = 2, .pattern = K_R, .run = { name##_r16 } }, \
	{ .op = OP, .size0 = 4, .pattern = K_R, .run = { name##_r32 } }, \
	{ .op = OP, .size0 = 8, .pattern = K_R, .run = { name##_r64 } }, \
	{ .op = OP, .pattern = K_M, .run = { name##_m } },
/* clang-format on */

static const struct form rows[] = {
	{ .op = OP_MOV, .size0 = 2, .pattern = PATTERN2(K_R, K_S), .run = { mov16_rs } },
	{ .op = OP_MOV, .size0 = 4, .pattern = PATTERN2(K_R, K_S), .run = { mov_rs } },
	{ .op = OP_MOV, .size0 = 8, .pattern = PATTERN2(K_R, K_S), .run = { mov_rs } },
	{ .op = OP_MOV, .size0 = 2, .pattern = PATTERN2(K_M, K_S), .run = { mov_ms } },
	{ .op = OP_MOV, .pattern = PATTERN2(K_S, K_R), .attributes = FORM_FAULTS, .run = { mov_sr } },
	{ .op = OP_MOV, .pattern = PATTERN2(K_S, K_M), .attributes = FORM_FAULTS, .run = { mov_sm } },
	STACK_ROWS(16) STACK_ROWS(64) FAR_ROWS(16, 4) FAR_ROWS(32, 6) FAR_ROWS(64, 10) IRET_ROW(OP_IRET, 16) IRET_ROW(OP_IRETD, 32)
		IRET_ROW(OP_IRETQ, 64) QUESTION_ROWS(OP_LAR, WORLD_NONE, lar, 16) QUESTION_ROWS(OP_LAR, WORLD_NONE, lar, 32)
			QUESTION_ROWS(OP_LAR, WORLD_NONE, lar, 64) QUESTION_ROWS(OP_LSL, WORLD_OTHER, lsl, 16) QUESTION_ROWS(OP_LSL,
				WORLD_OTHER, lsl, 32) QUESTION_ROWS(OP_LSL, WORLD_OTHER, lsl, 64) VERIFY_ROWS(OP_VERR, verr)
				VERIFY_ROWS(OP_VERW, verw) SYSTEM_ROWS(OP_SLDT, sldt) SYSTEM_ROWS(OP_STR, str)
					SYSTEM_ROWS(OP_SMSW, smsw){ .op = OP_SGDT, .pattern = K_M, .run = { sgdt } },
	{ .op = OP_SIDT, .pattern = K_M, .run = { sidt } },
};

const struct form_list segment_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .handled = true };
