/* The table of system calls, made from the row lists. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

#include "emu/linux/rows/calls.h"
#include "emu/linux/rows/words.h"

/* Numbers that older headers lack. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#include "emu/linux/rows/vocabulary.h"
#define ARGUMENTS(...) (sizeof((struct syscall_arg[]){ __VA_ARGS__ }) / sizeof(struct syscall_arg))
#define COLUMNS(...) __VA_ARGS__
#define ROW(CLASS, NAME, MORE, ...) \
	[SYS_##NAME] = { .name = #NAME, .class = CLASS, .args = ARGUMENTS(__VA_ARGS__), .arg = { __VA_ARGS__ }, MORE },
#define RUN_WITH(CLASS, NAME, MORE, ...) ROW(CLASS_##CLASS, NAME, COLUMNS(.run = sys_##NAME, MORE), __VA_ARGS__)
#define PASS(NAME, ...) ROW(CLASS_PASS, NAME, , __VA_ARGS__)
#define PASS_FD(NAME, ...) ROW(CLASS_PASS_FD, NAME, , __VA_ARGS__)
#define PASS_THREAD(NAME, ...) ROW(CLASS_PASS_THREAD, NAME, , __VA_ARGS__)
#define REFUSE(NAME, ERRNO, ...) ROW(CLASS_REFUSE, NAME, .refuse = ERRNO, __VA_ARGS__)
#define RUN(CLASS, NAME, ...) RUN_WITH(CLASS, NAME, , __VA_ARGS__)
#define QUICK(CLASS, NAME, ...) RUN_WITH(CLASS, NAME, .quick = true, __VA_ARGS__)
#define OPEN(NAME, ...) RUN_WITH(FILE, NAME, .opens = true, __VA_ARGS__)
#define OPEN_PASS(NAME, ...) ROW(CLASS_PASS_FD, NAME, .opens = true, __VA_ARGS__)
#define PROGRAM(NAME, ...) RUN_WITH(PROCESS, NAME, .after = AFTER_PROGRAM, __VA_ARGS__)
#define NO_RETURN(CLASS, NAME, ...) RUN_WITH(CLASS, NAME, .after = AFTER_NO_RETURN, __VA_ARGS__)

const struct syscall_row syscall_table[] = {
#include "emu/linux/rows/all.h"
};

const unsigned syscall_count = sizeof(syscall_table) / sizeof(syscall_table[0]);
