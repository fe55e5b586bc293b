/* A faster tier for hot code, which hangs on a block cache: emu/translate. Without one the handlers run everything. */
#ifndef TICK86_EMU_TIER_H
#define TICK86_EMU_TIER_H

#include <ucontext.h>

#include "emu/block/cache.h"

/* The first member of what a tier knows. */
struct tier {
	const struct tier_calls *calls;
};

struct tier_calls {
	/* Makes code of a block that is hot, and has its first record enter that, if it can. False: there is no room until all is cleared. */
	bool (*make)(struct tier *tier, struct cpu *cpu, struct blocks *blocks, struct block *block);
	/* Drops what is made of code on these pages. */
	void (*code_changed)(struct tier *tier, uint64_t first_page, uint64_t last_page);
	void (*clear)(struct tier *tier);
	void (*destroy)(struct tier *tier);

	/* Whether the host was interrupted in the tier's code, and whether what that is made of has been dropped. */
	bool (*holds)(const struct tier *tier, const ucontext_t *uc);
	bool (*dropped)(const struct tier *tier, const ucontext_t *uc);
	/* If it was interrupted there: gives cpu the guest's state ahead of the instruction under way, with rip and the exact budget. */
	bool (*recover)(const struct tier *tier, struct cpu *cpu, const ucontext_t *uc);

	/* For a record that the tier's code has called: sets rip and the budget; and whether it was dropped. False: the record is none. */
	bool (*settle)(const struct tier *tier, struct cpu *cpu, const struct insn *at);
	bool (*called_dropped)(const struct tier *tier, const struct insn *at);
};

/* Hangs a tier on a cache that has no code yet; the cache destroys it. */
void blocks_set_tier(struct blocks *blocks, struct tier *tier);

#endif
