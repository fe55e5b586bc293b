/* TPAUSE and UMWAIT: waits that are no system calls. */
#ifndef TICK86_EMU_PAUSE_H
#define TICK86_EMU_PAUSE_H

#include "emu/linux/kernel/machine.h"

/* Called after a TPAUSE or UMWAIT (EXIT_PAUSE): the thread waits, unless the limit is over or the line was written. */
void pause_begin(struct task *task);
/* Called when the thread has been woken. */
void pause_end(struct task *task);
/* Wakes the threads whose UMWAIT was ended by a store. */
void pause_poll_lines(struct process *process);

#endif
