/* --stats: what a run did, as JSON. */
#ifndef TICK86_EMU_STATS_H
#define TICK86_EMU_STATS_H

#include "emu/linux/kernel/machine.h"

/* Writes the counts of `process` to `out` and closes it. `host_ns` is what the run took on the host's CLOCK_MONOTONIC. False, with a
 * line for people, when it cannot be written. */
bool stats_write(FILE *out, const struct process *process, int64_t host_ns);

#endif
