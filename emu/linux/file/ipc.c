/* System V and POSIX message queues and semaphores. The host does not tell when a System V operation could go on, so a blocking one is
 * tried again at intervals. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/kernel/view.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/time/clock_ids.h"

enum { SEMOPS_MAX = 500, MSG_HEADER = 8, SEM_STRUCT = 104 };

/* --- semaphores ---------------------------------------------------------------------------------------------------- */

static int64_t read_operations(struct task *task, const uint64_t arg[6], struct sembuf operations[SEMOPS_MAX])
{
	if (arg[2] == 0)
		return -EINVAL;
	if (arg[2] > SEMOPS_MAX)
		return -E2BIG;
	return space_read(&task->process->space, arg[1], operations, arg[2] * sizeof(*operations)) ? 0 : -EFAULT;
}

/* Returns the operation that cannot be done, trying them one after the other, as the kernel does (perform_atomic_semop()). */
static const struct sembuf *find_blocking(int id, const struct sembuf *operations, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		long value = semctl(id, operations[i].sem_num, GETVAL);

		for (uint64_t k = 0; k < i; k++)
			value += operations[k].sem_num == operations[i].sem_num ? operations[k].sem_op : 0;
		if (operations[i].sem_op == 0 ? value != 0 : value + operations[i].sem_op < 0)
			return &operations[i];
	}
	return &operations[0];
}

/* Notes on which semaphore the thread waits: semctl(2) counts such threads. */
static void note_wait(struct task *task, int id, const struct sembuf *blocking)
{
	task->wait.sem_waits = true;
	task->wait.semaphores = id;
	task->wait.semaphore = blocking->sem_num;
	task->wait.sem_for_zero = blocking->sem_op == 0;
}

/* task->wait.progress holds the deadline, since each try is a new wait. If the set has vanished between two tries, it was removed. */
static int64_t semop_until(struct task *task, const uint64_t arg[6], uint64_t deadline)
{
	struct sembuf operations[SEMOPS_MAX], tried[SEMOPS_MAX];
	bool again = task->wait.progress != 0, may_wait = true;
	int64_t result = file_retried(task);

	if (result)
		return -EINTR; /* never restarted: signal(7) */
	result = read_operations(task, arg, operations);
	if (result)
		return result;
	memcpy(tried, operations, arg[2] * sizeof(*tried));
	for (uint64_t i = 0; i < arg[2]; i++) {
		may_wait = may_wait && !(operations[i].sem_flg & IPC_NOWAIT);
		tried[i].sem_flg |= IPC_NOWAIT;
	}
	result = syscall_host(SYS_semop, (const uint64_t[6]){ arg[0], (uint64_t)tried, arg[2] });
	if (again && result == -EINVAL)
		return -EIDRM;
	if (result != -EAGAIN || !may_wait)
		return result;
	if (!again)
		task->wait.progress = deadline;
	if ((uint64_t)task_clock_ns(task, CLOCK_MONOTONIC) >= task->wait.progress)
		return -EAGAIN;
	result = file_retry_later(task);
	task->wait.retries = task->wait.progress == WAIT_FOREVER;
	note_wait(task, (int)arg[0], find_blocking((int)arg[0], operations, arg[2]));
	return result;
}

int64_t sys_semop(struct task *task, const uint64_t arg[6])
{
	return semop_until(task, arg, WAIT_FOREVER);
}

int64_t sys_semtimedop(struct task *task, const uint64_t arg[6])
{
	uint64_t deadline;
	int64_t error = file_deadline(task, arg[3], &deadline);
	return error ? error : semop_until(task, arg, deadline);
}

/* Counts the threads of one process of the run that wait for the semaphore. */
static int64_t count_waiters(struct view *view, const uint64_t arg[6])
{
	pid_t *tids = view_list(view);
	unsigned threads = view->threads;
	int64_t count = 0;

	for (unsigned i = 0; tids && i < threads; i++) {
		const struct wait *wait;

		if (!view_find(view, tids[i]))
			continue;
		wait = &view->task->wait;
		count += view->task->state == TASK_WAITING && wait->sem_waits && wait->semaphores == (int)arg[0]
			&& wait->semaphore == (uint16_t)arg[1] && wait->sem_for_zero == ((int)arg[2] == GETZCNT);
	}
	free(tids);
	return count;
}

/* The host's count includes only processes outside the run, since threads of the run wait by trying again and again. Those are counted
 * here, in all processes of the run. */
static int64_t waiters(struct task *task, const uint64_t arg[6])
{
	int64_t count = syscall_host(SYS_semctl, arg);
	DIR *directory = count < 0 ? NULL : opendir("/proc");
	struct dirent *entry;
	struct view view;

	while (directory && (entry = readdir(directory))) {
		pid_t host = atoi(entry->d_name);

		if (host <= 0 || !view_open(&view, task->process, pids_from_host(task->process, host), 0))
			continue;
		if (view.process && view.host == host)
			count += count_waiters(&view, arg);
		view_close(&view);
	}
	if (directory)
		closedir(directory);
	return count;
}

int64_t sys_semctl(struct task *task, const uint64_t arg[6])
{
	uint64_t size = 0;
	int64_t result;

	switch ((int)arg[2]) {
	case GETNCNT:
	case GETZCNT: return waiters(task, arg);
	case GETPID: result = syscall_host(SYS_semctl, arg); return result > 0 ? pids_from_host(task->process, (pid_t)result) : result;
	case IPC_STAT:
	case IPC_SET:
	case SEM_STAT:
	case IPC_INFO:
	case SEM_INFO: size = SEM_STRUCT; break;
	case GETALL:
	case SETALL:
		size = 1; /* as many as the set has, which only the kernel knows */
		break;
	default: return syscall_host(SYS_semctl, arg);
	}
	if (!space_in_guest(arg[3], size))
		return -EFAULT;
	space_prepare_write(&task->process->space, arg[3], size);
	return syscall_host(SYS_semctl, arg);
}

