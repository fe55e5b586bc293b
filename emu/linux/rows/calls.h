/* The `run` functions of all system calls; arguments are the kernel's. */
#ifndef TICK86_EMU_CALLS_H
#define TICK86_EMU_CALLS_H

#include "emu/linux/rows/syscall.h"

#define PASS(...)
#define PASS_FD(...)
#define PASS_THREAD(...)
#define REFUSE(...)
#define RUN(CLASS, NAME, ...) syscall_run sys_##NAME;
#define QUICK RUN
#define NO_RETURN RUN
#define OPEN(NAME, ...) syscall_run sys_##NAME;
#define PROGRAM OPEN
#define OPEN_PASS(...)
#include "emu/linux/rows/all.h"
#undef QUICK
#undef NO_RETURN
#undef OPEN
#undef PROGRAM
#undef OPEN_PASS
#undef RUN
#undef PASS
#undef PASS_FD
#undef PASS_THREAD
#undef REFUSE

#endif
