/* Creates processes: fork(2), vfork(2), clone(2). */
#ifndef TICK86_EMU_FORK_H
#define TICK86_EMU_FORK_H

#include "emu/linux/kernel/machine.h"

/* Called when a process leaves its memory (execve, exit). If it is a child made by vfork, passes the pages that it has written to its
 * parent, which goes on. vfork.c. */
void vfork_done(struct process *process);
/* Opens the connection between parent and child, an end for each. Returns 0 or -errno. */
int64_t vfork_open(struct vfork_link *parent, struct vfork_link *child);
void vfork_close(struct vfork_link *link);
/* In the parent: waits until the child releases the memory, and takes over what it wrote. Returns the child's id, or SYSCALL_WAIT. */
int64_t vfork_wait(struct task *task);

#endif
