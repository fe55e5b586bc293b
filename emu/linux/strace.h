/* System calls in strace's words. */
#ifndef TICK86_EMU_STRACE_H
#define TICK86_EMU_STRACE_H

#include "emu/linux/syscall.h"

struct strace_line {
	bool on;
	bool whole;     /* the arguments are there already: the call ends what they point at */
	size_t length;
	char text[1024];
};

/* `row` is NULL for an unknown system call. */
void strace_begin(struct strace_line *line, struct task *task, const struct syscall_row *row, uint64_t number,
                  const uint64_t arg[6]);
void strace_end(struct strace_line *line, struct task *task, const struct syscall_row *row, const uint64_t arg[6],
                int64_t result);

/* A signal is delivered; the process ends with this wait(2) status. */
void strace_signal(struct task *task, const siginfo_t *info);
void strace_exit(struct task *task, int status);

#endif
