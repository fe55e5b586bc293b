/* Basic blocks: built from guest code once, found by address, linked to their successors, and dropped when their code changes. */
#ifndef TICK86_EMU_BLOCK_H
#define TICK86_EMU_BLOCK_H

#include "emu/mem/space.h"
#include "emu/op/insn.h"

struct blocks; /* the cache of blocks; one for each guest address space */

struct blocks *blocks_create(struct space *space);
void blocks_destroy(struct blocks *blocks);

/* Drops all blocks, as execve does. */
void blocks_clear(struct blocks *blocks);

enum { BLOCKS_NEVER_HOT = -1 };

struct blocks_config {
	unsigned max_insns; /* maximum length of a block in instructions, 1 to 64 */
	size_t arena_bytes; /* memory for the records of all blocks; when it is used up, the cache is cleared */
	unsigned hot_after; /* how many times a block is entered before it is translated (emu/translate), or BLOCKS_NEVER_HOT */
	uint64_t budget;    /* the largest budget of one run; 0: no limit */
	bool leave_world;   /* cpu_run returns EXIT_WORLD before each instruction whose result the world decides */
};
/* Applies to code that is decoded from now on. Members that are 0 have their defaults. */
void blocks_configure(struct blocks *blocks, const struct blocks_config *config);
/* Sets leave_world and nothing else. */
void blocks_leave_world(struct blocks *blocks);

struct blocks_stats {
	uint64_t built, dropped, clears, short_runs;
};
struct blocks_stats blocks_stats(const struct blocks *blocks);

/* The largest budget of one run. */
#define CPU_RUN_MAX (UINT64_C(1) << 30)

/* Runs guest code from cpu->rip until an event, or until `budget` instructions (at most CPU_RUN_MAX) were executed. If the reason
 * returned is EXIT_BUDGET, exactly so many were executed, otherwise maybe fewer: cpu_count(cpu, 0) tells. */
enum cpu_exit cpu_run(struct cpu *cpu, struct blocks *blocks, uint64_t budget);
/* Runs the one instruction at cpu->rip, even if cpu_run would leave it to the world. Returns and counts as cpu_run with budget 1. */
enum cpu_exit cpu_run_one(struct cpu *cpu, struct blocks *blocks);

#endif
