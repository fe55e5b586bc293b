/* The table of system calls, put together from the row lists of each subject. */
#include <asm/unistd_64.h>
#include <errno.h>
#include <signal.h>

#include "emu/linux/rows/calls.h"
#include "emu/linux/rows/words.h"

/* Newer than the oldest headers that we build with. */
#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

#include "emu/linux/rows/vocabulary.h"
#define ARGUMENTS(...) (sizeof((struct syscall_arg[]){__VA_ARGS__}) / sizeof(struct syscall_arg))
#define ROW(CLASS, NAME, ERRNO, IS_QUICK, FUNCTION, ...) \
	[__NR_##NAME] = {#NAME, CLASS, ARGUMENTS(__VA_ARGS__), ERRNO, {__VA_ARGS__}, IS_QUICK, FUNCTION},
#define PASS(NAME, ...)          ROW(CLASS_PASS, NAME, 0, false, NULL, __VA_ARGS__)
#define PASS_FD(NAME, ...)       ROW(CLASS_PASS_FD, NAME, 0, false, NULL, __VA_ARGS__)
#define REFUSE(NAME, ERRNO, ...) ROW(CLASS_REFUSE, NAME, ERRNO, false, NULL, __VA_ARGS__)
#define RUN(CLASS, NAME, ...)    ROW(CLASS_##CLASS, NAME, 0, false, sys_##NAME, __VA_ARGS__)
#define QUICK(CLASS, NAME, ...)  ROW(CLASS_##CLASS, NAME, 0, true, sys_##NAME, __VA_ARGS__)

const struct syscall_row syscall_table[] = {
#include "emu/linux/rows/all.h"
};

const unsigned syscall_count = sizeof syscall_table / sizeof syscall_table[0];
