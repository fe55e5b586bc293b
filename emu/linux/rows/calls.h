/* The `run` functions of all system calls; arguments are the kernel's. */
#ifndef TICK86_EMU_CALLS_H
#define TICK86_EMU_CALLS_H

#include "emu/linux/rows/syscall.h"

#define PASS(...)
#define PASS_FD(...)
#define REFUSE(...)
#define RUN(CLASS, NAME, ...) syscall_run sys_##NAME;
#define QUICK RUN
#include "emu/linux/rows/all.h"
#undef QUICK
#undef RUN
#undef PASS
#undef PASS_FD
#undef REFUSE

/* --- what those on time share: time.c ----------------------------------------------------------------- */

/* Makes a clock id the plain one. Returns the thread whose clock it is (of the process's and the system's: `task`), or NULL where the guest
 * has no such clock. */
struct task *clock_resolve(struct task *task, clockid_t *id);
bool clock_is_wall(clockid_t id);
/* An absolute time of clock `id` as a deadline. */
uint64_t clock_deadline(struct task *task, clockid_t id, uint64_t time);

#endif
