/* A record: one decoded instruction, ready to run. */
#ifndef TICK86_EMU_INSN_H
#define TICK86_EMU_INSN_H

#include <stdint.h>

#include "emu/cpu/cpu.h"

struct insn;

/* Runs a record and, through the dispatch layer, those that follow. Returns NULL when the run is over (cpu->exit tells why). With the
 * loop dispatch it returns the record to run next. */
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

/* Data after a record that leaves the block. */
struct links {
	const struct insn *taken; /* the first record of the next block; a stub until that is known */
	union {
		const struct insn *fall; /* the same for the block at the next instruction */
		uint64_t guess;          /* for an indirect jump through a constant address: its last target, which `taken` leads to */
	};
	uint64_t insns : 8; /* instructions of the block up to this point */
	uint64_t next : 56; /* address of the next instruction */
};
_Static_assert(sizeof(struct links) == sizeof(struct insn), "a branch's links take the place of one record");

static inline struct links *links_of(const struct insn *i)
{
	return (struct links *)(i + 1);
}

/* What a link points to until its target is known. It begins like a record. */
struct stub {
	handler_t *run; /* stub_record */
	uint64_t rip;
	const struct insn **link;
};

/* Returns the jump cache's slot for the target of an indirect branch. An unused entry has rip 1, which is never found: no code can be at
 * address 1, below the lowest page that can be mapped. */
static inline struct jump_cache_entry *jump_cache_entry(struct cpu *cpu, uint64_t rip)
{
	return &cpu->jump_cache[(rip ^ rip >> 12) % JUMP_CACHE_SIZE];
}

#endif
