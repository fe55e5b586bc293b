/* What the handlers of SSE and AVX have in common. The host's own instruction does the work. A body is one asm statement that takes its
 * last source from memory. That is the register file or guest memory, so one body serves both forms, and the host raises the exceptions
 * that the guest would see. */
#ifndef TICK86_EMU_OP_VECTOR_H
#define TICK86_EMU_OP_VECTOR_H

#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/form.h"

typedef long long v128 __attribute__((vector_size(16), may_alias));
typedef long long v256 __attribute__((vector_size(32), may_alias));
typedef long long v128_unaligned __attribute__((vector_size(16), aligned(1), may_alias));

#define BODY static inline __attribute__((always_inline)) void
#define NOINLINE __attribute__((noinline))
#define BODY_PARAMETERS struct cpu *cpu __attribute__((unused)), const struct insn *i __attribute__((unused))

static inline v128 *xmm(struct cpu *cpu, uint8_t offset)
{
	return (v128 *)vreg(cpu, offset);
}

static inline v256 *ymm(struct cpu *cpu, uint8_t offset)
{
	return (v256 *)vreg(cpu, offset);
}

static inline __attribute__((always_inline)) void set_sse128(union vector *destination, v128 value)
{
	*(v128 *)destination = value;
}

/* Writes an XMM register as VEX instructions do, with zeros above. `value` must come directly from a VEX instruction, which has cleared
 * the rest of the host's register. Then one store of the whole register is enough, and a load of the whole may follow without a stall. */
static inline __attribute__((always_inline)) void set_vex128(union vector *destination, v128 value)
{
	__asm__("vmovdqa %t1, %0" : "=m"(*destination) : "x"(value));
}

static inline __attribute__((always_inline)) void set_vex256(union vector *destination, v256 value)
{
	*(v256 *)destination = value;
}

/* To be called before an instruction that may raise an exception without a memory operand. */
static inline __attribute__((always_inline)) void announce(struct cpu *cpu, const struct insn *i)
{
	cpu->at = i;
	compiler_barrier();
}

/* An instruction whose immediate must be a constant: one copy for each value, 16 bytes apart, and a jump to the right one. `text` uses
 * the constant as $.Limmediate and has room for 11 bytes; otherwise .org fails. `copies` is a power of two, in digits. The asm statement
 * has the operands LADDER_OPERANDS(n), where n is a uint64_t with the immediate; its value is lost. */
#define LADDER(copies, text)                                                                                      \
	"and $" #copies " - 1, %k[n]\n\tshl $4, %k[n]\n\tlea 1f(%%rip), %[t]\n\tadd %[t], %[n]\n\tjmp *%[n]\n"    \
	".balign 16\n1:\n\t.set .Limmediate, 0\n\t.rept " #copies "\n\t.org 1b + 16 * .Limmediate, 0xcc\n\t" text \
	"\n\tjmp 2f\n\t.set .Limmediate, .Limmediate + 1\n\t.endr\n2:\n\t"
#define LADDER_OPERANDS(n) [n] "+&r"(n), [t] "=&r"((uint64_t){ 0 })

/* --- handlers --------------------------------------------------------------------------------------
 * What `body` is given beyond (cpu, i): the source (const void *), ahead of it the first source (union vector *) where
 * there are three operands. The destination is i->a; an immediate is i->imm. */

