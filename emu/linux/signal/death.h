/* One line about the signal that a program dies of. */
#ifndef TICK86_EMU_LINUX_SIGNAL_DEATH_H
#define TICK86_EMU_LINUX_SIGNAL_DEATH_H

#include <signal.h>

struct task;

/* Logs a warning if the run's first process is about to die of a signal for which Linux dumps core: the signal, why, the address for which it
 * was raised, and where the thread is, as an offset in the file that is mapped there, for tools such as addr2line. */
void death_report(const struct task *task, const siginfo_t *info);

#endif
