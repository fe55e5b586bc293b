/* Waiting for children. They are the host's children, too; SIGCHLD tells when to look at them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/process/child.h"
#include "emu/linux/process/futex.h"
#include "emu/linux/process/tracer.h"
#include "emu/linux/rows/calls.h"

enum { WAIT4_OPTIONS = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL };

bool child_exists(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

static void wake_waiting(struct process *process)
{
	for (struct task *task = process->tasks; task; task = task->next)
		if (task->wait.child)
			task_wake(task, WAKE_READY);
}

static bool has_ended(int status)
{
	return WIFEXITED(status) || WIFSIGNALED(status);
}

/* Returns true if the guest wants no report of children that end. */
static bool unwanted(const struct process *process)
{
	const struct guest_sigaction *action = &process->signals.action[SIGCHLD];

	return action->handler == (uint64_t)SIG_IGN || (action->flags & SA_NOCLDWAIT);
}

/* The usage of such a child is not counted. */
static void forget(struct process *process, pid_t pid, int status)
{
	int64_t cpu_ns = process->time.children_cpu_ns;
	struct rusage usage;

	tree_child_reaped(process, pid, status, &usage);
	process->time.children_cpu_ns = cpu_ns;
}

static void reap_unwanted(struct process *process)
{
	int status;
	pid_t pid;

	while (unwanted(process) && (pid = waitpid(-1, &status, WNOHANG)) > 0)
		forget(process, pid, status);
}

bool child_signal(struct process *process, const siginfo_t *info)
{
	const struct guest_sigaction *action = &process->signals.action[SIGCHLD];
	bool exited = info->si_code == CLD_EXITED || info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED;

	tree_bury_children(process);
	robust_bury(process);
	reap_unwanted(process);
	wake_waiting(process);
	return exited || info->si_code <= 0 || !(action->flags & SA_NOCLDSTOP);
}

/* Looks once, without waiting: wait4(2) with WNOHANG. */
static int64_t look(struct task *task, const uint64_t arg[6])
{
	struct space *space = &task->process->space;
	struct rusage usage;
	int status = 0;
	pid_t pid;

	while ((pid = wait4(pids_to_host(task->process, (pid_t)arg[0]), &status, (int)arg[2] | WNOHANG, &usage)) > 0 && has_ended(status)
		&& unwanted(task->process))
		forget(task->process, pid, status);
	if (pid < 0)
		return -errno;
	if (pid == 0)
		return 0;
	task->process->signals.due = true; /* the child's SIGCHLD came before */
	pid = tree_child_reaped(task->process, pid, status, &usage);
	if (arg[1] && !space_write(space, arg[1], &status, sizeof(status)))
		return -EFAULT;
	if (arg[3] && !space_write(space, arg[3], &usage, sizeof(usage)))
		return -EFAULT;
	return pid;
}

/* Waits for the next change of a child's state, after which the caller looks again. Silent children send no signal. */
static int64_t wait_for_change(struct task *task)
{
	int64_t result;

	if (!task->process->silent_children) {
		task->wait.child = true;
		return wait_until(task, WAIT_FOREVER);
	}
	result = file_retried(task);
	if (result == 0) {
		result = file_retry_later(task);
		task->wait.child = true;
	}
	return result;
}

int64_t sys_wait4(struct task *task, const uint64_t arg[6])
{
	int64_t result;
	bool of_tracer;

	if ((int)arg[2] & ~WAIT4_OPTIONS)
		return -EINVAL;
	if ((pid_t)arg[0] == INT32_MIN)
		return -ESRCH;
	result = tracer_wait(task, arg, &of_tracer);
	if (of_tracer)
		return result;
	for (;;) {
		result = look(task, arg);
		if (result != 0 || ((int)arg[2] & WNOHANG))
			return result;
		result = wait_for_change(task);
		if (result != 0)
			return result;
	}
}

/* If no child has changed state, waitid(2) sets si_pid to 0 and nothing else. */
static int64_t look_id(struct task *task, const uint64_t arg[6], siginfo_t *info, struct rusage *usage)
{
	id_t id = (id_t)arg[1];

	if ((idtype_t)arg[0] == P_PID || (idtype_t)arg[0] == P_PGID)
		id = id ? (id_t)pids_to_host(task->process, (pid_t)id) : 0;
	for (;;) {
		memset(info, 0, sizeof(*info));
		reap_unwanted(task->process);
		if (syscall(SYS_waitid, (int)arg[0], id, info, (int)arg[3] | WNOHANG, usage) != 0)
			return -errno;
		if (info->si_pid == 0)
			return 0;
		if (!unwanted(task->process) || !has_ended(tree_wait_status(info)))
			break;
		if (!((int)arg[3] & WNOWAIT))
			forget(task->process, info->si_pid, tree_wait_status(info));
	}
	task->process->signals.due = true;
	info->si_pid = (int)arg[3] & WNOWAIT ? pids_from_host(task->process, info->si_pid)
					     : tree_child_reaped(task->process, info->si_pid, tree_wait_status(info), usage);
	info->si_utime = info->si_stime = 0;
	return 1;
}

/* Returns true if the process is named by a pidfd that does not block (kernel_waitid_prepare()). */
static bool pidfd_answers_at_once(const uint64_t arg[6])
{
	return (idtype_t)arg[0] == P_PIDFD && fcntl((int)arg[1], F_GETFL) & O_NONBLOCK;
}

static int64_t put_id(struct task *task, const uint64_t arg[6], const siginfo_t *info, const struct rusage *usage)
{
	struct space *space = &task->process->space;

	/* as waitid() of kernel/exit.c, which leaves the rest alone */
	if (arg[2]
		&& (!space_write(space, arg[2], info, offsetof(siginfo_t, si_code) + sizeof(info->si_code))
			|| !space_write(space, arg[2] + offsetof(siginfo_t, si_pid), &info->si_pid,
				offsetof(siginfo_t, si_status) + sizeof(info->si_status) - offsetof(siginfo_t, si_pid))))
		return -EFAULT;
	if (arg[4] && info->si_pid && !space_write(space, arg[4], usage, sizeof(*usage)))
		return -EFAULT;
	return 0;
}

int64_t sys_waitid(struct task *task, const uint64_t arg[6])
{
	for (;;) {
		struct rusage usage;
		siginfo_t info;
		int64_t result = look_id(task, arg, &info, &usage);

		if (result < 0) {
			memset(&info, 0, sizeof(info));
			return put_id(task, arg, &info, &usage) < 0 ? -EFAULT : result;
		}
		if (result > 0 || (int)arg[3] & WNOHANG)
			return put_id(task, arg, &info, &usage);
		if (pidfd_answers_at_once(arg))
			return -EAGAIN;
		result = wait_for_change(task);
		if (result != 0)
			return result;
	}
}
