/* The pvclock pages of a process. */
#ifndef TICK86_EMU_TIME_PVCLOCK_H
#define TICK86_EMU_TIME_PVCLOCK_H

#include "emu/linux/kernel/machine.h"

/* The pvclock pages are written anew. No effect without them. */
void pvclock_refresh(struct process *process);
/* A time MSR of the vCPU was written: the page may have another place, the wall clock is written where it is wanted. */
void pvclock_msr_written(struct process *process, unsigned vcpu, uint32_t msr);
/* Forgets the pages of the memory that was, maps those of --pvclock, and tells their addresses to the MSRs. 0 or -errno. */
int64_t pvclock_map(struct process *process);

#endif