/* --- ids of processes ---------------------------------------------------------------------------------------------- */

/* Translates the id of the last user, in a structure that the host has filled in. */
static void translate_id(struct task *task, uint64_t address)
{
	struct space *space = &task->process->space;
	pid_t id;

	if (!space_read(space, address, &id, sizeof(id)) || id <= 0)
		return;
	id = pids_from_host(task->process, id);
	space_write(space, address, &id, sizeof(id));
}

int64_t sys_msgctl(struct task *task, const uint64_t arg[6])
{
	int64_t result = syscall_host(SYS_msgctl, arg);
	int command = (int)arg[1];

	if (result < 0 || (command != IPC_STAT && command != MSG_STAT && command != MSG_STAT_ANY))
		return result;
	translate_id(task, arg[2] + offsetof(struct msqid_ds, msg_lspid));
	translate_id(task, arg[2] + offsetof(struct msqid_ds, msg_lrpid));
	return result;
}

int64_t sys_shmctl(struct task *task, const uint64_t arg[6])
{
	int64_t result = syscall_host(SYS_shmctl, arg);
	int command = (int)arg[1];

	if (result < 0 || (command != IPC_STAT && command != SHM_STAT && command != SHM_STAT_ANY))
		return result;
	translate_id(task, arg[2] + offsetof(struct shmid_ds, shm_cpid));
	translate_id(task, arg[2] + offsetof(struct shmid_ds, shm_lpid));
	return result;
}

/* --- message queues ------------------------------------------------------------------------------------------------ */

static int64_t message_retry(struct task *task, uint64_t number, const uint64_t arg[6], unsigned flags_at, int64_t nothing)
{
	uint64_t try[6] = { arg[0], arg[1], arg[2], arg[3], arg[4], arg[5] };
	bool again = task->wait.wake != WAKE_NOT_YET;
	if (file_retried(task))
		return -EINTR;
	if (!space_in_guest(arg[1], arg[2]) || !space_in_guest(arg[1], arg[2] + MSG_HEADER))
		return (int64_t)arg[2] < 0 ? -EINVAL : -EFAULT;
	if (!(number == SYS_msgrcv && arg[4] & MSG_COPY)) /* with MSG_COPY it never waits, but without IPC_NOWAIT it is refused */
		try[flags_at] |= IPC_NOWAIT;
	int64_t result = syscall_host(number, try);
	if (again && result == -EINVAL)
		return -EIDRM;
	return result == nothing && !(arg[flags_at] & (IPC_NOWAIT | MSG_COPY)) ? file_retry_later(task) : result;
}

int64_t sys_msgsnd(struct task *task, const uint64_t arg[6])
{
	return message_retry(task, SYS_msgsnd, arg, 3, -EAGAIN);
}

int64_t sys_msgrcv(struct task *task, const uint64_t arg[6])
{
	space_prepare_write(&task->process->space, arg[1], arg[2] + MSG_HEADER);
	return message_retry(task, SYS_msgrcv, arg, 4, -ENOMSG);
}

/* Makes the call with a timeout that has passed: if it would wait, it gives ETIMEDOUT (wq_sleep()). A queue's descriptor can be polled.
 * The guest's timeout is a time of CLOCK_REALTIME. */
static int64_t queue_call(struct task *task, uint64_t number, const uint64_t arg[6], short events)
{
	const struct timespec passed = { 0 };
	const uint64_t host[6] = { arg[0], arg[1], arg[2], arg[3], (uint64_t)&passed };
	uint64_t deadline = WAIT_FOREVER;
	struct timespec until;
	if (arg[4]) {
		if (!space_read(&task->process->space, arg[4], &until, sizeof(until)))
			return -EFAULT;
		if (!timespec_valid(&until))
			return -EINVAL;
		deadline = clock_deadline(task, CLOCK_REALTIME, timespec_ns(&until));
	}
	for (;;) {
		bool woken = task->wait.wake != WAKE_NOT_YET;
		int64_t wait = woken ? wait_fd(task, (int)arg[0], events, deadline) : 0, result = syscall_host(number, host);
		if (result != -ETIMEDOUT || wait)
			return result != -ETIMEDOUT ? result : wait;
		wait = wait_fd(task, (int)arg[0], events, deadline);
		if (wait)
			return wait;
	}
}

int64_t sys_mq_timedsend(struct task *task, const uint64_t arg[6])
{
	return queue_call(task, SYS_mq_timedsend, arg, POLLOUT);
}

int64_t sys_mq_timedreceive(struct task *task, const uint64_t arg[6])
{
	return queue_call(task, SYS_mq_timedreceive, arg, POLLIN);
}

/* The host sends the signal to this process, where it is handled like any signal from outside. SIGEV_THREAD is a message to a netlink
 * socket of the guest's libc: 32 bytes at the value (NOTIFY_COOKIE_LEN). */
int64_t sys_mq_notify(struct task *task, const uint64_t arg[6])
{
	enum { COOKIE_BYTES = 32 };
	struct sigevent event;
	const uint64_t host[6] = { arg[0], arg[1] ? (uint64_t)&event : 0 };
	if (arg[1] && !space_read(&task->process->space, arg[1], &event, sizeof(event)))
		return -EFAULT;
	if (arg[1] && event.sigev_notify == SIGEV_THREAD && !space_in_guest((uint64_t)event.sigev_value.sival_ptr, COOKIE_BYTES))
		return -EFAULT;
	task->process->signals.calls_signal = true;
	return syscall_host(SYS_mq_notify, host);
}
