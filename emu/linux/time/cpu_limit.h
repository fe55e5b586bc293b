/* RLIMIT_CPU where CPU time is counted (icount); under the other clocks the host enforces it. */
#ifndef TICK86_EMU_CPU_LIMIT_H
#define TICK86_EMU_CPU_LIMIT_H

#include "emu/linux/kernel/machine.h"

/* Sends the signal of a limit that is reached. */
void cpu_limit_expire(struct process *process);
/* Returns the CPU time, in ns, at which a limit is reached, or WAIT_FOREVER. */
uint64_t cpu_limit_due(const struct process *process);

#endif
