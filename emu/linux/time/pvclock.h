/* The pvclock pages of a process. */
#ifndef TICK86_EMU_TIME_PVCLOCK_H
#define TICK86_EMU_TIME_PVCLOCK_H

#include "emu/linux/kernel/machine.h"

/* Writes the pvclock pages again. Does nothing if there are none. */
void pvclock_refresh(struct process *process);
/* Called when a time MSR of the vCPU was written: the page may have a new address, and the wall clock is written to the address given. */
void pvclock_msr_written(struct process *process, unsigned vcpu, uint32_t msr);
/* Called with new memory: forgets the old pages, maps those of --pvclock, and puts their addresses into the MSRs. Returns 0 or -errno. */
int64_t pvclock_map(struct process *process);

#endif
