/* System V semaphores. The host's kernel has their values; who waits is noted here, in the table of futex_queue.h. As in the kernel, whoever
 * changes a set looks at once who can go on, in the order in which they came (do_smart_update()). Such a waiter's operations are as good
 * as done, so nobody else gets what it takes; its own process makes them, since the host notes who did (GETPID, SEM_UNDO). */
#include <errno.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/process/futex_queue.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/time/clock_ids.h"

enum { SEMOPS_MAX = 500, SEM_STRUCT = 104 };
/* Programs outside the run, and the end of a process with SEM_UNDO, change values without telling. */
enum { LOOK_NS = 50 * NS_PER_MS, LOOK_WITHOUT_ROOM_NS = NS_PER_MS };

struct operations {
	uint64_t count;
	struct sembuf at[SEMOPS_MAX];
};

/* --- who waits ----------------------------------------------------------------------------------------------------- */

static struct futex_key key_of(uint64_t id)
{
	return (struct futex_key){ .object = (uint32_t)id, .scope = FUTEX_SET };
}

/* Returns the waiter for the set that is next in the table from `*place` on, or NULL. Moves `*place` behind it. */
static struct futex_waiter *next_waiter(struct process *process, const struct futex_key *key, uint32_t *place)
{
	struct futex_waiter *waiter;

	while ((waiter = futex_waiter_at(process, true, (*place)++)))
		if (waiter->state != WAITER_NONE && futex_same_key(&waiter->key, key) && !peers_is_dead(process, waiter->seat))
			return waiter;
	return NULL;
}

static bool is_granted(const struct futex_waiter *waiter)
{
	return waiter && waiter->state == WAITER_WOKEN && waiter->semaphores.granted;
}

/* Returns what the operations that count as done, but are not yet made, add to the semaphore. `*any` becomes true if there are such. */
static long granted_sum(struct process *process, const struct futex_key *key, uint16_t number, bool *any)
{
	const struct futex_waiter *waiter;
	uint32_t place = 0;
	long sum = 0;

	while ((waiter = next_waiter(process, key, &place))) {
		if (!is_granted(waiter))
			continue;
		*any = true;
		for (uint32_t k = 0; k < waiter->semaphores.count; k++)
			sum += waiter->semaphores.operation[k].sem_num == number ? waiter->semaphores.operation[k].sem_op : 0;
	}
	return sum;
}

/* Returns the operation that cannot be done, trying them one after the other, as the kernel does (perform_atomic_semop()); NULL: all can,
 * or the host must judge. `*any` as above. */
static const struct sembuf *find_blocking(struct process *process, const struct futex_key *key, const struct sembuf *operations,
	uint64_t count, bool *any)
{
	for (uint64_t i = 0; i < count; i++) {
		long value = semctl((int)key->object, operations[i].sem_num, GETVAL);

		if (value < 0)
			return NULL;
		value += granted_sum(process, key, operations[i].sem_num, any);
		for (uint64_t k = 0; k < i; k++)
			value += operations[k].sem_num == operations[i].sem_num ? operations[k].sem_op : 0;
		if (operations[i].sem_op == 0 ? value != 0 : value + operations[i].sem_op < 0)
			return &operations[i];
	}
	return NULL;
}

static bool alters(const struct sembuf *operations, uint64_t count)
{
	for (uint64_t k = 0; k < count; k++)
		if (operations[k].sem_op)
			return true;
	return false;
}

/* --- going on ------------------------------------------------------------------------------------------------------ */

/* Lets the first waiter go on that can, of those that alter values or of those that only wait for 0. One with more operations than are
 * noted tries. Returns false if there is none. */
