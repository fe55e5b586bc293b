/* Processes made by fork(2), vfork(2) and clone(2). */
#ifndef TICK86_EMU_FORK_H
#define TICK86_EMU_FORK_H

#include "emu/linux/kernel/machine.h"

/* A child made by vfork leaves its parent's memory (execve, exit): what it has written there is handed to the parent, which
 * goes on. No effect on others. vfork.c. */
void vfork_done(struct process *process);
/* Opens what lies between them, an end for each. 0 or -errno. */
int64_t vfork_open(struct vfork_link *parent, struct vfork_link *child);
void vfork_close(struct vfork_link *link);
/* Parent: waits until the child lets go, and takes over what it wrote. The child's id, or SYSCALL_WAIT. */
int64_t vfork_wait(struct task *task);

#endif
