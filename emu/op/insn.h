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

/* The data record behind one by which a block is left. */
struct links {
	const struct insn *taken; /* the first record of the block where it goes; a stub until that is known */
	union {
		const struct insn *fall; /* the same for the instruction behind it */
		uint64_t guess;          /* of an indirect jump through a constant address: where it went last, by `taken` */
	};
	uint64_t insns : 8;       /* of the block, up to this point */
	uint64_t next : 56;       /* address of the instruction behind it */
};
_Static_assert(sizeof(struct links) == sizeof(struct insn), "a branch's links take the place of one record");

static inline struct links *links_of(const struct insn *i)
{
	return (struct links *)(i + 1);
}

/* What a link leads to until its target is known: begins as a record does. */
struct stub {
	handler_t *run; /* stub_record */
	uint64_t rip;
	const struct insn **link;
};

/* The jump cache's slot for a target of an indirect branch. An entry that was never set has rip 1 and is not hit: code at
 * address 1 cannot exist, below the lowest page that can be mapped. */
static inline struct jump_cache_entry *jump_cache_entry(struct cpu *cpu, uint64_t rip)
{
	return &cpu->jump_cache[(rip ^ rip >> 12) % JUMP_CACHE_SIZE];
}

#endif
