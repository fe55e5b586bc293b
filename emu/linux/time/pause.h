/* TPAUSE and UMWAIT: waits that are no system calls. */
#ifndef TICK86_EMU_PAUSE_H
#define TICK86_EMU_PAUSE_H

#include "emu/linux/kernel/machine.h"

/* Behind a TPAUSE or UMWAIT (EXIT_PAUSE): the thread waits, unless what it waits for has come. */
void pause_begin(struct task *task);
/* It has been woken. */
void pause_end(struct task *task);
/* Wakes the threads whose UMWAIT a store has ended. */
void pause_poll_lines(struct process *process);

#endif
