/* Children in the host. */
#ifndef TICK86_EMU_CHILD_H
#define TICK86_EMU_CHILD_H

#include "emu/linux/kernel/machine.h"

/* Returns true if the process has a child for which it has not waited. */
bool child_exists(void);
/* Called on the host's SIGCHLD: wakes threads that wait for children, and reaps the children if the guest does not want reports
 * (SIG_IGN, SA_NOCLDWAIT). Returns false if the guest must not get the signal (SA_NOCLDSTOP). */
bool child_signal(struct process *process, const siginfo_t *info);

#endif
