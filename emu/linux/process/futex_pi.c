/* Futexes with priority inheritance: the word holds its owner's id, and who unlocks gives it to the next one. Every thread has the same
 * priority here, so only the handing over is left of it. */
#include <errno.h>
#include <linux/futex.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/process/futex.h"
#include "emu/linux/rows/calls.h"

static bool lives(struct process *process, pid_t tid)
{
	return task_find(process, tid) || peers_thread_lives(process, tid);
}

/* For thread `tid`, which is not the caller where it is moved (`moved`: others may be, after it). 1: it has the lock; 0: it is to wait for
 * it (futex_lock_pi_atomic()). */
static int64_t take_or_mark(struct process *process, const struct futex_key *key, uint64_t address, pid_t tid, bool moved)
{
	const struct futex_waiter *first = futex_first(process, key, FUTEX_BITSET_MATCH_ANY, UINT64_MAX);
	uint32_t word, was;
	bool is_free;

	if (!space_read(&process->space, address, &word, sizeof(word)))
		return -EFAULT;
	do {
		was = word;
		if ((word & FUTEX_TID_MASK) == (uint32_t)tid)
			return -EDEADLK;
		if (first && first->role != WAITS_FOR_LOCK)
			return -EINVAL;
		is_free = !first && !(word & FUTEX_TID_MASK);
		if (!space_exchange(&process->space, address, &word,
			    is_free ? (word & FUTEX_OWNER_DIED) | (uint32_t)tid | (moved ? FUTEX_WAITERS : 0) : word | FUTEX_WAITERS))
			return -EFAULT;
	} while (word != was);
	if (is_free)
		return 1;
	return first || lives(process, (pid_t)(word & FUTEX_TID_MASK)) ? 0 : -ESRCH;
}

static int64_t begin_lock(struct task *task, uint64_t address, bool private, bool try_only)
{
	struct process *process = task->process;
	struct futex_waiter *waiter;
	struct futex_key key;
	int64_t result = futex_key_of(process, address, private, &key);

	if (result != 0)
		return result;
	futex_prepare(process, &key);
	futex_lock(process, &key, NULL);
	result = take_or_mark(process, &key, address, task->tid, false);
	waiter = result == 0 && !try_only ? futex_add(task, &key) : NULL;
	if (waiter) {
		waiter->role = WAITS_FOR_LOCK;
		task->wait.futex = address;
	}
	futex_unlock(process, &key, NULL);
	return result == 0 && !waiter ? -EAGAIN : result;
}

int64_t futex_lock_pi(struct task *task, uint64_t address, bool private, uint64_t deadline, bool try_only)
{
	int64_t result;
	int index;

	if (!task->wait.begun) {
		result = begin_lock(task, address, private, try_only);
		if (result != 0)
			return result < 0 ? result : 0;
	}
	result = futex_go_on(task, deadline, &index);
	/* Whatever the handler's flags, and with a timeout that is absolute: libc counts on a lock that is held when the call returns. */
	return result == -ERESTARTSYS ? -ERESTARTNOINTR : result;
}

/* The next one gets the lock, with `died` in the word; without a next one the word is 0. */
static int64_t hand_over(struct process *process, const struct futex_key *key, uint64_t address, uint32_t died)
{
	struct futex_waiter *next = futex_first(process, key, FUTEX_BITSET_MATCH_ANY, UINT64_MAX);
	uint32_t word, was;

	if (next && next->role != WAITS_FOR_LOCK)
		return -EINVAL;
	if (!space_read(&process->space, address, &word, sizeof(word)))
		return -EFAULT;
	do {
		was = word;
		if (!space_exchange(&process->space, address, &word, next ? (uint32_t)next->tid | FUTEX_WAITERS | died : 0))
			return -EFAULT;
	} while (word != was);
	if (next)
		futex_wake_waiter(process, next);
	return 0;
}

int64_t futex_unlock_pi(struct task *task, uint64_t address, bool private)
{
	struct process *process = task->process;
	struct futex_key key;
	uint32_t word;
	int64_t result;

	if (!space_read(&process->space, address, &word, sizeof(word)))
		return -EFAULT;
	if ((word & FUTEX_TID_MASK) != (uint32_t)task->tid)
		return -EPERM;
	result = futex_key_of(process, address, private, &key);
	if (result != 0)
		return result;
	futex_lock(process, &key, NULL);
	result = hand_over(process, &key, address, 0);
	futex_unlock(process, &key, NULL);
	return result;
}

/* --- condition variables ------------------------------------------------------------------------------ */

