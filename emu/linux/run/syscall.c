/* Dispatch of system calls: finds the row, checks pointers, makes the call, stores the result. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/written.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/run/strace.h"
#include "emu/linux/kernel/observer.h"

/* --- checks -------------------------------------------------------------------------------------------------------- */

/* For a path argument; the argument before it is its directory, if there is one. */
static bool is_hidden_path(struct task *task, const struct syscall_row *row, unsigned i, const uint64_t arg[6])
{
	int dirfd = i > 0 && row->arg[i - 1].type == ARG_DIRFD ? (int)arg[i - 1] : AT_FDCWD;
	char path[PATH_MAX];

	return space_read_string(&task->process->space, arg[i], path, sizeof(path)) > 0 && proc_path_is_hidden(task->process, dirfd, path);
}

/* EBADF for descriptors that are not the guest's, ENOENT for their paths. The host's kernel finds addresses that are not mapped, and
 * those that are not the guest's: see space_host_pointer. `host` becomes the arguments that it may get. */
static int64_t check_arguments(struct task *task, const struct syscall_row *row, const uint64_t arg[6], uint64_t host[6])
{
	memcpy(host, arg, 6 * sizeof(host[0]));
	for (unsigned i = 0; i < row->args; i++) {
		const struct syscall_arg *a = &row->arg[i];
		if ((a->type == ARG_FD || a->type == ARG_DIRFD) && fd_is_hidden((int)arg[i]))
			return -EBADF;
		if (a->direction == DIR_NONE || arg[i] == 0)
			continue;
		uint64_t length = syscall_extent(row, i, arg);
		host[i] = space_host_pointer(arg[i], length);
		if (a->type == ARG_PATH && is_hidden_path(task, row, i, arg))
			return -ENOENT;
		if (a->direction != DIR_IN && !space_is_plain(&task->process->space, arg[i], length))
			space_prepare_write(&task->process->space, arg[i], length);
	}
	return 0;
}

/* --- the call ------------------------------------------------------------------------------------------------------ */

static int64_t refuse(struct task *task, const struct syscall_row *row)
{
	log_line(task->process->options, LOG_INFO, "system call %s is refused", row->name);
	return -row->refuse;
}

/* A call about a file may have changed it (write, ftruncate, copy_file_range ...), and so code that is mapped from it. After any call
 * another process may have changed shared memory, and the guest may know (wait4, read). */
static void code_may_differ(struct process *process, const struct syscall_row *row, const uint64_t arg[6])
{
	struct stat status;

	if (process->show_pids)
		space_shared_changed(&process->space);
	for (unsigned i = 0; i < row->args; i++)
		if (row->arg[i].type == ARG_FD && fstat((int)arg[i], &status) == 0)
			space_file_changed(&process->space, status.st_dev, status.st_ino);
}

static int64_t make(struct task *task, const struct syscall_row *row, uint64_t number, const uint64_t arg[6])
{
	uint64_t host[6];
	int64_t error = check_arguments(task, row, arg, host);
	if (!error)
		error = observe_call(task, number, arg);
	if (error)
		return error;
	switch (row->class) {
	case CLASS_PASS: return syscall_pass(task, number, host);
	case CLASS_PASS_FD: return descriptor_make(task->process, number, host);
	case CLASS_PASS_THREAD: return host_thread_call(task, number, host);
	case CLASS_REFUSE: return refuse(task, row);
	default: return row->run(task, host);
	}
}

static int64_t call(struct task *task, const struct syscall_row *row, uint64_t number, const uint64_t arg[6])
{
	int64_t result = make(task, row, number, arg);

	if (task->process->show_pids)
		written_look(task->process);
	if (task->process->space.shared_code && result >= 0)
		code_may_differ(task->process, row, arg);
	return result;
}

static int64_t unknown(struct task *task, uint64_t number)
{
	log_line(task->process->options, LOG_INFO, "unknown system call %lu", number);
	return -ENOSYS;
}

const struct syscall_row *syscall_find(uint64_t number)
{
	return number < syscall_count && syscall_table[number].name ? &syscall_table[number] : NULL;
}

bool syscall_is_quick(uint64_t number)
{
	number = (uint32_t)number;
	return number < syscall_count && syscall_table[number].quick;
}

int64_t syscall_dispatch(struct task *task)
{
	struct cpu *cpu = &task->cpu;
	uint64_t number = (uint32_t)cpu->r[RAX];
	const uint64_t arg[6] = { cpu->r[RDI], cpu->r[RSI], cpu->r[RDX], cpu->r[R10], cpu->r[R8], cpu->r[R9] };
	const struct syscall_row *row = syscall_find(number);
	struct strace_line line;

	strace_begin(&line, task, row, number, arg);
	int64_t result = row ? call(task, row, number, arg) : unknown(task, number);
	if (result == SYSCALL_WAIT)
		return result;
	strace_end(&line, task, row, arg, result);
	if (result != SYSCALL_NO_RESULT)
		cpu->r[RAX] = (uint64_t)result;
	return result;
}

/* Continues an interrupted wait, up to its old deadline. EINTR if there is none (do_no_restart_syscall()): then the number is 0, which
 * is read(2)'s, a call that is never continued this way. */
int64_t sys_restart_syscall(struct task *task, const uint64_t arg[6])
{
	const struct syscall_row *row = task->call.restart_number ? syscall_find(task->call.restart_number) : NULL;

	if (!row || !row->run)
		return -EINTR;
	if (!task->wait.begun) {
		task->wait.begun = true;
		task->wait.deadline = task->call.restart_deadline;
	}
	int64_t result = row->run(task, arg);
	if (result != SYSCALL_WAIT && result != -ERESTART_RESTARTBLOCK)
		task->call.restart_number = 0;
	return result;
}
