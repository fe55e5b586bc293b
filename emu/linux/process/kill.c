/* Sending signals. Those to the own process go to its queues; those to other processes go through the host. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/descriptor.h"
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

/* Returns the guest's id of the process of a pidfd or a directory of /proc; -EBADF if it is neither, -ESRCH if the process has ended. */
static pid_t pidfd_process(const struct process *process, int fd)
{
	int pid = file_info(fd, "Pid");

	if (pid == FILE_NO_INFO)
		pid = proc_directory(fd);
	if (pid == 0)
		return -EBADF;
	return pid < 0 ? -ESRCH : pids_from_host(process, pid);
}

/* The flags that choose a thread or a group came with Linux 6.9; they are refused, as before it. */
int64_t sys_pidfd_send_signal(struct task *task, const uint64_t arg[6])
{
	pid_t pid = arg[3] ? -EINVAL : pidfd_process(task->process, (int)arg[0]);
	const uint64_t by_id[6] = { (uint64_t)pid, arg[1], arg[2] };
	siginfo_t info;

	if (pid < 0)
		return pid;
	if (!arg[2])
		return sys_kill(task, by_id);
	if (!space_read(&task->process->space, arg[2], &info, sizeof(info)))
		return -EFAULT;
	return info.si_signo == (int)arg[1] ? sys_rt_sigqueueinfo(task, by_id) : -EINVAL;
}
