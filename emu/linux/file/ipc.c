/* System V and POSIX message queues. The host does not tell when a System V operation could go on, so a blocking one is tried again at
 * intervals. (Semaphores: process/semaphores.c.) */
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

enum { MSG_HEADER = 8 };

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

/* `nothing` is the error for a call that would wait; a call that `answers` never waits, and is refused with IPC_NOWAIT or without. */
static int64_t message_retry(struct task *task, uint64_t number, const uint64_t arg[6], unsigned flags_at, int64_t nothing, bool answers)
{
	uint64_t try[6] = { arg[0], space_host_pointer(arg[1], (int64_t)arg[2] < 0 ? 0 : arg[2] + MSG_HEADER), arg[2], arg[3], arg[4],
		arg[5] };
	bool again = task->wait.wake != WAKE_NOT_YET;
	if (file_retried(task))
		return -EINTR;
	if (!answers)
		try[flags_at] |= IPC_NOWAIT;
	int64_t result = syscall_host(number, try);
	if (again && result == -EINVAL)
		return -EIDRM;
	return result == nothing && !(arg[flags_at] & IPC_NOWAIT) && !answers ? file_retry_later(task) : result;
}

int64_t sys_msgsnd(struct task *task, const uint64_t arg[6])
{
	return message_retry(task, SYS_msgsnd, arg, 3, -EAGAIN, false);
}

int64_t sys_msgrcv(struct task *task, const uint64_t arg[6])
{
	space_prepare_write(&task->process->space, arg[1], arg[2] + MSG_HEADER);
	return message_retry(task, SYS_msgrcv, arg, 4, -ENOMSG, arg[4] & MSG_COPY);
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
