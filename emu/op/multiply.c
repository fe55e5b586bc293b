/* MUL IMUL DIV IDIV MULX, and the sign extensions CBW CWDE CDQE CWD CDQ CQO. */
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

/* --- bodies: the double-width operand is in RDX:RAX (AX for bytes) ------------------------------- */

/* The flags that tell about a product. The others are undefined (SDM vol. 2), and 0 here. */
enum { PRODUCT_FLAGS = FLAG_CF | FLAG_OF, PRODUCT_UNDEFINED = FLAGS_ALL & ~PRODUCT_FLAGS };

/* Each takes the source and works on the register file. DIV and IDIV may raise #DE on the host, which the fault handler turns into the
 * guest's; they write registers only after that. */
#define WIDE_MULTIPLY_BODY(name, BITS, suffix)                                      \
	static inline void name##BITS(struct cpu *cpu, uint##BITS##_t src)          \
	{                                                                           \
		uint##BITS##_t low = *reg##BITS(cpu, gpr_offset(RAX, false)), high; \
		uint8_t of;                                                         \
		uint64_t ax;                                                        \
		__asm__(#name suffix " %4\n\tseto %2\n\tmov %%rax, %3\n\tlahf"      \
			: "+a"(low), "=&d"(high), "=&q"(of), "=&r"(ax)              \
			: "r"(src)                                                  \
			: "cc");                                                    \
		set_reg##BITS(cpu, gpr_offset(RAX, false), (uint##BITS##_t)ax);     \
		set_reg##BITS(cpu, gpr_offset(RDX, false), high);                   \
		cpu->flags = (flags_t)((low & FLAG_CF) | of);                       \
	}

