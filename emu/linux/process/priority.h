/* Where threads run. */
#ifndef TICK86_EMU_PRIORITY_H
#define TICK86_EMU_PRIORITY_H

#include "emu/linux/kernel/machine.h"

/* The thread gets a vCPU that it may run on: another process may have changed which those are (sched_setaffinity(2)). */
void priority_place(struct task *task);

#endif
