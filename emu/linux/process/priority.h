/* vCPUs of threads. */
#ifndef TICK86_EMU_PRIORITY_H
#define TICK86_EMU_PRIORITY_H

#include "emu/linux/kernel/machine.h"

/* Moves the thread to a vCPU on which it may run, if another process has changed its affinity (sched_setaffinity(2)). */
void priority_place(struct task *task);

#endif
