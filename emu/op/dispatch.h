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

/* On to the record that follows. */
#define NEXT() GO(i + 1)

/* Into a block, by a link or out of the jump cache: charges it, or leaves through `slow` (a handler) when the budget does
 * not cover it or the link is not set. The slow path refunds. */
#define ENTER(target, slow)                                                    \
	do {                                                                   \
		const struct block *enter_ = (target);                         \
		if (__builtin_expect((cpu->budget -= enter_->insns) < 0, 0))   \
			return slow(cpu, i);                                   \
		GO(enter_->insn);                                              \
	} while (0)

enum { UNLINKED_CHARGE = 0x7fffffff };

/* Ways out of a run; all are handlers, to be returned: `return raise_ud(cpu, i)`. The run loop finds rip and takes back
 * the charge for what has not run. */
HANDLER(raise_ud);  /* #UD */
HANDLER(raise_gp);  /* #GP(0) */
HANDLER(raise_de);  /* #DE */
const struct insn *raise_gp_error(struct cpu *cpu, const struct insn *i, uint32_t error); /* #GP(error) */
HANDLER(raise_mf);  /* #MF: an x87 exception is pending */
HANDLER(leave_taken); /* refunds links_of(i)->taken, goes to look its target up */
HANDLER(leave_fall);  /* the same for the way not taken */
HANDLER(leave_jump);  /* indirect: cpu->rip is set */

#endif
