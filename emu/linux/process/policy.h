/* Scheduling policies, priorities and nice values of a process's threads. */
#ifndef TICK86_EMU_POLICY_H
#define TICK86_EMU_POLICY_H

#include "emu/linux/kernel/machine.h"

/* Whether the thread has a policy of its own, or is to get one: that of a process with one thread is the host's. */
bool policy_is_own(const struct task *task);
/* What it is, the host's where it is not its own. */
struct policy policy_of(const struct task *task);
/* Gives the thread a policy: 0, -EINVAL, or -EPERM. */
int64_t policy_set(struct task *task, struct policy new);

/* --- for the scheduler ------------------------------------------------------------------------------- */

/* Before a thread is chosen: whether real-time threads have kept others waiting for so long that these are to have their 5 %. */
void policy_look(struct process *process);
/* The thread can run, but as many as there are vCPUs go before it. */
bool policy_waits(const struct task *task);
/* It has run, and goes on until it waits or yields (SCHED_FIFO). */
bool policy_goes_on(const struct task *task);
/* Of a slice of `insns` what its nice value leaves it, beside the others that can run. */
uint64_t policy_share(const struct task *task, uint64_t insns);

#endif
