/* Ids of processes, groups and sessions, and calls that take an id to ask about a process. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/rows/calls.h"
#include "timekeep/timekeep.h"

static int64_t guest_result(struct task *task, pid_t host)
{
	return host < 0 ? -errno : pids_from_host(task->process, host);
}

static pid_t host_of(struct task *task, uint64_t id)
{
	return pids_find(task, (pid_t)id).host;
}

int64_t sys_getpid(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	return task->tracer ? task->tid : task->process->pid;
}

int64_t sys_gettid(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	return task->tid;
}

int64_t sys_getppid(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	if (task->tracer)
		return task->process->pid;
	return task->process->tree ? tree_parent(task->process) : getppid();
}

int64_t sys_getpgrp(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	return pids_from_host(task->process, getpgrp());
}

int64_t sys_getpgid(struct task *task, const uint64_t arg[6])
{
	return guest_result(task, getpgid(host_of(task, arg[0])));
}

int64_t sys_getsid(struct task *task, const uint64_t arg[6])
{
	return guest_result(task, getsid(host_of(task, arg[0])));
}

int64_t sys_setsid(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	return guest_result(task, setsid());
}

int64_t sys_setpgid(struct task *task, const uint64_t arg[6])
{
	struct target target = pids_find(task, (pid_t)arg[0]);
	pid_t group = (pid_t)arg[1] ? pids_to_host(task->process, (pid_t)arg[1]) : 0;

	if ((pid_t)arg[1] < 0 || ((pid_t)arg[0] && !target.leads))
		return -EINVAL;
	return setpgid(target.host, group) == 0 ? 0 : -errno;
}

/* The host's error about a pidfd for a thread that leads no process: ENOENT since Linux 6.16, EINVAL before. */
static int64_t no_leader(void)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	return major > 6 || (major == 6 && minor >= 16) ? -ENOENT : -EINVAL;
}

/* For a thread that leads no process, a host thread of its own stands: the descriptor is readable when both have ended. */
int64_t sys_pidfd_open(struct task *task, const uint64_t arg[6])
{
	struct target target = pids_find(task, (pid_t)arg[0]);
	uint64_t host[6] = { (uint64_t)(target.task ? getpid() : target.host), arg[1] };

	if ((pid_t)arg[0] <= 0 || arg[1] & ~(uint64_t)(O_NONBLOCK | THREAD_PIDFD))
		return -EINVAL;
	if (!target.leads) {
		pid_t id = arg[1] & THREAD_PIDFD ? host_thread_name(target.task) : (pid_t)no_leader();

		if (id < 0)
			return id == -EAGAIN ? -ENOMEM : id;
		host[0] = (uint64_t)id;
	}
	return descriptor_make(task->process, SYS_pidfd_open, host);
}

static bool is_capability_version(uint32_t version)
{
	return version == _LINUX_CAPABILITY_VERSION_1 || version == _LINUX_CAPABILITY_VERSION_2 || version == _LINUX_CAPABILITY_VERSION_3;
}

/* capget(2), capset(2): the id is in a structure, in which the kernel writes its version if it does not support the caller's. */
static int64_t capabilities(struct task *task, uint64_t number, const uint64_t arg[6])
{
	struct __user_cap_header_struct header;
	uint64_t host[6] = { (uint64_t)&header, arg[1] };
	struct target target;
	uint32_t version;
	int64_t result;

	header.pid = 0;
	if (!space_read(&task->process->space, arg[0], &header.version, sizeof(header.version)))
		return -EFAULT;
	version = header.version;
	if (!space_read(&task->process->space, arg[0], &header, sizeof(header)) && is_capability_version(version))
		return -EFAULT;
	target = pids_find(task, header.pid);
	header.pid = target.task && target.task != task ? host_thread_id(target.task) : target.host;
	result = number == SYS_capset ? host_thread_call(task, number, host) : syscall_host(number, host);
	if (header.version != version && !space_write(&task->process->space, arg[0], &header.version, sizeof(header.version)))
		return -EFAULT;
	return result;
}

int64_t sys_capget(struct task *task, const uint64_t arg[6])
{
	return capabilities(task, SYS_capget, arg);
}

int64_t sys_capset(struct task *task, const uint64_t arg[6])
{
	return capabilities(task, SYS_capset, arg);
}

static uint64_t host_process(struct task *task, uint64_t id)
{
	struct target target = pids_find(task, (pid_t)id);

	return (uint64_t)(target.task && (pid_t)id ? getpid() : target.host);
}

int64_t sys_kcmp(struct task *task, const uint64_t arg[6])
{
	const uint64_t host[6] = { host_process(task, arg[0]), host_process(task, arg[1]), arg[2], arg[3], arg[4] };

	return syscall_host(SYS_kcmp, host);
}

/* --- namespaces -------------------------------------------------------------------------------------------------------- */

/* There are no namespaces for ids that the run gives out, nor for clocks that are not the host's, as in a kernel without them. */
static uint64_t missing_namespaces(const struct process *process)
{
	return (process->tree ? CLONE_NEWPID : 0) | (tk_mode(process->clock) == TK_HOST ? 0 : CLONE_NEWTIME);
}

/* All host threads of a process share its descriptors: with several, CLONE_FILES is left out. */
int64_t sys_unshare(struct task *task, const uint64_t arg[6])
{
	enum { ONE_THREAD = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWUSER };
	uint64_t host[6] = { arg[0] };
	bool alone = true;

	for (const struct task *other = task->process->tasks; other; other = other->next)
		alone = alone && (other == task || other->state == TASK_DEAD);
	if (arg[0] & missing_namespaces(task->process) || (arg[0] & ONE_THREAD && !alone))
		return -EINVAL;
	if (!alone || task->process->host.others)
		host[0] &= ~(uint64_t)CLONE_FILES;
	return host_thread_call_apart(task, SYS_unshare, host);
}

int64_t sys_setns(struct task *task, const uint64_t arg[6])
{
	int type = ioctl((int)arg[0], NS_GET_NSTYPE);

	if (type > 0 && (uint64_t)type & missing_namespaces(task->process))
		return -EINVAL;
	return host_thread_call_apart(task, SYS_setns, arg);
}
