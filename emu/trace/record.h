/* Records a run. Between two stretches of guest code the world may change registers, memory, mappings and threads. The recorder writes
 * these changes down as effects, whatever system call, signal or clock caused them. */
#ifndef TICK86_EMU_TRACE_RECORD_H
#define TICK86_EMU_TRACE_RECORD_H

#include "emu/linux/kernel/machine.h"

#include "emu/linux/kernel/machine.h"

/* Adds an observer to `process`, which must still be empty, that records it into the file `path`; the file is created or emptied.
 * `config` (JSON) describes the run. Returns 0 or -errno. */
int record_begin(struct process *process, const char *path, const char *config);

#endif
