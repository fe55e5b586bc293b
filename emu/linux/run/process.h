/* Starting, running and ending a guest process. */
#ifndef TICK86_EMU_PROCESS_H
#define TICK86_EMU_PROCESS_H

#include "emu/linux/kernel/machine.h"

/* A process with one thread, an empty address space and every signal at its default. In mode icount, and where the options say
 * one_at_a_time, the state of `clock` is moved to memory that its children will share. NULL without memory. process.c. */
struct process *process_create(struct options *options, const struct tk *clock);

/* Ends the host process as the wait(2) status says: exit, or death by the same signal. process.c. */
_Noreturn void process_die(struct process *process, int status);

/* Runs the process to its end: the scheduler. Returns its wait(2) status. scheduler.c. */
int process_run(struct process *process);

#endif
