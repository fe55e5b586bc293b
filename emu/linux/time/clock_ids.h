/* Clock ids of system calls, and what an absolute time of one is as a deadline. time.c. */
#ifndef TICK86_EMU_CLOCK_IDS_H
#define TICK86_EMU_CLOCK_IDS_H

#include "emu/linux/kernel/machine.h"

/* Makes a clock id the plain one. Returns the thread whose clock it is (of the process's and the system's: `task`), or NULL where the guest
 * has no such clock. */
struct task *clock_resolve(struct task *task, clockid_t *id);
bool clock_is_wall(clockid_t id);
/* An absolute time of clock `id` as a deadline. */
uint64_t clock_deadline(struct task *task, clockid_t id, uint64_t time);

#endif
