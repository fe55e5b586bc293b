/* Clock ids in system calls, and deadlines for absolute times. time.c. */
#ifndef TICK86_EMU_CLOCK_IDS_H
#define TICK86_EMU_CLOCK_IDS_H

#include "emu/linux/kernel/machine.h"

/* Replaces a clock id by its plain form. Returns the thread whose clock it is (`task` for clocks of the process or the system), or NULL
 * if the guest has no such clock. */
struct task *clock_resolve(struct task *task, clockid_t *id);
bool clock_is_wall(clockid_t id);
/* Returns true if a timer or sleep of this clock would wake a machine that sleeps, and the thread may not do that (CAP_WAKE_ALARM). */
bool clock_is_forbidden(clockid_t id);
/* Returns the deadline for an absolute time of clock `id`. */
uint64_t clock_deadline(struct task *task, clockid_t id, uint64_t time);

#endif
