/* ADD OR ADC SBB AND SUB XOR CMP TEST, INC DEC NEG NOT: integer operations; their flags are the host's. */
#include "emu/op/address.h"
#include "emu/op/alu.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

/* --- handlers ------------------------------------------------------------------------------------ */

#define BINARY_REGISTER(name, BITS, dead)                                                                               \
	static HANDLER(name##BITS##dead##_rr)                                                                           \
	{                                                                                                               \
		set_reg##BITS(cpu, i->a, name##BITS##dead(*reg##BITS(cpu, i->a), *reg##BITS(cpu, i->b), &cpu->flags));  \
		NEXT();                                                                                                 \
	}                                                                                                               \
	static HANDLER(name##BITS##dead##_ri)                                                                           \
	{                                                                                                               \
		set_reg##BITS(cpu, i->a, name##BITS##dead(*reg##BITS(cpu, i->a), (uint##BITS##_t)i->imm, &cpu->flags)); \
		NEXT();                                                                                                 \
	}

#define BINARY_MEMORY(name, BITS, dead, kind)                                                        \
	static HANDLER(name##BITS##dead##_rm_##kind)                                                 \
	{                                                                                            \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_##kind(cpu, i));               \
		set_reg##BITS(cpu, i->a, name##BITS##dead(*reg##BITS(cpu, i->a), src, &cpu->flags)); \
		NEXT();                                                                              \
	}                                                                                            \
	static HANDLER(name##BITS##dead##_mr_##kind)                                                 \
	{                                                                                            \
		volatile guest_u##BITS *p = guest_pointer(cpu, i, address_##kind(cpu, i));           \
		flags_t flags = cpu->flags;                                                          \
		*p = name##BITS##dead(*p, *reg##BITS(cpu, i->a), &flags);                            \
		compiler_barrier();                                                                  \
		cpu->flags = flags;                                                                  \
		NEXT();                                                                              \
	}                                                                                            \
	static HANDLER(name##BITS##dead##_mi_##kind)                                                 \
	{                                                                                            \
		volatile guest_u##BITS *p = guest_pointer(cpu, i, address_##kind(cpu, i));           \
		flags_t flags = cpu->flags;                                                          \
		*p = name##BITS##dead(*p, (uint##BITS##_t)immediate_##kind(i), &flags);              \
		compiler_barrier();                                                                  \
		cpu->flags = flags;                                                                  \
		NEXT();                                                                              \
	}

/* LOCK uses the host's locked instruction, since other processes may share the page. */
#define BINARY_LOCK(name, BITS, suffix)                                                                       \
	static inline void lock_##name##BITS(struct cpu *cpu, void *p, uint##BITS##_t src)                    \
	{                                                                                                     \
		uint32_t ax = cpu->flags;                                                                     \
		__asm__ volatile("sahf\n\tlock " #name suffix " %2, %1\n\tseto %%al\n\tlahf"                  \
				 : "+a"(ax), "+m"(*(guest_u##BITS *)p)                                        \
				 : "q"(src)                                                                   \
				 : "cc", "memory");                                                           \
		cpu->flags = (flags_t)ax;                                                                     \
	}                                                                                                     \
	static HANDLER(lock_##name##BITS##_mr)                                                                \
	{                                                                                                     \
		lock_##name##BITS(cpu, guest_pointer(cpu, i, address_based(cpu, i)), *reg##BITS(cpu, i->a));  \
		NEXT();                                                                                       \
	}                                                                                                     \
	static HANDLER(lock_##name##BITS##_mi)                                                                \
	{                                                                                                     \
		lock_##name##BITS(cpu, guest_pointer(cpu, i, address_based(cpu, i)), (uint##BITS##_t)i->imm); \
		NEXT();                                                                                       \
	}

#define BINARY_HANDLERS(name, BITS, suffix)            \
	BINARY_REGISTER(name, BITS, )                  \
	BINARY_REGISTER(name, BITS, _dead)             \
	EACH_ADDRESS(BINARY_MEMORY, name, BITS, )      \
	EACH_ADDRESS(BINARY_MEMORY, name, BITS, _dead) \
	BINARY_LOCK(name, BITS, suffix)

EACH_WIDTH(BINARY_HANDLERS, add)
EACH_WIDTH(BINARY_HANDLERS, or)
EACH_WIDTH(BINARY_HANDLERS, adc)
EACH_WIDTH(BINARY_HANDLERS, sbb)
EACH_WIDTH(BINARY_HANDLERS, and)
EACH_WIDTH(BINARY_HANDLERS, sub)
EACH_WIDTH(BINARY_HANDLERS, xor)

/* CMP and TEST only set flags. */
#define COMPARE_HANDLERS(name, body, BITS, suffix)                                      \
	static HANDLER(name##BITS##_rr)                                                 \
	{                                                                               \
		body##BITS(*reg##BITS(cpu, i->a), *reg##BITS(cpu, i->b), &cpu->flags);  \
		NEXT();                                                                 \
	}                                                                               \
	static HANDLER(name##BITS##_ri)                                                 \
	{                                                                               \
		body##BITS(*reg##BITS(cpu, i->a), (uint##BITS##_t)i->imm, &cpu->flags); \
		NEXT();                                                                 \
	}                                                                               \
	EACH_ADDRESS(COMPARE_MEMORY, name, body, BITS)

#define COMPARE_MEMORY(name, body, BITS, kind)                                         \
	static HANDLER(name##BITS##_rm_##kind)                                         \
	{                                                                              \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_##kind(cpu, i)); \
		body##BITS(*reg##BITS(cpu, i->a), src, &cpu->flags);                   \
		NEXT();                                                                \
	}                                                                              \
	static HANDLER(name##BITS##_mr_##kind)                                         \
	{                                                                              \
		uint##BITS##_t dst = guest_load##BITS(cpu, i, address_##kind(cpu, i)); \
		body##BITS(dst, *reg##BITS(cpu, i->a), &cpu->flags);                   \
		NEXT();                                                                \
	}                                                                              \
	static HANDLER(name##BITS##_mi_##kind)                                         \
	{                                                                              \
		uint##BITS##_t dst = guest_load##BITS(cpu, i, address_##kind(cpu, i)); \
		body##BITS(dst, (uint##BITS##_t)immediate_##kind(i), &cpu->flags);     \
		NEXT();                                                                \
	}

EACH_WIDTH(COMPARE_HANDLERS, cmp, sub)
EACH_WIDTH(COMPARE_HANDLERS, test, and)

#define UNARY_HANDLERS(name, BITS, suffix)                                                                                         \
	UNARY_REGISTER(name, BITS, )                                                                                               \
	UNARY_REGISTER(name, BITS, _dead)                                                                                          \
	EACH_ADDRESS(UNARY_MEMORY, name, BITS, )                                                                                   \
	EACH_ADDRESS(UNARY_MEMORY, name, BITS, _dead)                                                                              \
	static HANDLER(lock_##name##BITS##_m)                                                                                      \
	{                                                                                                                          \
		guest_u##BITS *p = guest_pointer(cpu, i, address_based(cpu, i));                                                   \
		uint32_t ax = cpu->flags;                                                                                          \
		__asm__ volatile("sahf\n\tlock " #name suffix " %1\n\tseto %%al\n\tlahf" : "+a"(ax), "+m"(*p) : : "cc", "memory"); \
		cpu->flags = (flags_t)ax;                                                                                          \
		NEXT();                                                                                                            \
	}

#define UNARY_REGISTER(name, BITS, dead)                                                        \
	static HANDLER(name##BITS##dead##_r)                                                    \
	{                                                                                       \
		set_reg##BITS(cpu, i->a, name##BITS##dead(*reg##BITS(cpu, i->a), &cpu->flags)); \
		NEXT();                                                                         \
	}

#define UNARY_MEMORY(name, BITS, dead, kind)                                               \
	static HANDLER(name##BITS##dead##_m_##kind)                                        \
	{                                                                                  \
		volatile guest_u##BITS *p = guest_pointer(cpu, i, address_##kind(cpu, i)); \
		flags_t flags = cpu->flags;                                                \
		*p = name##BITS##dead(*p, &flags);                                         \
		compiler_barrier();                                                        \
		cpu->flags = flags;                                                        \
		NEXT();                                                                    \
	}

EACH_WIDTH(UNARY_HANDLERS, inc)
EACH_WIDTH(UNARY_HANDLERS, dec)
EACH_WIDTH(UNARY_HANDLERS, neg)

#define NOT_HANDLERS(unused, BITS, suffix)                                                \
	static HANDLER(not ##BITS##_r)                                                    \
	{                                                                                 \
		set_reg##BITS(cpu, i->a, (uint##BITS##_t) ~*reg##BITS(cpu, i->a));        \
		NEXT();                                                                   \
	}                                                                                 \
	static HANDLER(not ##BITS##_m)                                                    \
	{                                                                                 \
		volatile guest_u##BITS *p = guest_pointer(cpu, i, address_based(cpu, i)); \
		*p = (uint##BITS##_t) ~*p;                                                \
		NEXT();                                                                   \
	}                                                                                 \
	static HANDLER(lock_not##BITS##_m)                                                \
	{                                                                                 \
		guest_u##BITS *p = guest_pointer(cpu, i, address_based(cpu, i));          \
		__asm__ volatile("lock not" suffix " %0" : "+m"(*p) : : "memory");        \
		NEXT();                                                                   \
	}
EACH_WIDTH(NOT_HANDLERS, )

/* --- rows ---------------------------------------------------------------------------------------- */

/* clang-format off */
#define BINARY_ROWS(OP, name, in, BITS, suffix)                                                                                        \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_R), .reads = in, .writes = FLAGS_ALL, .run = { name##BITS##_rr }, \
	  .run_dead = { name##BITS##_dead_rr } },                                                                                      \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_I), .reads = in, .writes = FLAGS_ALL, .run = { name##BITS##_ri }, \
	  .run_dead = { name##BITS##_dead_ri } },                                                                                      \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .reads = in, .writes = FLAGS_ALL,                             \
	  .run = HANDLERS(name##BITS##_rm), .run_dead = HANDLERS(name##BITS##_dead_rm) },                                              \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .reads = in, .writes = FLAGS_ALL,                             \
	  .run = HANDLERS(name##BITS##_mr), .run_dead = HANDLERS(name##BITS##_dead_mr) },                                              \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_I), .reads = in, .writes = FLAGS_ALL,                             \
	  .run = HANDLERS(name##BITS##_mi), .run_dead = HANDLERS(name##BITS##_dead_mi) },                                              \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .attributes = FORM_LOCK, .reads = in, .writes = FLAGS_ALL,    \
	  .run = { lock_##name##BITS##_mr } },                                                                                         \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_I), .attributes = FORM_LOCK, .reads = in, .writes = FLAGS_ALL,    \
	  .run = { lock_##name##BITS##_mi } },
/* clang-format on */

#define COMPARE_ROWS(OP, name, BITS, suffix)                                                                                              \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_R), .writes = FLAGS_ALL, .run = { name##BITS##_rr } },               \
		{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_I), .writes = FLAGS_ALL, .run = { name##BITS##_ri } },       \
		{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .writes = FLAGS_ALL, .run = HANDLERS(name##BITS##_rm) }, \
		{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .writes = FLAGS_ALL, .run = HANDLERS(name##BITS##_mr) }, \
		{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_I), .writes = FLAGS_ALL, .run = HANDLERS(name##BITS##_mi) },

/* clang-format off */
#define UNARY_ROWS(OP, name, out, BITS, suffix)                                                           \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = K_R, .writes = out, .run = { name##BITS##_r },       \
	  .run_dead = { name##BITS##_dead_r } },                                                          \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = K_M, .writes = out, .run = HANDLERS(name##BITS##_m), \
	  .run_dead = HANDLERS(name##BITS##_dead_m) },                                                    \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = K_M, .attributes = FORM_LOCK, .writes = out, .run = { lock_##name##BITS##_m } },
/* clang-format on */

#define NOT_ROWS(OP, BITS, suffix)                                                             \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = K_R, .run = { not ##BITS##_r } },         \
		{ .op = OP, .size0 = BYTES##BITS, .pattern = K_M, .run = { not ##BITS##_m } }, \
		{ .op = OP, .size0 = BYTES##BITS, .pattern = K_M, .attributes = FORM_LOCK, .run = { lock_not##BITS##_m } },

static const struct form rows[] = { EACH_WIDTH(BINARY_ROWS, OP_ADD, add, 0) EACH_WIDTH(BINARY_ROWS, OP_OR, or, 0) EACH_WIDTH(BINARY_ROWS,
	OP_ADC, adc, FLAG_CF) EACH_WIDTH(BINARY_ROWS, OP_SBB, sbb, FLAG_CF) EACH_WIDTH(BINARY_ROWS, OP_AND, and, 0)
		EACH_WIDTH(BINARY_ROWS, OP_SUB, sub, 0) EACH_WIDTH(BINARY_ROWS, OP_XOR, xor, 0) EACH_WIDTH(COMPARE_ROWS, OP_CMP, cmp)
			EACH_WIDTH(COMPARE_ROWS, OP_TEST, test) EACH_WIDTH(UNARY_ROWS, OP_INC, inc, FLAGS_ALL & ~FLAG_CF)
				EACH_WIDTH(UNARY_ROWS, OP_DEC, dec, FLAGS_ALL & ~FLAG_CF) EACH_WIDTH(UNARY_ROWS, OP_NEG, neg, FLAGS_ALL)
					EACH_WIDTH(NOT_ROWS, OP_NOT) };

const struct form_list alu_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .general = GENERAL_ONLY };
