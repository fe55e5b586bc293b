/* When no thread can run. */
#ifndef TICK86_EMU_IDLE_H
#define TICK86_EMU_IDLE_H

#include "emu/linux/kernel/machine.h"

struct turn_end;

/* Called when no thread can run: waits on the host for an event or the next deadline. Ends a process that is deadlocked. */
void idle_wait(struct process *process);
/* Wakes the threads whose events have come. */
void idle_poll(struct process *process);
/* Collects the descriptors of all waiting threads, and the one for signals as the last. The caller frees `fds`; NULL if out of memory. */
struct turn_end idle_gather(struct process *process);

#endif
