/* Translates process ids between the guest's numbers and the host's. */
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST_THREAD = 1 << 22 }; /* above the host's largest pid_max, so no process has this id */

pid_t pids_to_host(const struct process *process, pid_t pid)
{
	pid_t host;

	if (!process->tree || pid == 0 || pid == -1)
		return pid;
	host = tree_to_host(process->tree, pid < 0 ? -pid : pid);
	if (host < 0)
		return INT32_MAX; /* an id that the host does not have */
	return pid < 0 ? -host : host;
}

struct target pids_find(struct task *task, pid_t id)
{
	struct task *found = id ? task_find(task->process, id) : task;

	/* the process keeps the leader's id after the leader has ended */
	if (!found && id == task->process->pid)
		found = task;
	if (found)
		return (struct target){ .task = found, .leads = found->tid == task->process->pid || id == task->process->pid };
	return (struct target){ .leads = true, .host = pids_to_host(task->process, id) };
}

pid_t pids_from_host(const struct process *process, pid_t pid)
{
	return process->tree ? tree_from_host(process->tree, pid) : pid;
}

pid_t pids_new_thread(struct process *process)
{
	return process->tree ? tree_new_id(process->tree) : FIRST_THREAD + (pid_t)peers_new_number(process);
}

static int64_t send(struct process *process, pid_t pid, int number, long (*how)(pid_t, int, siginfo_t *), siginfo_t *info)
{
	pid_t host = pids_to_host(process, pid);
	int error = 0;

	if (process->tree && number != 0)
		tree_signal_to_send(process, pid, number);
	if (how(host, number, info) != 0)
		error = errno;
	if (process->tree && number != 0)
		tree_signal_sent(process, error ? 0 : number);
	return -error;
}

static long by_kill(pid_t pid, int number, siginfo_t *info)
{
	(void)info;
	return kill(pid, number);
}

static long by_tkill(pid_t pid, int number, siginfo_t *info)
{
	(void)info;
	return syscall(SYS_tkill, pid, number);
}

static long by_queue(pid_t pid, int number, siginfo_t *info)
{
	return syscall(SYS_rt_sigqueueinfo, pid, number, info);
}

int64_t pids_kill(struct process *process, pid_t pid, int number)
{
	return send(process, pid, number, by_kill, NULL);
}

/* The host knows only the leaders of other processes' threads. */
int64_t pids_tkill(struct process *process, pid_t tgid, pid_t tid, int number)
{
	if (tgid != -1 && tgid != tid)
		return -ESRCH;
	return send(process, tid, number, by_tkill, NULL);
}

int64_t pids_queue(struct process *process, pid_t pid, int number, siginfo_t *info)
{
	return send(process, pid, number, by_queue, info);
}
