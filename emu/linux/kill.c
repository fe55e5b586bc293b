/* Sending signals. A process's own go straight to its queues; others' go by way of the host. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/calls.h"
#include "emu/linux/pids.h"
#include "emu/linux/schedule.h"
#include "emu/linux/signal.h"
#include "emu/linux/thread.h"

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

/* Nothing can keep SIGKILL waiting. */
static bool killed(struct process *process, int number)
{
	if (number != SIGKILL)
		return false;
	process_end(process, SIGKILL);
	return true;
}

int64_t sys_kill(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	pid_t pid = (pid_t)arg[0];
	int number = (int)arg[1];
	siginfo_t info;

	if (!valid(number))
		return -EINVAL;
	if (pid == process->pid) {
		info = from_self(process, number, SI_USER);
		if (number != 0 && !killed(process, number))
			signal_send_process(process, &info);
		return 0;
	}
	process->signals_due = true; /* the group may be our own */
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
	if (info->si_signo != 0 && !killed(process, info->si_signo))
		signal_send_task(target, info);
	return 0;
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

/* Reads the siginfo of rt_sigqueueinfo(2). Only to itself may a process pretend to be the kernel. */
static int64_t read_info(struct task *task, uint64_t address, int number, pid_t pid, siginfo_t *info)
{
	if (!space_read(&task->process->space, address, info, sizeof(*info)))
		return -EFAULT;
	info->si_signo = number;
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && pid != task->process->pid)
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
	if (pid != process->pid)
		return pids_queue(process, pid, number, &info);
	if (number != 0 && !killed(process, number))
		signal_send_process(process, &info);
	return 0;
}

int64_t sys_rt_tgsigqueueinfo(struct task *task, const uint64_t arg[6])
{
	siginfo_t info;
	int64_t result = read_info(task, arg[3], (int)arg[2], (pid_t)arg[0], &info);

	if (result != 0)
		return result;
	if ((pid_t)arg[0] <= 0)
		return -EINVAL;
	return send_to_thread(task, (pid_t)arg[0], (pid_t)arg[1], &info);
}
