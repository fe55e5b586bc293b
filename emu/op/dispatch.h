/* How one handler reaches the next. Nothing else knows: with TICK86_DISPATCH_LOOP each handler returns to a loop, which
 * sanitizers and debuggers need; otherwise each ends in a tail call. */
#ifndef TICK86_EMU_DISPATCH_H
#define TICK86_EMU_DISPATCH_H

#include "emu/op/insn.h"

#define HANDLER(name) const struct insn *name(struct cpu *cpu __attribute__((unused)), \
                                              const struct insn *i __attribute__((unused)))

#ifdef TICK86_DISPATCH_LOOP
#define GO(record) return (record)
#else
#define GO(record)                               \
	do {                                     \
		const struct insn *go_ = (record); \
		return go_->run(cpu, go_);       \
	} while (0)
#endif

/* On to the record that is `count` further. Where handlers chain, this is what a stencil (emu/block/stencil.c) looks for at a handler's
 * end, and leaves out. */
#ifdef TICK86_DISPATCH_LOOP
enum { HANDLERS_CHAIN = false };
#define GO_ON(count) return i + (count)
#else
enum { HANDLERS_CHAIN = true };
#define GO_ON(count)                                                                                                     \
	do {                                                                                                             \
		struct cpu *cpu_ = cpu;                                                                                  \
		const struct insn *on_ = i;                                                                              \
		__asm__ volatile("add %2, %0" : "+S"(on_), "+D"(cpu_) : "i"((count) * sizeof(struct insn)) : "cc", "memory"); \
		return on_->run(cpu_, on_);                                                                              \
	} while (0)
#endif
#define NEXT() GO_ON(1)

/* Takes off the budget what has run of a block, by the record before its links. */
#define CHARGE() (cpu->budget -= links_of(i)->insns)

/* Out of a block and into the one that `target` begins; GO_CHARGED where the block left has been charged. */
#define ENTER(target)                                        \
	do {                                                 \
		const struct insn *enter_ = (target);        \
		if (__builtin_expect(CHARGE() < 0, 0))       \
			return leave_before(cpu, enter_);    \
		GO(enter_);                                  \
	} while (0)
#define GO_CHARGED(target)                                   \
	do {                                                 \
		const struct insn *enter_ = (target);        \
		if (__builtin_expect(cpu->budget < 0, 0))    \
			return leave_before(cpu, enter_);    \
		GO(enter_);                                  \
	} while (0)

/* Ways out of a run; all are handlers, to be returned: `return raise_ud(cpu, i)`. The run loop finds rip and charges what has
 * run of the block. */
HANDLER(raise_ud);  /* #UD */
HANDLER(raise_gp);  /* #GP(0) */
HANDLER(raise_de);  /* #DE */
const struct insn *raise_gp_error(struct cpu *cpu, const struct insn *i, uint32_t error); /* #GP(error) */
HANDLER(raise_mf);  /* #MF: an x87 exception is pending */
HANDLER(leave_before); /* the budget's reserve is touched: before the block that this record begins, or a stub */
HANDLER(stub_record);  /* goes to look the target up */

#endif
