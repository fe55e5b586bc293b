/* Locked memory: what mlockall(MCL_FUTURE) means for new mappings. */
#ifndef TICK86_EMU_MEMORY_LOCK_H
#define TICK86_EMU_MEMORY_LOCK_H

#include "emu/linux/kernel/machine.h"

/* Returns false if a new mapping of `bytes` would exceed RLIMIT_MEMLOCK, because it is to be locked. */
bool memory_lock_fits(const struct process *process, uint64_t bytes);
/* Locks what was newly mapped in [start, end), if the program wants it. */
void memory_lock_new(const struct process *process, uint64_t start, uint64_t end);

#endif
