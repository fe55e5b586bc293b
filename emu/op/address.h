/* Operands of a record: the address of a memory operand, the immediate, and writing registers. */
#ifndef TICK86_EMU_ADDRESS_H
#define TICK86_EMU_ADDRESS_H

#include "emu/mem/access.h"
#include "emu/op/insn.h"

/* Effective addresses by kind (enum address_kind). Absent registers are SLOT_ZERO. */
static inline uint64_t address_based(struct cpu *cpu, const struct insn *i)
{
	return *reg64(cpu, i->b) + (uint64_t)(int64_t)i->disp;
}

static inline uint64_t address_indexed(struct cpu *cpu, const struct insn *i)
{
	return *reg64(cpu, i->b) + (*reg64(cpu, i->c) << i->d) + (uint64_t)(int64_t)i->disp;
}

static inline uint64_t address_absolute(struct cpu *cpu __attribute__((unused)), const struct insn *i)
{
	return i->imm;
}

/* Immediates, by the kind of the memory operand next to them. */
static inline uint64_t immediate_based(const struct insn *i)
{
	return i->imm;
}

static inline uint64_t immediate_indexed(const struct insn *i)
{
	return i->imm;
}

static inline uint64_t immediate_absolute(const struct insn *i)
{
	return (uint64_t)(int64_t)i->disp;
}

/* Register writes by width: 32 bits clear the upper half, 8 and 16 bits keep the rest (SDM vol. 1, 3.4.1.1). All store the whole
 * register: after a partial store, a wider read would have to wait until the store has reached the cache. */
static inline void set_reg8(struct cpu *cpu, uint8_t offset, uint8_t value)
{
	uint64_t whole;

	if (unlikely(offset & 1)) { /* AH CH DH BH */
		*reg8(cpu, offset) = value;
		return;
	}
	whole = *reg64(cpu, offset);
	__asm__("movb %1, %b0" : "+q"(whole) : "q"(value)); /* written so that the compiler does not narrow the store */
	*reg64(cpu, offset) = whole;
}

static inline void set_reg16(struct cpu *cpu, uint8_t offset, uint16_t value)
{
	uint64_t whole = *reg64(cpu, offset);

	__asm__("movw %1, %w0" : "+r"(whole) : "r"(value));
	*reg64(cpu, offset) = whole;
}

static inline void set_reg32(struct cpu *cpu, uint8_t offset, uint32_t value)
{
	*reg64(cpu, offset) = value;
}

static inline void set_reg64(struct cpu *cpu, uint8_t offset, uint64_t value)
{
	*reg64(cpu, offset) = value;
}

#define BYTES8 1
#define BYTES16 2
#define BYTES32 4
#define BYTES64 8

/* Repeats STAMP(..., kind) for each address kind. HANDLERS: the row of the handlers made so. */
#define EACH_ADDRESS(STAMP, ...) STAMP(__VA_ARGS__, based) STAMP(__VA_ARGS__, indexed) STAMP(__VA_ARGS__, absolute)
#define HANDLERS(name)                                        \
	{                                                     \
		name##_based, name##_indexed, name##_absolute \
	}

#endif