#define BYTE_MULTIPLY_BODY(name)                                                                                                    \
	static inline void name##8(struct cpu * cpu, uint8_t src)                                                                   \
	{                                                                                                                           \
		uint32_t ax = *reg8(cpu, gpr_offset(RAX, false)), product;                                                          \
		uint8_t of;                                                                                                         \
		__asm__(#name "b %3\n\tseto %1\n\tmovl %%eax, %2\n\tlahf" : "+a"(ax), "=&q"(of), "=&r"(product) : "q"(src) : "cc"); \
		set_reg16(cpu, gpr_offset(RAX, false), (uint16_t)product);                                                          \
		cpu->flags = (flags_t)((ax & FLAG_CF) | of);                                                                        \
	}

#define DIVIDE_BODY(name, BITS, suffix)                                                                   \
	static inline void name##BITS(struct cpu *cpu, uint##BITS##_t src)                                \
	{                                                                                                 \
		uint##BITS##_t low = *reg##BITS(cpu, gpr_offset(RAX, false));                             \
		uint##BITS##_t high = *reg##BITS(cpu, gpr_offset(RDX, false));                            \
		__asm__ volatile(#name suffix " %2" : "+a"(low), "+d"(high) : "r"(src) : "cc", "memory"); \
		set_reg##BITS(cpu, gpr_offset(RAX, false), low);                                          \
		set_reg##BITS(cpu, gpr_offset(RDX, false), high);                                         \
	}

#define BYTE_DIVIDE_BODY(name)                                                         \
	static inline void name##8(struct cpu * cpu, uint8_t src)                      \
	{                                                                              \
		uint16_t ax = *reg16(cpu, gpr_offset(RAX, false));                     \
		__asm__ volatile(#name "b %1" : "+a"(ax) : "q"(src) : "cc", "memory"); \
		set_reg16(cpu, gpr_offset(RAX, false), ax);                            \
	}

#define EACH_WIDE_WIDTH(STAMP, ...) STAMP(__VA_ARGS__, 16, "w") STAMP(__VA_ARGS__, 32, "l") STAMP(__VA_ARGS__, 64, "q")

EACH_WIDE_WIDTH(WIDE_MULTIPLY_BODY, mul)
EACH_WIDE_WIDTH(WIDE_MULTIPLY_BODY, imul)
BYTE_MULTIPLY_BODY(mul)
BYTE_MULTIPLY_BODY(imul)
EACH_WIDE_WIDTH(DIVIDE_BODY, div)
EACH_WIDE_WIDTH(DIVIDE_BODY, idiv)
BYTE_DIVIDE_BODY(div)
BYTE_DIVIDE_BODY(idiv)

#define IMUL_BODY(unused, BITS, suffix)                                                                              \
	static inline uint##BITS##_t imul##BITS##_short(uint##BITS##_t dst, uint##BITS##_t src, flags_t *flags)      \
	{                                                                                                            \
		uint32_t ax;                                                                                         \
		__asm__("imul" suffix " %2, %0\n\tseto %%al\n\tlahf" : "+r"(dst), "=a"(ax) : "rm"(src) : "cc");      \
		*flags = (flags_t)ax & PRODUCT_FLAGS;                                                                \
		return dst;                                                                                          \
	}                                                                                                            \
	static inline uint##BITS##_t imul##BITS##_short_dead(uint##BITS##_t dst, uint##BITS##_t src, flags_t *flags) \
	{                                                                                                            \
		(void)flags;                                                                                         \
		__asm__("imul" suffix " %1, %0" : "+r"(dst) : "rm"(src) : "cc");                                     \
		return dst;                                                                                          \
	}
EACH_WIDE_WIDTH(IMUL_BODY, )

/* --- handlers ------------------------------------------------------------------------------------ */

#define ONE_OPERAND(name, BITS)                                                   \
	static HANDLER(name##BITS##_r)                                            \
	{                                                                         \
		cpu->at = i;                                                      \
		compiler_barrier();                                               \
		name##BITS(cpu, *reg##BITS(cpu, i->a));                           \
		NEXT();                                                           \
	}                                                                         \
	static HANDLER(name##BITS##_m)                                            \
	{                                                                         \
		name##BITS(cpu, guest_load##BITS(cpu, i, address_based(cpu, i))); \
		NEXT();                                                           \
	}
#define ONE_OPERAND_WIDTHS(name) ONE_OPERAND(name, 8) ONE_OPERAND(name, 16) ONE_OPERAND(name, 32) ONE_OPERAND(name, 64)
ONE_OPERAND_WIDTHS(mul)
ONE_OPERAND_WIDTHS(imul)
ONE_OPERAND_WIDTHS(div)
ONE_OPERAND_WIDTHS(idiv)

#define IMUL_HANDLERS(dead, BITS, suffix)                                                                                       \
	static HANDLER(imul##BITS##dead##_rr)                                                                                   \
	{                                                                                                                       \
		set_reg##BITS(cpu, i->a, imul##BITS##_short##dead(*reg##BITS(cpu, i->a), *reg##BITS(cpu, i->b), &cpu->flags));  \
		NEXT();                                                                                                         \
	}                                                                                                                       \
	static HANDLER(imul##BITS##dead##_rri)                                                                                  \
	{                                                                                                                       \
		set_reg##BITS(cpu, i->a, imul##BITS##_short##dead(*reg##BITS(cpu, i->b), (uint##BITS##_t)i->imm, &cpu->flags)); \
		NEXT();                                                                                                         \
	}                                                                                                                       \
	EACH_ADDRESS(IMUL_MEMORY, dead, BITS)

#define IMUL_MEMORY(dead, BITS, kind)                                                                                      \
	static HANDLER(imul##BITS##dead##_rm_##kind)                                                                       \
	{                                                                                                                  \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_##kind(cpu, i));                                     \
		set_reg##BITS(cpu, i->a, imul##BITS##_short##dead(*reg##BITS(cpu, i->a), src, &cpu->flags));               \
		NEXT();                                                                                                    \
	}                                                                                                                  \
	static HANDLER(imul##BITS##dead##_rmi_##kind)                                                                      \
	{                                                                                                                  \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_##kind(cpu, i));                                     \
		set_reg##BITS(cpu, i->a, imul##BITS##_short##dead(src, (uint##BITS##_t)immediate_##kind(i), &cpu->flags)); \
		NEXT();                                                                                                    \
	}
EACH_WIDE_WIDTH(IMUL_HANDLERS, )
EACH_WIDE_WIDTH(IMUL_HANDLERS, _dead)

static HANDLER(mulx32_rrr)
{
	uint64_t product = (uint64_t)*reg32(cpu, i->c) * (uint32_t)cpu->r[RDX];

	set_reg32(cpu, i->b, (uint32_t)product);
	set_reg32(cpu, i->a, (uint32_t)(product >> 32));
	NEXT();
}

static HANDLER(mulx64_rrr)
{
	unsigned __int128 product = (unsigned __int128)*reg64(cpu, i->c) * cpu->r[RDX];

	*reg64(cpu, i->b) = (uint64_t)product;
	*reg64(cpu, i->a) = (uint64_t)(product >> 64);
	NEXT();
}

static HANDLER(mulx32_rrm)
{
	uint64_t product = (uint64_t)guest_load32(cpu, i, address_based(cpu, i)) * (uint32_t)cpu->r[RDX];

	set_reg32(cpu, i->c, (uint32_t)product);
	set_reg32(cpu, i->a, (uint32_t)(product >> 32));
	NEXT();
}

static HANDLER(mulx64_rrm)
{
	unsigned __int128 product = (unsigned __int128)guest_load64(cpu, i, address_based(cpu, i)) * cpu->r[RDX];

	*reg64(cpu, i->c) = (uint64_t)product;
	*reg64(cpu, i->a) = (uint64_t)(product >> 64);
	NEXT();
}

static HANDLER(cbw)
{
	set_reg16(cpu, gpr_offset(RAX, false), (uint16_t)(int8_t)cpu->r[RAX]);
	NEXT();
}

static HANDLER(cwde)
{
	cpu->r[RAX] = (uint32_t)(int16_t)cpu->r[RAX];
	NEXT();
}

static HANDLER(cdqe)
{
	cpu->r[RAX] = (uint64_t)(int32_t)cpu->r[RAX];
	NEXT();
}

static HANDLER(cwd)
{
	set_reg16(cpu, gpr_offset(RDX, false), (uint16_t)((int16_t)cpu->r[RAX] >> 15));
	NEXT();
}

static HANDLER(cdq)
{
	cpu->r[RDX] = (uint32_t)((int32_t)cpu->r[RAX] >> 31);
	NEXT();
}

static HANDLER(cqo)
{
	cpu->r[RDX] = (uint64_t)((int64_t)cpu->r[RAX] >> 63);
	NEXT();
}

/* --- rows ---------------------------------------------------------------------------------------- */

#define MULTIPLY_ROWS(OP, name, BITS)                                                                                                    \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = K_R, .writes = FLAGS_ALL, .zeroed = PRODUCT_UNDEFINED, .run = { name##BITS##_r } }, \
		{ .op = OP,                                                                                                              \
			.size0 = BYTES##BITS,                                                                                            \
			.pattern = K_M,                                                                                                  \
			.writes = FLAGS_ALL,                                                                                             \
			.zeroed = PRODUCT_UNDEFINED,                                                                                     \
			.run = { name##BITS##_m } },
/* DIV keeps the flags, which are undefined. */
/* clang-format off */
#define DIVIDE_ROWS(OP, name, BITS)                                                                               \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = K_R, .attributes = FORM_FAULTS | FORM_KEEPS_FLAGS, .run = { name##BITS##_r } }, \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = K_M, .attributes = FORM_FAULTS | FORM_KEEPS_FLAGS, .run = { name##BITS##_m } },

#define IMUL_ROWS(unused, BITS, suffix)                                                                                              \
	{ .op = OP_IMUL, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_R), .writes = FLAGS_ALL, .zeroed = PRODUCT_UNDEFINED, .run = { imul##BITS##_rr }, \
	  .run_dead = { imul##BITS##_dead_rr } },                                                                                    \
	{ .op = OP_IMUL, .size0 = BYTES##BITS, .pattern = PATTERN3(K_R, K_R, K_I), .writes = FLAGS_ALL, .zeroed = PRODUCT_UNDEFINED, .run = { imul##BITS##_rri }, \
	  .run_dead = { imul##BITS##_dead_rri } },                                                                                   \
	{ .op = OP_IMUL, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .writes = FLAGS_ALL, .zeroed = PRODUCT_UNDEFINED, .run = HANDLERS(imul##BITS##_rm), \
	  .run_dead = HANDLERS(imul##BITS##_dead_rm) },                                                                              \
	{ .op = OP_IMUL, .size0 = BYTES##BITS, .pattern = PATTERN3(K_R, K_M, K_I), .writes = FLAGS_ALL, .zeroed = PRODUCT_UNDEFINED, \
	  .run = HANDLERS(imul##BITS##_rmi), .run_dead = HANDLERS(imul##BITS##_dead_rmi) },
/* clang-format on */

static const struct form rows[] = {
	MULTIPLY_ROWS(OP_MUL, mul, 8) MULTIPLY_ROWS(OP_MUL, mul, 16) MULTIPLY_ROWS(OP_MUL, mul, 32) MULTIPLY_ROWS(OP_MUL, mul, 64)
		MULTIPLY_ROWS(OP_IMUL, imul, 8) MULTIPLY_ROWS(OP_IMUL, imul, 16) MULTIPLY_ROWS(OP_IMUL, imul, 32) MULTIPLY_ROWS(OP_IMUL,
			imul, 64) DIVIDE_ROWS(OP_DIV, div, 8) DIVIDE_ROWS(OP_DIV, div, 16) DIVIDE_ROWS(OP_DIV, div, 32)
			DIVIDE_ROWS(OP_DIV, div, 64) DIVIDE_ROWS(OP_IDIV, idiv, 8) DIVIDE_ROWS(OP_IDIV, idiv, 16)
				DIVIDE_ROWS(OP_IDIV, idiv, 32) DIVIDE_ROWS(OP_IDIV, idiv, 64) EACH_WIDE_WIDTH(IMUL_ROWS, ){
					.op = OP_MULX, .size0 = 4, .pattern = PATTERN3(K_R, K_R, K_R), .run = { mulx32_rrr } },
	{ .op = OP_MULX, .size0 = 8, .pattern = PATTERN3(K_R, K_R, K_R), .run = { mulx64_rrr } },
	{ .op = OP_MULX, .size0 = 4, .pattern = PATTERN3(K_R, K_R, K_M), .run = { mulx32_rrm } },
	{ .op = OP_MULX, .size0 = 8, .pattern = PATTERN3(K_R, K_R, K_M), .run = { mulx64_rrm } },
	{ .op = OP_CBW, .run = { cbw } },
	{ .op = OP_CWDE, .run = { cwde } },
	{ .op = OP_CDQE, .run = { cdqe } },
	{ .op = OP_CWD, .run = { cwd } },
	{ .op = OP_CDQ, .run = { cdq } },
	{ .op = OP_CQO, .run = { cqo } },
};

const struct form_list multiply_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .general = GENERAL_ONLY };
