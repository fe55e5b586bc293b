/* How long a thread runs before others get their turn. */
#ifndef TICK86_EMU_SLICE_H
#define TICK86_EMU_SLICE_H

#include "emu/linux/kernel/machine.h"

/* What is left of a turn. */
struct slice {
	uint64_t insns;   /* to be executed, or used up by system calls */
	int64_t host_end; /* the host's CLOCK_MONOTONIC at which it ends all the same; INT64_MAX: at none */
};

/* A whole one. */
struct slice slice_of(const struct process *process);
void slice_use(struct slice *slice, uint64_t insns);
bool slice_is_over(const struct process *process, const struct slice *slice);
/* What the system call `number`, which ended so, takes of a slice, in instructions. */
uint64_t slice_cost_of_call(uint64_t number, int64_t result);

#endif
