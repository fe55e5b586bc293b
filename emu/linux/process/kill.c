/* Sending signals. Those to the own process go to its queues; those to other processes go through the host. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/host_thread.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/signal/signal.h"
#include "emu/mem/doorbell.h"

static siginfo_t from_self(struct process *process, int number, int code)
{
	siginfo_t info = { .si_signo = number, .si_code = code };

	info.si_pid = process->pid;
	info.si_uid = getuid();
	return info;
}

static bool valid(int number)
{
	return number >= 0 && number <= GUEST_SIGNALS;
}

/* SIGKILL takes effect at once. */
static bool killed(struct process *process, int number)
{
	if (number != SIGKILL)
		return false;
	process_end(process, SIGKILL);
	return true;
}

/* A real-time signal is refused if there is no room for it, except one of kill(2): __send_signal_locked(). */
static bool no_room(const struct process *process, const siginfo_t *info)
{
	enum { FIRST_REAL_TIME = 32 };

	return info->si_signo >= FIRST_REAL_TIME && info->si_code != SI_USER && signal_queue_full(process);
}

/* Sends to this process, or to one of its threads. Number 0 only asks if it exists. */
static int64_t send_own(struct process *process, struct task *thread, const siginfo_t *info)
{
	if (info->si_signo == 0 || killed(process, info->si_signo))
		return 0;
	if (no_room(process, info))
		return -EAGAIN;
	if (thread)
		signal_send_task(thread, info);
	else
		signal_send_process(process, info);
	return 0;
}

int64_t sys_kill(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	pid_t pid = (pid_t)arg[0];
	int number = (int)arg[1];
	siginfo_t info;

	if (!valid(number))
		return -EINVAL;
	if (pid > 0 && pids_find(task, pid).task) {
		info = from_self(process, number, SI_USER);
		return send_own(process, NULL, &info);
	}
	process->signals.due = true; /* the group may be our own */
	return pids_kill(process, pid, number);
}

static int64_t send_to_thread(struct task *task, pid_t tgid, pid_t tid, const siginfo_t *info)
{
	struct process *process = task->process;
	struct task *target = task_find(process, tid);

	if (!valid(info->si_signo) || tid <= 0)
		return -EINVAL;
	if (!target || (tgid != -1 && tgid != process->pid))
		return tgid != -1 && tgid == process->pid ? -ESRCH : pids_tkill(process, tgid, tid, info->si_signo);
	return send_own(process, target, info);
}

int64_t sys_tgkill(struct task *task, const uint64_t arg[6])
{
	siginfo_t info = from_self(task->process, (int)arg[2], SI_TKILL);

	if ((pid_t)arg[0] <= 0)
		return -EINVAL;
	return send_to_thread(task, (pid_t)arg[0], (pid_t)arg[1], &info);
}

int64_t sys_tkill(struct task *task, const uint64_t arg[6])
{
	siginfo_t info = from_self(task->process, (int)arg[1], SI_TKILL);

	return send_to_thread(task, -1, (pid_t)arg[0], &info);
}

/* Reads the siginfo of rt_sigqueueinfo(2). A thread may pretend to be the kernel only towards its own process (do_rt_sigqueueinfo()). */
static int64_t read_info(struct task *task, uint64_t address, int number, pid_t id, siginfo_t *info)
{
	if (!space_read(&task->process->space, address, info, sizeof(*info)))
		return -EFAULT;
	info->si_signo = number;
	doorbell_disarm(info);
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && id != task->tid)
		return -EPERM;
	return 0;
}

int64_t sys_rt_sigqueueinfo(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	pid_t pid = (pid_t)arg[0];
	int number = (int)arg[1];
	siginfo_t info;
	int64_t result = read_info(task, arg[2], number, pid, &info);

	if (result != 0)
		return result;
	if (!valid(number))
		return -EINVAL;
	if (pid <= 0 || !pids_find(task, pid).task)
		return pid <= 0 ? -ESRCH : pids_queue(process, pid, number, &info);
	return send_own(process, NULL, &info);
}

int64_t sys_rt_tgsigqueueinfo(struct task *task, const uint64_t arg[6])
{
	siginfo_t info;
	int64_t result = read_info(task, arg[3], (int)arg[2], (pid_t)arg[1], &info);

	if (result != 0)
		return result;
	if ((pid_t)arg[0] <= 0)
		return -EINVAL;
	return send_to_thread(task, (pid_t)arg[0], (pid_t)arg[1], &info);
}

/* --- by descriptor ------------------------------------------------------------------------------------ */

/* Returns the host's id of the process whose directory of /proc `fd` is; -1: the process has ended; 0: it is no such directory. */
static int proc_directory(int fd)
{
	char link[32], path[64];
	int pid = 0, end = 0, gone = 0;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0)
		return 0;
	path[length] = '\0';
	if (sscanf(path, "/proc/%d%n (deleted)%n", &pid, &end, &gone) != 1 || (end != length && gone != length))
		return 0;
	return gone ? -1 : pid;
}

/* Returns the host's id of what a pidfd or a directory of /proc stands for; -EBADF if it is neither, -ESRCH if that has ended. */
static pid_t pidfd_host(int fd)
{
	int pid = file_info(fd, "Pid");

	if (pid == FILE_NO_INFO)
		pid = proc_directory(fd);
	if (pid == 0)
		return -EBADF;
	return pid < 0 ? -ESRCH : pid;
}

/* The flags of pidfd_send_signal(2), since Linux 6.9. Without any, the descriptor tells if the signal is for a thread. */
enum { TO_THREAD = 1, TO_PROCESS = 2, TO_GROUP = 4 };

/* Returns which of them applies, or -EINVAL. The host judges flags, by a call that sends nothing. */
static int scope_of(int fd, uint64_t flags)
{
	if (flags && syscall(SYS_pidfd_send_signal, fd, 0, NULL, flags) != 0 && errno == EINVAL)
		return -EINVAL;
	if (flags)
		return (int)flags;
	return fcntl(fd, F_GETFL) & THREAD_PIDFD ? TO_THREAD : TO_PROCESS;
}

/* Sends a signal to the thread `tid`, the process or the group `pid`. */
static int64_t send_in_scope(struct task *task, int scope, pid_t tid, pid_t pid, const uint64_t arg[6])
{
	const uint64_t by_id[6] = { (uint64_t)(scope == TO_GROUP ? -pid : pid), arg[1], arg[2] };
	siginfo_t info = from_self(task->process, (int)arg[1], SI_TKILL);

	if (arg[2]) {
		if (!space_read(&task->process->space, arg[2], &info, sizeof(info)))
			return -EFAULT;
		if (info.si_signo != (int)arg[1])
			return -EINVAL;
	}
	if (scope == TO_THREAD) {
		int64_t error = arg[2] ? read_info(task, arg[2], (int)arg[1], tid, &info) : 0;

		return error ? error : send_to_thread(task, -1, tid, &info);
	}
	return arg[2] && scope == TO_PROCESS ? sys_rt_sigqueueinfo(task, by_id) : sys_kill(task, by_id);
}

int64_t sys_pidfd_send_signal(struct task *task, const uint64_t arg[6])
{
	pid_t host = pidfd_host((int)arg[0]), pid;
	struct task *thread;
	int scope;

	if (host < 0)
		return host;
	scope = scope_of((int)arg[0], arg[3]);
	if (scope < 0)
		return scope;
	thread = host_thread_named(task->process, host);
	pid = thread ? task->process->pid : pids_from_host(task->process, host);
	return send_in_scope(task, scope, thread ? thread->tid : pid, pid, arg);
}
