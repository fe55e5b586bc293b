/* Basic blocks: built from guest code once, cached by address, linked to their successors, dropped when code changes. */
#ifndef TICK86_EMU_BLOCK_H
#define TICK86_EMU_BLOCK_H

#include "emu/mem/space.h"
#include "emu/op/insn.h"

struct blocks; /* the cache: one for each guest address space */

struct blocks *blocks_create(struct space *space);
void blocks_destroy(struct blocks *blocks);

/* Drops all code, as execve does. */
void blocks_clear(struct blocks *blocks);

enum { BLOCKS_NEVER_HOT = -1 };

struct blocks_config {
	unsigned max_insns;  /* longest block, 1 .. 64 */
	size_t arena_bytes;  /* records of all blocks; the cache starts anew when they are used up */
	unsigned hot_after;  /* how often a block is entered before it gets code of its own (chain.h), or BLOCKS_NEVER_HOT */
	uint64_t budget;     /* the largest budget of one run, 0: as many as are asked for */
	bool leave_world;    /* cpu_run returns EXIT_WORLD before each instruction whose result the world decides */
};
/* For code that is decoded from now on. What is 0 in `config` is as if nobody had configured it. */
void blocks_configure(struct blocks *blocks, const struct blocks_config *config);
/* Sets leave_world, and leaves the rest of the configuration as it is. */
void blocks_leave_world(struct blocks *blocks);

struct blocks_stats {
	uint64_t built, dropped, clears, short_runs;
};
struct blocks_stats blocks_stats(const struct blocks *blocks);

/* The largest budget of one run. */
#define CPU_RUN_MAX (UINT64_C(1) << 30)

/* Runs guest code from cpu->rip until an event or until `budget` instructions (at most CPU_RUN_MAX) have been executed: exactly so many,
 * or fewer when the reason returned is not EXIT_BUDGET. cpu_count(cpu, 0) tells the number. */
enum cpu_exit cpu_run(struct cpu *cpu, struct blocks *blocks, uint64_t budget);
/* Runs the one instruction at cpu->rip, also where cpu_run leaves it to the world. Returns and counts as cpu_run with budget 1. */
enum cpu_exit cpu_run_one(struct cpu *cpu, struct blocks *blocks);

#endif
