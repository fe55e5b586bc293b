/* Threads: their beginning and end. */
#ifndef TICK86_EMU_THREAD_H
#define TICK86_EMU_THREAD_H

#include "emu/linux/kernel/machine.h"

/* The thread leaves its memory: robust futexes are released, clear_child_tid is zeroed and its waiters are woken. */
void task_release_memory(struct task *task);
/* clone(2) and clone3(2), as one set of arguments. */
struct clone_request {
	uint64_t flags;       /* without the exit signal */
	int exit_signal;
	uint64_t stack;       /* the new stack pointer, or 0: the same */
	uint64_t parent_tid, child_tid, pidfd, tls;
};
/* A new thread of this process: its id or -errno. */
int64_t thread_clone(struct task *task, const struct clone_request *request);
/* What a new thread or process starts with, once its registers are a copy of the caller's. */
void clone_apply(struct task *child, const struct clone_request *request);

/* Wakes up to `count` waiters on the futex at `address`; returns how many. futex.c. */
int64_t futex_wake(struct process *process, uint64_t address, uint32_t bits, int64_t count);
/* Wakes threads that wait on a futex in shared memory whose value has changed. */
void futex_poll_shared(struct process *process);
/* Some thread waits on a futex in shared memory. */
bool futex_waits_shared(const struct process *process);

#endif
