/* --stats: writes the counts of a run as JSON. */
#ifndef TICK86_EMU_STATS_H
#define TICK86_EMU_STATS_H

#include "emu/linux/kernel/machine.h"

/* Writes the counts of `process` to `out` and closes it. `host_ns`: the duration of the run on the host's CLOCK_MONOTONIC. Returns false
 * and prints a message if it cannot be written. */
bool stats_write(FILE *out, const struct process *process, int64_t host_ns);

#endif
