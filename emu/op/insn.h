/* A record: one decoded instruction, ready to run. */
#ifndef TICK86_EMU_INSN_H
#define TICK86_EMU_INSN_H

#include <stdint.h>

#include "emu/cpu/cpu.h"

struct insn;

/* Runs one record and, by way of the dispatch layer, those that follow. Returns NULL once the run is over
 * (cpu->exit says why); under the loop dispatch, the record to run next. */
typedef const struct insn *handler_t(struct cpu *cpu, const struct insn *i);

/* Operands by form (emu/op/form.h): registers in Intel's order are a, b, c, d without a memory operand. With one:
 *   base + disp            b = base, registers a, c, d
 *   base + index + disp    b = base, c = index, d = scale, register a
 *   absolute               imm = address, disp = the immediate, registers a, c, d
 * An immediate is imm (sign-extended to 64 bits) but for the absolute kind. */
struct insn {
	handler_t *run;
	uint8_t a, b, c, d;
	int32_t disp;
	uint64_t imm;
};

/* The data record behind a branch. */
struct links {
	struct block *taken; /* block_unlinked until the target is known */
	struct block *fall;
	struct block *self;
};
_Static_assert(sizeof(struct links) == sizeof(struct insn), "a branch's links take the place of one record");

static inline struct links *links_of(const struct insn *i)
{
	return (struct links *)(i + 1);
}

/* A basic block: its records follow it. */
struct block {
	uint64_t rip;
	uint32_t insns;      /* instructions, what its entry charges; UNLINKED_CHARGE for block_unlinked */
	uint32_t records;
	struct block_info *info; /* what only the block layer knows */
	uint64_t target[2];  /* where links taken and fall go; target[1] is also the address behind the block */
	struct insn insn[];
};

/* The jump cache's slot for a target of an indirect branch. An entry that was never set has rip 1 and is not hit: code at
 * address 1 cannot exist, below the lowest page that can be mapped. */
static inline struct jump_cache_entry *jump_cache_entry(struct cpu *cpu, uint64_t rip)
{
	return &cpu->jump_cache[(rip ^ rip >> 12) % JUMP_CACHE_SIZE];
}

#endif
