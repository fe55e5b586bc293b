/* Children as the host knows them. */
#ifndef TICK86_EMU_CHILD_H
#define TICK86_EMU_CHILD_H

#include "emu/linux/kernel/machine.h"

/* Whether the process has a child that has not been waited for. */
bool child_exists(void);
/* The host says SIGCHLD: wakes who waits for children, and reaps them if the guest does not want to know (SIG_IGN,
 * SA_NOCLDWAIT). False: the guest is not to be signalled (SA_NOCLDSTOP). */
bool child_signal(struct process *process, const siginfo_t *info);

#endif
