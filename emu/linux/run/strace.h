/* --strace: prints a line for each system call, signal and end. */
#ifndef TICK86_EMU_STRACE_H
#define TICK86_EMU_STRACE_H

#include "emu/linux/kernel/machine.h"
#include "emu/linux/run/strace_text.h"

/* `row` is NULL for an unknown system call. */
void strace_put_call(struct strace_line *line, struct task *task, const struct syscall_row *row, uint64_t number, const uint64_t arg[6]);
void strace_put_result(struct strace_line *line, struct task *task, const struct syscall_row *row, const uint64_t arg[6], int64_t result);

static inline void strace_begin(struct strace_line *line, struct task *task, const struct syscall_row *row, uint64_t number,
	const uint64_t arg[6])
{
	line->on = task->process->strace;
	if (line->on)
		strace_put_call(line, task, row, number, arg);
}

static inline void strace_end(struct strace_line *line, struct task *task, const struct syscall_row *row, const uint64_t arg[6],
	int64_t result)
{
	if (line->on)
		strace_put_result(line, task, row, arg, result);
}

/* Called when a signal is delivered; when the process ends with this wait(2) status. */
void strace_signal(struct task *task, const siginfo_t *info);
void strace_exit(struct task *task, int status);

#endif
