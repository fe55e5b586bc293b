/* futex(2), and what threads that end do with the locks that they hold. */
#ifndef TICK86_EMU_FUTEX_H
#define TICK86_EMU_FUTEX_H

#include "emu/linux/process/futex_queue.h"

/* --- futex.c ------------------------------------------------------------------------------------------ */

/* Wakes up to `count` waiters on the word, but those of FUTEX_PRIVATE_FLAG, as the kernel does for a thread that ends. */
void futex_wake(struct process *process, uint64_t address, int64_t count);
/* Where a timeout of futex(2), which is on this clock, ends. */
int64_t futex_deadline(struct task *task, uint64_t timeout, bool relative, clockid_t clock, uint64_t *deadline);
/* Before a wait or a lock: a process that may wait in shared memory has a seat, and those that died are out of its way. */
void futex_prepare(struct process *process, const struct futex_key *key);
/* -EAGAIN: the word is another. */
int64_t futex_compare(struct process *process, uint64_t address, uint32_t expected);
/* Adds a waiter, unless the word is not `expected` any more (-EAGAIN). For its caller to fill in: the keys are locked. */
int64_t futex_begin(struct task *task, const struct futex_key *key, uint64_t address, uint32_t expected, struct futex_waiter **waiter);
/* Goes on waiting: SYSCALL_WAIT, or 0 where the thread was woken, -ETIMEDOUT, -ERESTARTSYS. */
int64_t futex_go_on(struct task *task, uint64_t deadline, int *index);
/* Wakes the threads for which other processes have done something. */
void futex_collect(struct process *process);
/* For how long the process may wait on the host before it looks again, in ns. */
int64_t futex_wait_at_most(const struct process *process);

/* --- futex_pi.c --------------------------------------------------------------------------------------- */

int64_t futex_lock_pi(struct task *task, uint64_t address, bool private, uint64_t deadline, bool try_only);
int64_t futex_unlock_pi(struct task *task, uint64_t address, bool private);
int64_t futex_wait_requeue_pi(struct task *task, const uint64_t arg[6], bool private, uint64_t deadline);
int64_t futex_cmp_requeue_pi(struct task *task, const uint64_t arg[6], bool private);
/* Thread `tid`, which is ending, owns locks that others wait for: they get them, with FUTEX_OWNER_DIED. 0: owners that are gone. */
void futex_pi_owner_died(struct process *process, pid_t tid);

/* --- robust.c ----------------------------------------------------------------------------------------- */

/* The thread's robust list is released (Documentation/locking/robust-futex-ABI.rst), and what futex_pi_owner_died says. */
void robust_release(struct task *task);
/* Writes down which robust futexes in shared memory the process holds, for others to release if it is killed. */
void robust_note(struct process *process);
/* Processes that have died without a word lose their locks and their places among the waiters. */
void robust_bury(struct process *process);
/* The process ends. */
void robust_leave(struct process *process);

#endif
