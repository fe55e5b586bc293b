/* Creating, running and ending a guest process. */
#ifndef TICK86_EMU_PROCESS_H
#define TICK86_EMU_PROCESS_H

#include "emu/linux/kernel/machine.h"

/* Creates a process with one thread, an empty address space and default actions for all signals. In mode icount, or if the options say
 * one_at_a_time, the state of `clock` moves to memory that its children will share. Returns NULL if out of memory. process.c. */
struct process *process_create(struct options *options, const struct tk *clock);

/* Ends the host process as the wait(2) status says: exit, or death by the same signal. process.c. */
_Noreturn void process_die(struct process *process, int status);

/* The scheduler: runs the process to its end. Returns its wait(2) status. scheduler.c. */
int process_run(struct process *process);

#endif