static bool grant_one(struct process *process, const struct futex_key *key, bool altering)
{
	struct futex_waiter *waiter, *first = NULL;
	uint32_t place = 0;

	while ((waiter = next_waiter(process, key, &place))) {
		const struct sem_wait *wanted = &waiter->semaphores;
		bool any = false;

		if (waiter->state != WAITER_WAITS || (first && first->order < waiter->order)
			|| (alters(wanted->operation, wanted->count) || !wanted->count) != altering)
			continue;
		if (!find_blocking(process, key, wanted->operation, wanted->count, &any))
			first = waiter;
	}
	if (!first)
		return false;
	first->semaphores.granted = first->semaphores.count > 0;
	futex_wake_waiter(process, first);
	return true;
}

/* Called when values of the set may have changed, with the lock held. */
static void grant(struct process *process, const struct futex_key *key)
{
	do
		while (grant_one(process, key, false))
			;
	while (grant_one(process, key, true));
}

/* The set is gone: all go on, and find that out. */
static void wake_all(struct process *process, const struct futex_key *key)
{
	struct futex_waiter *waiter;
	uint32_t place = 0;

	while ((waiter = next_waiter(process, key, &place)))
		if (waiter->state == WAITER_WAITS)
			futex_wake_waiter(process, waiter);
}

/* --- semop(2) ------------------------------------------------------------------------------------------------------ */

static int64_t read_operations(struct task *task, const uint64_t arg[6], struct operations *operations)
{
	if (arg[2] == 0)
		return -EINVAL;
	if (arg[2] > SEMOPS_MAX)
		return -E2BIG;
	operations->count = arg[2];
	return space_read(&task->process->space, arg[1], operations->at, arg[2] * sizeof(*operations->at)) ? 0 : -EFAULT;
}

/* Returns the host's result of all operations, made without waiting. */
static int64_t make(uint64_t id, const struct operations *operations)
{
	struct operations tried = *operations;

	for (uint64_t k = 0; k < tried.count; k++)
		tried.at[k].sem_flg |= IPC_NOWAIT;
	return syscall_host(SYS_semop, (const uint64_t[6]){ id, (uint64_t)tried.at, tried.count });
}

/* Notes the thread as one that waits for `blocking`, behind all others if it is not yet noted. */
static void note(struct task *task, const struct futex_key *key, const struct operations *operations, const struct sembuf *blocking)
{
	struct futex_waiter *waiter = futex_waiter_of(task);

	if (!waiter)
		waiter = futex_add(task, key);
	if (!waiter)
		return;
	waiter->semaphores = (struct sem_wait){ .blocking = *blocking };
	if (operations->count <= SEM_OPERATIONS) {
		waiter->semaphores.count = (uint32_t)operations->count;
		memcpy(waiter->semaphores.operation, operations->at, operations->count * sizeof(*operations->at));
	}
	waiter->state = WAITER_WAITS;
}

/* Tries the operations, with the lock held. Returns their result, or SYSCALL_WAIT if the thread is to wait. */
static int64_t attempt(struct task *task, const struct futex_key *key, const struct operations *operations)
{
	struct futex_waiter *own = futex_waiter_of(task);
	const struct sembuf *blocking = NULL;
	bool any = false;
	int64_t result;

	if (is_granted(own))
		own->semaphores.granted = false;
	else
		blocking = find_blocking(task->process, key, operations->at, operations->count, &any);
	result = blocking && any ? -EAGAIN : make(key->object, operations);
	if (result == 0 && alters(operations->at, operations->count))
		grant(task->process, key);
	if (result != -EAGAIN)
		return result;
	blocking = blocking ? blocking : operations->at;
	if (blocking->sem_flg & IPC_NOWAIT)
		return result;
	note(task, key, operations, blocking);
	return SYSCALL_WAIT;
}

/* Waits until the waiter is woken, or for the next look. */
static int64_t wait_for_look(struct task *task, uint64_t deadline)
{
	uint64_t next = wait_deadline(task, task->wait.futex_waiter ? LOOK_NS : LOOK_WITHOUT_ROOM_NS);

	task->wait.begun = false;
	task->wait.limit = deadline;
	task->wait.retries = deadline == WAIT_FOREVER;
	return wait_until(task, next < deadline ? next : deadline);
}

