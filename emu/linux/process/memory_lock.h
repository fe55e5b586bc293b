/* Locked memory: what mlockall(MCL_FUTURE) means for new mappings. */
#ifndef TICK86_EMU_MEMORY_LOCK_H
#define TICK86_EMU_MEMORY_LOCK_H

#include "emu/linux/kernel/machine.h"

/* Returns false if a new mapping of `bytes` would exceed RLIMIT_MEMLOCK, because it is to be locked. */
bool memory_lock_fits(const struct process *process, uint64_t bytes);
/* Locks what was newly mapped in [start, end), if the program wants it. */
void memory_lock_new(const struct process *process, uint64_t start, uint64_t end);

/* mlock(2), mincore(2), msync(2) and their like. The host carries them out for what the guest has mapped: what it has not mapped may be
 * reserved on the host. At a hole the result is -ENOMEM, at once or, for msync(2), in the end. memory.c. */
int64_t memory_call_on_range(const struct space *space, uint64_t number, const uint64_t arg[6]);

#endif
