/* Scheduling policies, priorities and nice values of a process's threads. */
#ifndef TICK86_EMU_POLICY_H
#define TICK86_EMU_POLICY_H

#include "emu/linux/kernel/machine.h"

/* Returns true if the thread has its own policy, or must get one. In a process with one thread the policy is the host's. */
bool policy_is_own(const struct task *task);
/* Returns the thread's policy: its own, or the host's. */
struct policy policy_of(const struct task *task);
/* Sets the thread's policy. Returns 0, -EINVAL, or -EPERM. */
int64_t policy_set(struct task *task, struct policy new);

/* --- for the scheduler ------------------------------------------------------------------------------- */

/* Called before a thread is chosen: decides if real-time threads have kept others waiting for so long that the others must get their 5
 * %. */
void policy_look(struct process *process);
/* Called before the turn may be handed on, `blocked` if no thread can run: tells the other processes of the tree what the threads' policies mean
 * for turns. */
void policy_tell(struct process *process, bool blocked);
/* Returns true if the thread can run, but as many threads as there are vCPUs come before it. */
bool policy_waits(const struct task *task);
/* Returns true if the thread, which has run, goes on until it waits or yields (SCHED_FIFO). */
bool policy_goes_on(const struct task *task);
/* Returns the thread's share of a slice of `insns` instructions, by its nice value and those of the other runnable threads. */
uint64_t policy_share(const struct task *task, uint64_t insns);

#endif
