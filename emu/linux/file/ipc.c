/* System V and POSIX message queues and semaphores. The host does not tell when a System V operation could go on, so a blocking one is
 * tried again at intervals. */
#include <asm/unistd_64.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/time/clock_ids.h"

enum { SEMOPS_MAX = 500, MSG_HEADER = 8, SEM_STRUCT = 104 };

/* --- semaphores ---------------------------------------------------------------------------------------------------- */

static int64_t semop_once(struct task *task, const uint64_t arg[6], bool *may_wait)
{
	struct sembuf operations[SEMOPS_MAX];
	if (arg[2] == 0)
		return -EINVAL;
	if (arg[2] > SEMOPS_MAX)
		return -E2BIG;
	if (!space_read(&task->process->space, arg[1], operations, arg[2] * sizeof *operations))
		return -EFAULT;
	*may_wait = true;
	for (uint64_t i = 0; i < arg[2]; i++) {
		*may_wait = *may_wait && !(operations[i].sem_flg & IPC_NOWAIT);
		operations[i].sem_flg |= IPC_NOWAIT;
	}
	const uint64_t host[6] = {arg[0], (uint64_t)operations, arg[2]};
	return syscall_host(__NR_semop, host);
}

/* task->wait.progress holds the deadline, since each try is a new wait. */
static int64_t semop_until(struct task *task, const uint64_t arg[6], uint64_t deadline)
{
	bool may_wait = false;
	int64_t result = file_retried(task);
	if (result)
		return -EINTR; /* never restarted: signal(7) */
	result = semop_once(task, arg, &may_wait);
	if (result != -EAGAIN || !may_wait)
		return result;
	if (!task->wait.progress)
		task->wait.progress = deadline;
	if ((uint64_t)task_clock_ns(task, CLOCK_MONOTONIC) >= task->wait.progress)
		return -EAGAIN;
	result = file_retry_later(task);
	task->wait.retries = task->wait.progress == WAIT_FOREVER;
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

int64_t sys_semctl(struct task *task, const uint64_t arg[6])
{
	uint64_t size = 0;
	switch ((int)arg[2]) {
	case IPC_STAT:
	case IPC_SET:
	case SEM_STAT:
	case IPC_INFO:
	case SEM_INFO:
		size = SEM_STRUCT;
		break;
	case GETALL:
	case SETALL:
		size = 1; /* as many as the set has, which only the kernel knows */
		break;
	default:
		return syscall_host(__NR_semctl, arg);
	}
	if (!space_in_guest(arg[3], size))
		return -EFAULT;
	space_prepare_write(&task->process->space, arg[3], size);
	return syscall_host(__NR_semctl, arg);
}

/* --- message queues ------------------------------------------------------------------------------------------------ */

static int64_t message_retry(struct task *task, uint64_t number, const uint64_t arg[6], unsigned flags_at, int64_t nothing)
{
	uint64_t try[6] = {arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]};
	if (file_retried(task))
		return -EINTR;
	if (!space_in_guest(arg[1], arg[2]) || !space_in_guest(arg[1], arg[2] + MSG_HEADER))
		return (int64_t)arg[2] < 0 ? -EINVAL : -EFAULT;
	if (!(number == __NR_msgrcv && arg[4] & MSG_COPY)) /* with MSG_COPY it never waits, but without IPC_NOWAIT it is refused */
		try[flags_at] |= IPC_NOWAIT;
	int64_t result = syscall_host(number, try);
	return result == nothing && !(arg[flags_at] & (IPC_NOWAIT | MSG_COPY)) ? file_retry_later(task) : result;
}

int64_t sys_msgsnd(struct task *task, const uint64_t arg[6])
{
	return message_retry(task, __NR_msgsnd, arg, 3, -EAGAIN);
}

int64_t sys_msgrcv(struct task *task, const uint64_t arg[6])
{
	space_prepare_write(&task->process->space, arg[1], arg[2] + MSG_HEADER);
	return message_retry(task, __NR_msgrcv, arg, 4, -ENOMSG);
}

/* Makes the call with a timeout that has passed: if it would wait, it gives ETIMEDOUT (wq_sleep()). A queue's descriptor can be polled.
 * The guest's timeout is a time of CLOCK_REALTIME. */
static int64_t queue_call(struct task *task, uint64_t number, const uint64_t arg[6], short events)
{
	const struct timespec passed = {0};
	const uint64_t host[6] = {arg[0], arg[1], arg[2], arg[3], (uint64_t)&passed};
	uint64_t deadline = WAIT_FOREVER;
	struct timespec until;
	if (arg[4]) {
		if (!space_read(&task->process->space, arg[4], &until, sizeof until))
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
	return queue_call(task, __NR_mq_timedsend, arg, POLLOUT);
}

int64_t sys_mq_timedreceive(struct task *task, const uint64_t arg[6])
{
	return queue_call(task, __NR_mq_timedreceive, arg, POLLIN);
}

/* The host sends the signal to us, from where it goes the way of all signals from outside. SIGEV_THREAD is a message to a netlink socket of
 * the guest's libc: 32 bytes behind the value (NOTIFY_COOKIE_LEN). */
int64_t sys_mq_notify(struct task *task, const uint64_t arg[6])
{
	enum { COOKIE_BYTES = 32 };
	struct sigevent event;
	const uint64_t host[6] = {arg[0], arg[1] ? (uint64_t)&event : 0};
	if (arg[1] && !space_read(&task->process->space, arg[1], &event, sizeof event))
		return -EFAULT;
	if (arg[1] && event.sigev_notify == SIGEV_THREAD && !space_in_guest((uint64_t)event.sigev_value.sival_ptr, COOKIE_BYTES))
		return -EFAULT;
	task->process->calls_signal = true;
	return syscall_host(__NR_mq_notify, host);
}
