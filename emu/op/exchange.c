/* XCHG XADD CMPXCHG CMPXCHG8B CMPXCHG16B. With a memory operand they use the host's locked instructions, with or without a LOCK prefix:
 * another process may share the page, and unlocked forms are rare. */
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

#define EACH_WIDTH(STAMP, ...) \
	STAMP(__VA_ARGS__, 8, "b") STAMP(__VA_ARGS__, 16, "w") STAMP(__VA_ARGS__, 32, "l") STAMP(__VA_ARGS__, 64, "q")

#define EXCHANGE_HANDLERS(unused, BITS, suffix)                                                                                         \
	static HANDLER(xchg##BITS##_rr)                                                                                                 \
	{                                                                                                                               \
		uint##BITS##_t first = *reg##BITS(cpu, i->a);                                                                           \
		set_reg##BITS(cpu, i->a, *reg##BITS(cpu, i->b));                                                                        \
		set_reg##BITS(cpu, i->b, first);                                                                                        \
		NEXT();                                                                                                                 \
	}                                                                                                                               \
	static HANDLER(xchg##BITS##_mr)                                                                                                 \
	{                                                                                                                               \
		guest_u##BITS *p = guest_pointer(cpu, i, address_based(cpu, i));                                                        \
		uint##BITS##_t value = *reg##BITS(cpu, i->a);                                                                           \
		__asm__ volatile("xchg" suffix " %0, %1" : "+q"(value), "+m"(*p) : : "memory");                                         \
		set_reg##BITS(cpu, i->a, value);                                                                                        \
		NEXT();                                                                                                                 \
	}                                                                                                                               \
	static HANDLER(xadd##BITS##_rr)                                                                                                 \
	{                                                                                                                               \
		uint##BITS##_t dst = *reg##BITS(cpu, i->a), src = *reg##BITS(cpu, i->b);                                                \
		uint32_t ax;                                                                                                            \
		__asm__("xadd" suffix " %1, %0\n\tseto %%al\n\tlahf" : "+q"(dst), "+q"(src), "=a"(ax) : : "cc");                        \
		set_reg##BITS(cpu, i->b, src);                                                                                          \
		set_reg##BITS(cpu, i->a, dst); /* last: if both are the same register, the sum stays (SDM) */                           \
		cpu->flags = (flags_t)ax;                                                                                               \
		NEXT();                                                                                                                 \
	}                                                                                                                               \
	static HANDLER(xadd##BITS##_mr)                                                                                                 \
	{                                                                                                                               \
		guest_u##BITS *p = guest_pointer(cpu, i, address_based(cpu, i));                                                        \
		uint##BITS##_t src = *reg##BITS(cpu, i->a);                                                                             \
		uint32_t ax;                                                                                                            \
		__asm__ volatile("lock xadd" suffix " %0, %1\n\tseto %%al\n\tlahf" : "+q"(src), "+m"(*p), "=a"(ax) : : "cc", "memory"); \
		set_reg##BITS(cpu, i->a, src);                                                                                          \
		cpu->flags = (flags_t)ax;                                                                                               \
		NEXT();                                                                                                                 \
	}                                                                                                                               \
	static HANDLER(cmpxchg##BITS##_rr)                                                                                              \
	{                                                                                                                               \
		uint##BITS##_t dst = *reg##BITS(cpu, i->a), src = *reg##BITS(cpu, i->b);                                                \
		uint##BITS##_t expected = *reg##BITS(cpu, gpr_offset(RAX, false));                                                      \
		cpu->flags = compare_flags##BITS(expected, dst);                                                                        \
		if (expected == dst)                                                                                                    \
			set_reg##BITS(cpu, i->a, src);                                                                                  \
		else                                                                                                                    \
			set_reg##BITS(cpu, gpr_offset(RAX, false), dst);                                                                \
		NEXT();                                                                                                                 \
	}                                                                                                                               \
	static HANDLER(cmpxchg##BITS##_mr)                                                                                              \
	{                                                                                                                               \
		guest_u##BITS *p = guest_pointer(cpu, i, address_based(cpu, i));                                                        \
		uint##BITS##_t src = *reg##BITS(cpu, i->a);                                                                             \
		uint##BITS##_t expected = *reg##BITS(cpu, gpr_offset(RAX, false)), old = expected;                                      \
		__asm__ volatile("lock cmpxchg" suffix " %2, %1" : "+a"(old), "+m"(*p) : "q"(src) : "cc", "memory");                    \
		cpu->flags = compare_flags##BITS(expected, old);                                                                        \
		if (expected != old)                                                                                                    \
			set_reg##BITS(cpu, gpr_offset(RAX, false), old);                                                                \
		NEXT();                                                                                                                 \
	}

#define COMPARE_FLAGS(unused, BITS, suffix)                                                                  \
	static inline flags_t compare_flags##BITS(uint##BITS##_t dst, uint##BITS##_t src)                    \
	{                                                                                                    \
		uint32_t ax;                                                                                 \
		__asm__("cmp" suffix " %2, %1\n\tseto %%al\n\tlahf" : "=a"(ax) : "q"(dst), "q"(src) : "cc"); \
		return (flags_t)ax;                                                                          \
	}
EACH_WIDTH(COMPARE_FLAGS, )
EACH_WIDTH(EXCHANGE_HANDLERS, )

static void set_zf(struct cpu *cpu, bool zf)
{
	cpu->flags = (flags_t)((cpu->flags & ~FLAG_ZF) | (zf ? FLAG_ZF : 0));
}

static HANDLER(cmpxchg8b)
{
	guest_u64 *p = guest_pointer(cpu, i, address_based(cpu, i));
	uint64_t expected = (uint32_t)cpu->r[RAX] | cpu->r[RDX] << 32, old = expected;
	uint64_t desired = (uint32_t)cpu->r[RBX] | cpu->r[RCX] << 32;

	__asm__ volatile("lock cmpxchgq %2, %1" : "+a"(old), "+m"(*p) : "r"(desired) : "cc", "memory");
	if (old != expected) {
		cpu->r[RAX] = (uint32_t)old;
		cpu->r[RDX] = old >> 32;
	}
	set_zf(cpu, old == expected);
	NEXT();
}

/* A misaligned operand is #GP(0), which the host raises. */
static HANDLER(cmpxchg16b)
{
	guest_u64 *p = guest_pointer(cpu, i, address_based(cpu, i));
	uint64_t low = cpu->r[RAX], high = cpu->r[RDX];
	bool equal;

	__asm__ volatile("lock cmpxchg16b %3"
			 : "+a"(low), "+d"(high), "=@ccz"(equal), "+m"(*(unsigned __int128 *)p)
			 : "b"(cpu->r[RBX]), "c"(cpu->r[RCX])
			 : "memory");
	if (!equal) {
		cpu->r[RAX] = low;
		cpu->r[RDX] = high;
	}
	set_zf(cpu, equal);
	NEXT();
}

/* --- rows ---------------------------------------------------------------------------------------- */

/* clang-format off */
#define EXCHANGE_ROWS(unused, BITS, suffix)                                                                                            \
	{ .op = OP_XCHG, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_R), .run = { xchg##BITS##_rr } },                            \
	{ .op = OP_XCHG, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .run = { xchg##BITS##_mr } },                            \
	{ .op = OP_XCHG, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .run = { xchg##BITS##_mr } },                            \
	{ .op = OP_XCHG, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .attributes = FORM_LOCK, .run = { xchg##BITS##_mr } },   \
	{ .op = OP_XADD, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_R), .writes = FLAGS_ALL, .run = { xadd##BITS##_rr } },       \
	{ .op = OP_XADD, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .writes = FLAGS_ALL, .run = { xadd##BITS##_mr } },       \
	{ .op = OP_XADD, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .attributes = FORM_LOCK, .writes = FLAGS_ALL,            \
	  .run = { xadd##BITS##_mr } },                                                                                                \
	{ .op = OP_CMPXCHG, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_R), .writes = FLAGS_ALL, .run = { cmpxchg##BITS##_rr } }, \
	{ .op = OP_CMPXCHG, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .writes = FLAGS_ALL, .run = { cmpxchg##BITS##_mr } }, \
	{ .op = OP_CMPXCHG, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .attributes = FORM_LOCK, .writes = FLAGS_ALL,         \
	  .run = { cmpxchg##BITS##_mr } },
/* clang-format on */

static const struct form rows[] = {
	EACH_WIDTH(EXCHANGE_ROWS, ){ .op = OP_CMPXCHG8B, .pattern = K_M, .reads = FLAGS_ALL, .writes = FLAG_ZF, .run = { cmpxchg8b } },
	{ .op = OP_CMPXCHG8B, .pattern = K_M, .attributes = FORM_LOCK, .reads = FLAGS_ALL, .writes = FLAG_ZF, .run = { cmpxchg8b } },
	{ .op = OP_CMPXCHG16B, .pattern = K_M, .reads = FLAGS_ALL, .writes = FLAG_ZF, .run = { cmpxchg16b } },
	{ .op = OP_CMPXCHG16B, .pattern = K_M, .attributes = FORM_LOCK, .reads = FLAGS_ALL, .writes = FLAG_ZF, .run = { cmpxchg16b } },
};

const struct form_list exchange_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .general = GENERAL_ONLY };
