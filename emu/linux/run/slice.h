/* Slices: how long a thread runs before another one gets its turn. */
#ifndef TICK86_EMU_SLICE_H
#define TICK86_EMU_SLICE_H

#include "emu/linux/kernel/machine.h"

/* The rest of a slice. */
struct slice {
	uint64_t insns;   /* still to be executed, or used up by system calls */
	int64_t host_end; /* the host's CLOCK_MONOTONIC when the slice ends in any case; INT64_MAX: it does not */
};

/* Returns a whole slice. */
struct slice slice_of(const struct process *process);
void slice_use(struct slice *slice, uint64_t insns);
bool slice_is_over(const struct process *process, const struct slice *slice);
/* Returns how much of a slice the system call `number` with this result uses up, in instructions. */
uint64_t slice_cost_of_call(uint64_t number, int64_t result);

#endif
