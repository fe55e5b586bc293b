/* fcntl and flock. */
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/rows/calls.h"

/* --- fcntl --------------------------------------------------------------------------------------------------------- */

/* Constants that older headers lack. */
#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027
#endif
#ifndef F_CREATED_QUERY
#define F_CREATED_QUERY 1028
#endif
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

/* A command: how many bytes its third argument points to (0: it is a number, or unused), and if the kernel writes them. */
struct fcntl_command {
	int command;
	uint8_t size;
	bool written;
};

/* do_fcntl() */
static const struct fcntl_command *find_command(int command)
{
	enum { LOCK = sizeof(struct flock), HINT = sizeof(uint64_t), OWNER = sizeof(struct f_owner_ex), UIDS = 2 * sizeof(uid_t) };
	/* clang-format off */
	static const struct fcntl_command commands[] = {
		{F_DUPFD, 0, false}, {F_DUPFD_CLOEXEC, 0, false}, {F_DUPFD_QUERY, 0, false}, {F_CREATED_QUERY, 0, false},
		{F_GETFD, 0, false}, {F_SETFD, 0, false}, {F_GETFL, 0, false}, {F_SETFL, 0, false},
		{F_GETLK, LOCK, true}, {F_SETLK, LOCK, false}, {F_SETLKW, LOCK, false},
		{F_OFD_GETLK, LOCK, true}, {F_OFD_SETLK, LOCK, false}, {F_OFD_SETLKW, LOCK, false},
		{F_GETOWN, 0, false}, {F_SETOWN, 0, false}, {F_GETOWN_EX, OWNER, true}, {F_SETOWN_EX, OWNER, false},
		{F_GETOWNER_UIDS, UIDS, true}, {F_GETSIG, 0, false}, {F_SETSIG, 0, false},
		{F_GETLEASE, 0, false}, {F_SETLEASE, 0, false}, {F_NOTIFY, 0, false},
		{F_SETPIPE_SZ, 0, false}, {F_GETPIPE_SZ, 0, false}, {F_ADD_SEALS, 0, false}, {F_GET_SEALS, 0, false},
		{F_GET_RW_HINT, HINT, true}, {F_SET_RW_HINT, HINT, false},
		{F_GET_FILE_RW_HINT, HINT, true}, {F_SET_FILE_RW_HINT, HINT, false},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].command == command)
			return &commands[i];
	}
	return NULL;
}

/* Waits for a lock by trying again and again, since nothing tells when it is free. */
static int64_t lock_waiting(struct task *task, const uint64_t arg[6], int try_command)
{
	const uint64_t try[6] = { arg[0], (uint64_t)try_command, arg[2] };
	int64_t woken = file_retried(task);
	if (woken)
		return woken;
	int64_t result = syscall_host(SYS_fcntl, try);
	return result == -EAGAIN || result == -EACCES ? file_retry_later(task) : result;
}

/* Reports the process that holds the conflicting lock. */
static int64_t get_lock(struct task *task, const uint64_t arg[6])
{
	struct flock lock;
	int64_t result = syscall_host(SYS_fcntl, arg);
	if (result < 0)
		return result;
	if (!space_read(&task->process->space, arg[2], &lock, sizeof(lock)))
		return -EFAULT;
	if (lock.l_pid > 0)
		lock.l_pid = pids_from_host(task->process, lock.l_pid);
	return space_write(&task->process->space, arg[2], &lock, sizeof(lock)) ? 0 : -EFAULT;
}

static int64_t set_owner(struct task *task, const uint64_t arg[6])
{
	const uint64_t host[6] = { arg[0], arg[1], (uint64_t)pids_to_host(task->process, (pid_t)arg[2]) };
	return syscall_host(SYS_fcntl, host);
}

static int64_t get_owner(struct task *task, const uint64_t arg[6])
{
	int64_t owner = syscall_host(SYS_fcntl, arg);
	return owner > 0 ? pids_from_host(task->process, (pid_t)owner) : owner;
}

/* The host knows only the process of a thread: its id replaces the thread's. */
static int64_t set_owner_ex(struct task *task, const uint64_t arg[6])
{
	struct f_owner_ex owner;
	const uint64_t host[6] = { arg[0], arg[1], (uint64_t)&owner };
	if (!space_read(&task->process->space, arg[2], &owner, sizeof(owner)))
		return -EFAULT;
	if (owner.pid && owner.type != F_OWNER_PGRP && task_find(task->process, owner.pid))
		owner.pid = getpid();
	else
		owner.pid = pids_to_host(task->process, owner.pid);
	return syscall_host(SYS_fcntl, host);
}

static int64_t get_owner_ex(struct task *task, const uint64_t arg[6])
{
	struct f_owner_ex owner = { 0 };
	const uint64_t host[6] = { arg[0], arg[1], (uint64_t)&owner };
	int64_t result = syscall_host(SYS_fcntl, host);
	if (result < 0)
		return result;
	owner.pid = owner.pid ? pids_from_host(task->process, owner.pid) : 0;
	return space_write(&task->process->space, arg[2], &owner, sizeof(owner)) ? 0 : -EFAULT;
}

/* Returns true for commands after which events of the file are reported by a signal. The signal is pending when the call that caused it
 * returns. */
static bool asks_for_signals(int command, uint64_t value)
{
	switch (command) {
	case F_SETOWN:
	case F_SETOWN_EX:
	case F_SETSIG:
	case F_SETLEASE:
	case F_NOTIFY: return true;
	default: return command == F_SETFL && value & O_ASYNC;
	}
}

int64_t sys_fcntl(struct task *task, const uint64_t arg[6])
{
	const struct fcntl_command *command = find_command((int)arg[1]);
	uint64_t host[6] = { arg[0], arg[1], arg[2] };

	if (!command)
		return fcntl((int)arg[0], F_GETFD) < 0 ? -EBADF : -EINVAL;
	if (command->size)
		host[2] = space_host_pointer(arg[2], command->size);
	if (command->written)
		space_prepare_write(&task->process->space, arg[2], command->size);
	task->process->signals.calls_signal |= asks_for_signals((int)arg[1], arg[2]);
	switch ((int)arg[1]) {
	case F_SETLKW: return lock_waiting(task, host, F_SETLK);
	case F_OFD_SETLKW: return lock_waiting(task, host, F_OFD_SETLK);
	case F_GETLK: return get_lock(task, host);
	case F_SETOWN: return set_owner(task, arg);
	case F_GETOWN: return get_owner(task, arg);
	case F_SETOWN_EX: return set_owner_ex(task, arg);
	case F_GETOWN_EX: return get_owner_ex(task, arg);
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg[2] >= limit_of(task->process, RLIMIT_NOFILE))
			return -EINVAL;
		return descriptor_make(task->process, SYS_fcntl, arg);
	case F_DUPFD_QUERY:
		if (fd_is_hidden((int)arg[2]))
			return -EBADF;
		return syscall_host(SYS_fcntl, arg);
	default: return syscall_host(SYS_fcntl, host);
	}
}

int64_t sys_flock(struct task *task, const uint64_t arg[6])
{
	const uint64_t try[6] = { arg[0], arg[1] | LOCK_NB };
	int64_t woken = file_retried(task);
	if (woken)
		return woken;
	int64_t result = syscall_host(SYS_flock, try);
	return result == -EWOULDBLOCK && !(arg[1] & LOCK_NB) ? file_retry_later(task) : result;
}
