/* Beginning and end of threads. */
#ifndef TICK86_EMU_THREAD_H
#define TICK86_EMU_THREAD_H

#include "emu/linux/kernel/machine.h"

/* Called when the thread leaves its memory: releases robust futexes, sets clear_child_tid to 0, and wakes its waiters. */
void task_release_memory(struct task *task);
/* The arguments of clone(2) and clone3(2). */
struct clone_request {
	uint64_t flags; /* without the exit signal */
	int exit_signal;
	uint64_t stack; /* the new stack pointer; 0: the caller's */
	uint64_t parent_tid, child_tid, pidfd, tls;
	int64_t id_error; /* of clone3's set_tid, told if the flags are valid; or 0 */
};
/* Creates a thread of this process. Returns its id or -errno. */
int64_t thread_clone(struct task *task, const struct clone_request *request);
/* Applies the request to a new thread or process whose registers are a copy of the caller's. */
void clone_apply(struct task *child, const struct clone_request *request);

#endif
