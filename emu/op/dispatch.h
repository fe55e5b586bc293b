/* How a handler reaches the next one. Only this header knows: with TICK86_DISPATCH_LOOP each handler returns to a loop, which sanitizers
 * and debuggers need; otherwise it ends with a tail call. */
#ifndef TICK86_EMU_DISPATCH_H
#define TICK86_EMU_DISPATCH_H

#include "emu/op/insn.h"

#define HANDLER(name) const struct insn *name(struct cpu *cpu __attribute__((unused)), const struct insn *i __attribute__((unused)))

#ifdef TICK86_DISPATCH_LOOP
#define GO(record) return (record)
#else
#define GO(record)                                 \
	do {                                       \
		const struct insn *go_ = (record); \
		return go_->run(cpu, go_);         \
	} while (0)
#endif

/* Goes on to the record that is `count` further. Translated code calls handlers, which it can if each runs the next one. */
#ifdef TICK86_DISPATCH_LOOP
enum { HANDLERS_CHAIN = false };
#define GO_ON(count) return i + (count)
#else
enum { HANDLERS_CHAIN = true };
#define GO_ON(count) GO(i + (count))
#endif
#define NEXT() GO_ON(1)

/* Subtracts the executed instructions of the block from the budget; used by records that are followed by links. */
#define CHARGE() (cpu->budget -= links_of(i)->insns)

/* Leaves a block and enters the one that begins at `target`. GO_CHARGED is for when CHARGE was already done. */
#define ENTER(target)                                     \
	do {                                              \
		const struct insn *enter_ = (target);     \
		if (__builtin_expect(CHARGE() < 0, 0))    \
			return leave_before(cpu, enter_); \
		GO(enter_);                               \
	} while (0)
#define GO_CHARGED(target)                                \
	do {                                              \
		const struct insn *enter_ = (target);     \
		if (__builtin_expect(cpu->budget < 0, 0)) \
			return leave_before(cpu, enter_); \
		GO(enter_);                               \
	} while (0)

/* Handlers that end a run, to be returned: `return raise_ud(cpu, i)`. The run loop sets rip and charges what the block has executed. */
HANDLER(raise_ud);                                                                        /* #UD */
HANDLER(raise_gp);                                                                        /* #GP(0) */
HANDLER(raise_de);                                                                        /* #DE */
const struct insn *raise_gp_error(struct cpu *cpu, const struct insn *i, uint32_t error); /* #GP(error) */
HANDLER(raise_mf);                                                                        /* #MF: an x87 exception is pending */
HANDLER(leave_before); /* less than the reserve is left: stops before the block that begins at this record, or at a stub */
HANDLER(stub_record);  /* ends the run to look up the target */

#endif
