/* --strace: prints a line for each system call, signal and end. */
#include <inttypes.h>
#include <stdio.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/run/strace.h"

/* --- lines --------------------------------------------------------------------------------------------------------- */

static void put_pid(struct strace_line *line, const struct task *task)
{
	if (task->process->show_pids || task->process->tasks->next)
		strace_put(line, "[pid %5d] ", task->tid);
}

/* Flushes, so that a child of fork does not print the line again. */
static void print_line(const struct strace_line *line, const struct task *task)
{
	fprintf(task->process->strace, "%s\n", line->text);
	fflush(task->process->strace);
}

static bool read_memory(void *of, uint64_t address, void *to, size_t size)
{
	return space_read(of, address, to, size);
}

static int64_t read_string(void *of, uint64_t address, char *to, size_t size)
{
	return space_read_string(of, address, to, size);
}

static void put_arguments(struct strace_line *line, struct task *task, const struct syscall_row *row, const uint64_t arg[6], int64_t result)
{
	const struct strace_memory memory = { &task->process->space, read_memory, read_string };

	strace_put_arguments(line, &memory, row, arg, result);
}

void strace_put_call(struct strace_line *line, struct task *task, const struct syscall_row *row, uint64_t number, const uint64_t arg[6])
{
	line->length = 0;
	line->whole = strace_destroys_arguments(row);
	put_pid(line, task);
	strace_put_name(line, row, number, arg);
	if (line->whole)
		put_arguments(line, task, row, arg, 0);
}

void strace_put_result(struct strace_line *line, struct task *task, const struct syscall_row *row, const uint64_t arg[6], int64_t result)
{
	if (!line->whole)
		put_arguments(line, task, row, arg, result);
	strace_put_gap(line);
	strace_put_outcome(line, row, result);
	print_line(line, task);
}

/* --- signals and ends ---------------------------------------------------------------------------------------------- */

static void begin_line(struct strace_line *line, const struct task *task)
{
	line->length = 0;
	put_pid(line, task);
}

void strace_signal(struct task *task, const siginfo_t *info)
{
	struct strace_line line;
	if (!task->process->strace)
		return;
	begin_line(&line, task);
	strace_put(&line, "--- ");
	strace_put_signal(&line, info->si_signo);
	strace_put(&line, " {si_signo=");
	strace_put_signal(&line, info->si_signo);
	strace_put(&line, ", si_code=%d", info->si_code);
	if (info->si_code <= 0 || info->si_signo == SIGCHLD)
		strace_put(&line, ", si_pid=%d, si_uid=%d", info->si_pid, info->si_uid);
	else if (info->si_signo == SIGSEGV || info->si_signo == SIGBUS || info->si_signo == SIGFPE || info->si_signo == SIGILL)
		strace_put(&line, ", si_addr=%#" PRIx64, (uint64_t)info->si_addr);
	strace_put(&line, "} ---");
	print_line(&line, task);
}

void strace_exit(struct task *task, int status)
{
	struct strace_line line;
	if (!task->process->strace)
		return;
	begin_line(&line, task);
	strace_put_death(&line, status);
	print_line(&line, task);
}
