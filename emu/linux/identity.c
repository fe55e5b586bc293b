/* Ids of processes, groups and sessions. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/calls.h"
#include "emu/linux/file.h"
#include "emu/linux/pids.h"
#include "emu/linux/tree.h"

static int64_t guest_result(struct task *task, pid_t host)
{
	return host < 0 ? -errno : pids_from_host(task->process, host);
}

static pid_t host_or_self(struct task *task, uint64_t pid)
{
	return (pid_t)pid ? pids_to_host(task->process, (pid_t)pid) : 0;
}

int64_t sys_getpid(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	return task->process->pid;
}

int64_t sys_gettid(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	return task->tid;
}

int64_t sys_getppid(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	return task->process->tree ? tree_parent(task->process) : getppid();
}

int64_t sys_getpgrp(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	return pids_from_host(task->process, getpgrp());
}

int64_t sys_getpgid(struct task *task, const uint64_t arg[6])
{
	return guest_result(task, getpgid(host_or_self(task, arg[0])));
}

int64_t sys_getsid(struct task *task, const uint64_t arg[6])
{
	return guest_result(task, getsid(host_or_self(task, arg[0])));
}

int64_t sys_setsid(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	return guest_result(task, setsid());
}

int64_t sys_setpgid(struct task *task, const uint64_t arg[6])
{
	if ((pid_t)arg[1] < 0)
		return -EINVAL;
	return setpgid(host_or_self(task, arg[0]), host_or_self(task, arg[1])) == 0 ? 0 : -errno;
}

int64_t sys_pidfd_open(struct task *task, const uint64_t arg[6])
{
	const uint64_t host[6] = { (uint64_t)host_or_self(task, arg[0]), arg[1] };

	return file_outside_hidden(syscall_host(SYS_pidfd_open, host));
}
