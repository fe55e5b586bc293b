/* When no thread can run. */
#ifndef TICK86_EMU_IDLE_H
#define TICK86_EMU_IDLE_H

#include "emu/linux/kernel/machine.h"

struct turn_end;

/* No thread can run: waits on the host until something comes or the next deadline has; ends a process that is deadlocked. */
void idle_wait(struct process *process);
/* Wakes the threads for which something has come. */
void idle_poll(struct process *process);
/* The descriptors of all waiting threads, and the signals' last; `fds` is the caller's to free, NULL without memory. */
struct turn_end idle_gather(struct process *process);

#endif