static int64_t begin_wait(struct task *task, const uint64_t arg[6], bool private)
{
	struct process *process = task->process;
	struct futex_key key, target;
	struct futex_waiter *waiter;
	int64_t result = futex_key_of(process, arg[4], private, &target);

	if (result == 0)
		result = futex_key_of(process, arg[0], private, &key);
	if (result != 0)
		return result;
	if (futex_same_key(&key, &target))
		return -EINVAL;
	futex_prepare(process, &key);
	futex_lock(process, &key, NULL);
	result = futex_begin(task, &key, arg[0], (uint32_t)arg[2], &waiter);
	if (result == 0) {
		waiter->role = WAITS_FOR_MOVE;
		waiter->target = target;
	}
	futex_unlock(process, &key, NULL);
	return result;
}

/* Once it was moved, a signal makes it give up, since it could not be moved again. */
int64_t futex_wait_requeue_pi(struct task *task, const uint64_t arg[6], bool private, uint64_t deadline)
{
	const struct futex_waiter *waiter;
	bool moved;
	int64_t result;
	int index;

	if (arg[0] == arg[4])
		return -EINVAL;
	if (!task->wait.begun) {
		result = begin_wait(task, arg, private);
		if (result != 0)
			return result;
	}
	waiter = futex_waiter_of(task);
	moved = waiter && waiter->role == WAITS_FOR_LOCK;
	result = futex_go_on(task, deadline, &index);
	if (result == -ERESTARTSYS)
		return moved ? -EAGAIN : -ERESTARTNOINTR;
	return result;
}

static bool may_move(const struct futex_waiter *waiter, const struct futex_key *to)
{
	return waiter->role == WAITS_FOR_MOVE && futex_same_key(&waiter->target, to);
}

/* The first one gets the lock if it is free; all others wait for it. */
static int64_t move_locked(struct process *process, const struct futex_key *from, const struct futex_key *to, uint64_t address,
	int32_t most)
{
	struct futex_waiter *waiter = futex_first(process, from, FUTEX_BITSET_MATCH_ANY, UINT64_MAX);
	int64_t moved = 0, taken;

	if (!waiter)
		return 0;
	if (!may_move(waiter, to))
		return -EINVAL;
	taken = take_or_mark(process, to, address, waiter->tid, most > 0);
	if (taken < 0)
		return taken;
	if (taken > 0) {
		futex_wake_waiter(process, waiter);
		moved++;
	}
	while (moved - 1 < most && (waiter = futex_first(process, from, FUTEX_BITSET_MATCH_ANY, UINT64_MAX))) {
		if (!may_move(waiter, to))
			return -EINVAL;
		waiter->role = WAITS_FOR_LOCK;
		futex_move(process, waiter, to);
		moved++;
	}
	return moved;
}

int64_t futex_cmp_requeue_pi(struct task *task, const uint64_t arg[6], bool private)
{
	struct process *process = task->process;
	struct futex_key from, to;
	int64_t result;

	if ((int32_t)arg[2] != 1 || (int32_t)arg[3] < 0 || arg[0] == arg[4])
		return -EINVAL;
	result = futex_key_of(process, arg[0], private, &from);
	if (result == 0)
		result = futex_key_of(process, arg[4], private, &to);
	if (result == 0 && futex_same_key(&from, &to))
		result = -EINVAL;
	if (result != 0)
		return result;
	futex_prepare(process, &to);
	futex_lock(process, &from, &to);
	result = futex_compare(process, arg[0], (uint32_t)arg[5]);
	if (result == 0)
		result = move_locked(process, &from, &to, arg[4], (int32_t)arg[3]);
	futex_unlock(process, &from, &to);
	return result;
}

/* --- owners that die ---------------------------------------------------------------------------------- */

static bool waits_for_lock(const struct futex_waiter *waiter)
{
	return waiter->state == WAITER_WAITS && waiter->role == WAITS_FOR_LOCK;
}

static bool any_waits(struct process *process, bool shared)
{
	const struct futex_waiter *waiter;

	for (uint32_t i = 0; (waiter = futex_waiter_at(process, shared, i)); i++)
		if (waits_for_lock(waiter))
			return true;
	return false;
}

static void pass_on(struct process *process, const struct futex_key *key, pid_t tid)
{
	uint64_t address = futex_address(process, key);
	uint32_t word;
	pid_t owner;

	if (!address || !space_read(&process->space, address, &word, sizeof(word)))
		return;
	owner = (pid_t)(word & FUTEX_TID_MASK);
	if (tid ? owner == tid : owner && !lives(process, owner))
		hand_over(process, key, address, FUTEX_OWNER_DIED);
}

void futex_pi_owner_died(struct process *process, pid_t tid)
{
	for (int shared = 0; shared < 2; shared++) {
		struct futex_waiter *waiter;

		if (!any_waits(process, shared))
			continue;
		if (shared)
			peers_lock(process);
		for (uint32_t i = 0; (waiter = futex_waiter_at(process, shared, i)); i++)
			if (waits_for_lock(waiter))
				pass_on(process, &waiter->key, tid);
		if (shared)
			peers_unlock(process);
	}
}