/* task->wait.progress holds the deadline, since each look is a new wait. If the set has vanished between two, it was removed. */
static int64_t semop_until(struct task *task, const uint64_t arg[6], uint64_t deadline)
{
	bool again = task->wait.progress != 0, interrupted = task->wait.wake == WAKE_SIGNAL;
	struct futex_key key = key_of(arg[0]);
	struct operations operations;
	int64_t result = read_operations(task, arg, &operations);

	if (result != 0)
		return result;
	peers_seat(task->process);
	if (again)
		wait_until(task, WAIT_FOREVER); /* takes note of what has ended the wait */
	else
		task->wait.progress = deadline;
	futex_lock(task->process, &key, NULL);
	if (interrupted && !is_granted(futex_waiter_of(task)))
		result = -EINTR; /* never restarted: signal(7) */
	else
		result = attempt(task, &key, &operations);
	futex_unlock(task->process, &key, NULL);
	if (result == SYSCALL_WAIT && (uint64_t)task_clock_ns(task, CLOCK_MONOTONIC) < task->wait.progress)
		return wait_for_look(task, task->wait.progress);
	futex_remove(task);
	if (again && result == -EINVAL)
		return -EIDRM;
	return result == SYSCALL_WAIT ? -EAGAIN : result;
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

/* --- semctl(2) ----------------------------------------------------------------------------------------------------- */

/* Returns how many threads of the run wait for the semaphore, which the host does not know of (count_semcnt()). */
static int64_t count_waiters(struct process *process, const uint64_t arg[6])
{
	const struct futex_key key = key_of(arg[0]);
	const struct futex_waiter *waiter;
	uint32_t place = 0;
	int64_t count = 0;

	while ((waiter = next_waiter(process, &key, &place))) {
		const struct sembuf *blocking = &waiter->semaphores.blocking;

		count += waiter->state == WAITER_WAITS && blocking->sem_num == (uint16_t)arg[1]
			&& (blocking->sem_op == 0) == ((int)arg[2] == GETZCNT);
	}
	return count;
}

static int64_t ask(struct task *task, const uint64_t arg[6])
{
	int64_t result = syscall_host(SYS_semctl, arg);
	const struct futex_key key = key_of(arg[0]);
	bool any;

	if (result < 0)
		return result;
	switch ((int)arg[2]) {
	case GETVAL: return result + granted_sum(task->process, &key, (uint16_t)arg[1], &any);
	case GETPID: return pids_from_host(task->process, (pid_t)result);
	default: return result + count_waiters(task->process, arg);
	}
}

static int64_t change(struct task *task, const uint64_t arg[6])
{
	int64_t result = syscall_host(SYS_semctl, arg);
	const struct futex_key key = key_of(arg[0]);

	if (result < 0)
		return result;
	futex_lock(task->process, &key, NULL);
	if ((int)arg[2] == IPC_RMID)
		wake_all(task->process, &key);
	else
		grant(task->process, &key);
	futex_unlock(task->process, &key, NULL);
	return result;
}

int64_t sys_semctl(struct task *task, const uint64_t arg[6])
{
	uint64_t host[6] = { arg[0], arg[1], arg[2], arg[3] }, size = 0;

	switch ((int)arg[2]) {
	case GETNCNT:
	case GETZCNT:
	case GETPID:
	case GETVAL: return ask(task, arg);
	case SETVAL:
	case IPC_RMID: return change(task, arg);
	case IPC_STAT:
	case IPC_SET:
	case SEM_STAT:
	case SEM_STAT_ANY:
	case IPC_INFO:
	case SEM_INFO: size = SEM_STRUCT; break;
	case GETALL:
	case SETALL: size = 1; break; /* as many as the set has, which only the kernel knows */
	default: return -EINVAL;      /* it may take a pointer */
	}
	host[3] = space_host_pointer(arg[3], size);
	space_prepare_write(&task->process->space, arg[3], size);
	return (int)arg[2] == SETALL ? change(task, host) : syscall_host(SYS_semctl, host);
}