/* OP a, b/m: NAME_r and NAME_based, NAME_indexed, NAME_absolute */
#define TWO_OPERAND_HANDLERS(name, body)       \
	static HANDLER(name##_r)               \
	{                                      \
		body(cpu, i, vreg(cpu, i->b)); \
		NEXT();                        \
	}                                      \
	MEMORY_HANDLERS(name, body)

/* OP a, m or OP m, a */
#define MEMORY_HANDLERS(name, body) EACH_ADDRESS(MEMORY_HANDLER, name, body)
#define MEMORY_HANDLER(name, body, kind)                                     \
	static HANDLER(name##_##kind)                                        \
	{                                                                    \
		body(cpu, i, guest_pointer(cpu, i, address_##kind(cpu, i))); \
		NEXT();                                                      \
	}

/* OP a, b/m, imm: NAME_r and NAME_based. They share one copy of the body, which is often a long LADDER. */
#define TWO_OPERAND_IMMEDIATE_HANDLERS(name, body)                                                                \
	static NOINLINE const struct insn *name##_from(struct cpu *cpu, const struct insn *i, const void *source) \
	{                                                                                                         \
		body(cpu, i, source);                                                                             \
		NEXT();                                                                                           \
	}                                                                                                         \
	static HANDLER(name##_r)                                                                                  \
	{                                                                                                         \
		return name##_from(cpu, i, vreg(cpu, i->b));                                                      \
	}                                                                                                         \
	static HANDLER(name##_based)                                                                              \
	{                                                                                                         \
		return name##_from(cpu, i, guest_pointer(cpu, i, address_based(cpu, i)));                         \
	}

/* OP a, b, c/m: NAME_r, NAME_based and NAME_absolute. An indexed address leaves no room for the second register. */
#define THREE_OPERAND_HANDLERS(name, body)                      \
	static HANDLER(name##_r)                                \
	{                                                       \
		body(cpu, i, vreg(cpu, i->b), vreg(cpu, i->c)); \
		NEXT();                                         \
	}                                                       \
	THREE_OPERAND_MEMORY_HANDLER(name, body, based)         \
	THREE_OPERAND_MEMORY_HANDLER(name, body, absolute)

#define THREE_OPERAND_MEMORY_HANDLER(name, body, kind)                                        \
	static HANDLER(name##_##kind)                                                         \
	{                                                                                     \
		body(cpu, i, vreg(cpu, i->c), guest_pointer(cpu, i, address_##kind(cpu, i))); \
		NEXT();                                                                       \
	}

/* OP a, b, c/m, imm: NAME_r and NAME_based, with one copy of the body */
#define THREE_OPERAND_IMMEDIATE_HANDLERS(name, body)                                                                     \
	static NOINLINE const struct insn *name##_from(struct cpu *cpu, const struct insn *i, const union vector *first, \
		const void *source)                                                                                      \
	{                                                                                                                \
		body(cpu, i, first, source);                                                                             \
		NEXT();                                                                                                  \
	}                                                                                                                \
	static HANDLER(name##_r)                                                                                         \
	{                                                                                                                \
		return name##_from(cpu, i, vreg(cpu, i->b), vreg(cpu, i->c));                                            \
	}                                                                                                                \
	static HANDLER(name##_based)                                                                                     \
	{                                                                                                                \
		return name##_from(cpu, i, vreg(cpu, i->c), guest_pointer(cpu, i, address_based(cpu, i)));               \
	}

/* --- rows ------------------------------------------------------------------------------------------
 * Operand kinds are K_X, K_Y, ... of form.h; `attributes` are FORM_ bits, `writes` FLAG_ bits. */

#define FORM_LIST(list)                                                 \
	{                                                               \
		.rows = (list), .count = sizeof(list) / sizeof(*(list)) \
	}

#define TWO_OPERAND_ROWS(OP, name, to, from, ATTRIBUTES, WRITES)                                                      \
	{ .op = OP, .pattern = PATTERN2(to, from), .attributes = ATTRIBUTES, .writes = WRITES, .run = { name##_r } }, \
		MEMORY_ROW(OP, name, PATTERN2(to, K_M), ATTRIBUTES, WRITES)

#define MEMORY_ROW(OP, name, PATTERN, ATTRIBUTES, WRITES) \
	{ .op = OP, .pattern = PATTERN, .attributes = ATTRIBUTES, .writes = WRITES, .run = HANDLERS(name) },

#define TWO_OPERAND_IMMEDIATE_ROWS(OP, name, to, from, ATTRIBUTES, WRITES)                                                 \
	{ .op = OP, .pattern = PATTERN3(to, from, K_I), .attributes = ATTRIBUTES, .writes = WRITES, .run = { name##_r } }, \
		{ .op = OP, .pattern = PATTERN3(to, K_M, K_I), .attributes = ATTRIBUTES, .writes = WRITES, .run = { name##_based } },

#define THREE_OPERAND_ROWS(OP, name, to, first, from, ATTRIBUTES)                                          \
	{ .op = OP, .pattern = PATTERN3(to, first, from), .attributes = ATTRIBUTES, .run = { name##_r } }, \
		{ .op = OP,                                                                                \
			.pattern = PATTERN3(to, first, K_M),                                               \
			.attributes = ATTRIBUTES,                                                          \
			.run = { name##_based, NULL, name##_absolute } },

#define THREE_OPERAND_IMMEDIATE_ROWS(OP, name, to, first, from, ATTRIBUTES)                                     \
	{ .op = OP, .pattern = PATTERN4(to, first, from, K_I), .attributes = ATTRIBUTES, .run = { name##_r } }, \
		{ .op = OP, .pattern = PATTERN4(to, first, K_M, K_I), .attributes = ATTRIBUTES, .run = { name##_based } },

/* --- shapes ----------------------------------------------------------------------------------------
 * One instruction each; NAME is its mnemonic, which the assembler takes in upper case. `before` is what comes ahead of the
 * asm statement: nothing, or announce(cpu, i) where the host may raise a SIMD floating-point exception. */

/* a = a OP b/m */
#define SSE_BINARY_BODY(NAME, before)                                                         \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                                 \
	{                                                                                     \
		v128 *a = xmm(cpu, i->a), value = *a;                                         \
		before;                                                                       \
		__asm__ volatile(#NAME " %1, %0" : "+x"(value) : "m"(*(const v128 *)source)); \
		*a = value;                                                                   \
	}

/* a = OP b/m */
#define SSE_UNARY_BODY(NAME, before)                                                          \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                                 \
	{                                                                                     \
		v128 value;                                                                   \
		before;                                                                       \
		__asm__ volatile(#NAME " %1, %0" : "=x"(value) : "m"(*(const v128 *)source)); \
		*xmm(cpu, i->a) = value;                                                      \
	}

/* a = b OP c/m */
#define VEX_BINARY_BODY(NAME, width, type, set, before)                                           \
	BODY NAME##_##width(BODY_PARAMETERS, const union vector *first, const void *source)       \
	{                                                                                         \
		type value = *(const type *)first;                                                \
		before;                                                                           \
		__asm__ volatile(#NAME " %1, %0, %0" : "+x"(value) : "m"(*(const type *)source)); \
		set(vreg(cpu, i->a), value);                                                      \
	}
#define VEX128_BINARY_BODY(NAME, before) VEX_BINARY_BODY(NAME, 128, v128, set_vex128, before)
#define VEX256_BINARY_BODY(NAME, before) VEX_BINARY_BODY(NAME, 256, v256, set_vex256, before)

/* a = OP b/m */
#define VEX_UNARY_BODY(NAME, width, type, set, before)                                        \
	BODY NAME##_##width(BODY_PARAMETERS, const void *source)                              \
	{                                                                                     \
		type value;                                                                   \
		before;                                                                       \
		__asm__ volatile(#NAME " %1, %0" : "=x"(value) : "m"(*(const type *)source)); \
		set(vreg(cpu, i->a), value);                                                  \
	}
#define VEX128_UNARY_BODY(NAME, before) VEX_UNARY_BODY(NAME, 128, v128, set_vex128, before)
#define VEX256_UNARY_BODY(NAME, before) VEX_UNARY_BODY(NAME, 256, v256, set_vex256, before)

#endif
