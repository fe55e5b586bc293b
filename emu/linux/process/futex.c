/* futex(2): waiting, waking, moving. A thread compares and waits in one step, as the queue is locked meanwhile (futex_queue.h). */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/process/futex.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/time/clock_ids.h"

/* A wake may get lost with a process that is killed in the middle of it; programs outside the run wake nobody here. */
enum { LOOK_AGAIN_NS = 1000000000, LOOK_OUTSIDE_NS = 50000000 };

/* --- waking ------------------------------------------------------------------------------------------- */

/* Programs outside the run may wait for a word of a file. */
static int64_t wake_outside(const struct futex_key *key, uint64_t address, uint32_t bits, int64_t count)
{
	uint64_t arg[6] = { address, FUTEX_WAKE_BITSET, (uint64_t)count, 0, 0, bits };
	int64_t woken = key->dev && count > 0 ? syscall_host(SYS_futex, arg) : 0;

	return woken > 0 ? woken : 0;
}

/* Also for those that wait for a lock, who are the business of futex_pi.c: -EINVAL. */
static int64_t wake_locked(struct process *process, const struct futex_key *key, uint32_t bits, int64_t count)
{
	struct futex_waiter *waiter;
	int64_t woken = 0;

	while (woken < count && (waiter = futex_first(process, key, bits, UINT64_MAX))) {
		if (waiter->role != WAITS_FOR_WAKE)
			return -EINVAL;
		futex_wake_waiter(process, waiter);
		woken++;
	}
	return woken;
}

static int64_t wake(struct process *process, uint64_t address, bool private, uint32_t bits, int64_t count)
{
	struct futex_key key;
	int64_t result = futex_key_of(process, address, private, &key);

	if (result != 0)
		return result;
	futex_lock(process, &key, NULL);
	result = wake_locked(process, &key, bits, count);
	futex_unlock(process, &key, NULL);
	return result < 0 ? result : result + wake_outside(&key, address, bits, count - result);
}

void futex_wake(struct process *process, uint64_t address, int64_t count)
{
	wake(process, address, false, FUTEX_BITSET_MATCH_ANY, count);
}

/* The kernel wakes one before it looks at the count. */
static int64_t at_least_one(uint64_t count)
{
	return (int32_t)count > 0 ? (int32_t)count : 1;
}

/* `to` may be `from`: each waiter is moved once. */
static int64_t move_locked(struct process *process, const struct futex_key *from, const struct futex_key *to, int64_t count)
{
	uint64_t end = futex_next_order(process, from);
	struct futex_waiter *waiter;
	int64_t moved = 0;

	for (; moved < count && (waiter = futex_first(process, from, FUTEX_BITSET_MATCH_ANY, end)); moved++) {
		if (waiter->role != WAITS_FOR_WAKE)
			return -EINVAL;
		futex_move(process, waiter, to);
	}
	return moved;
}

static int64_t read_word(struct process *process, uint64_t address, uint32_t *word)
{
	return space_read(&process->space, address, word, sizeof(*word)) ? 0 : -EFAULT;
}

int64_t futex_compare(struct process *process, uint64_t address, uint32_t expected)
{
	uint32_t word;
	int64_t result = read_word(process, address, &word);

	return result == 0 && word != expected ? -EAGAIN : result;
}

static int64_t requeue(struct process *process, const uint64_t arg[6], bool private, bool compares)
{
	struct futex_key from, to;
	int64_t result, woken, moved = 0;

	if ((int32_t)arg[2] < 0 || (int32_t)arg[3] < 0)
		return -EINVAL;
	result = futex_key_of(process, arg[0], private, &from);
	if (result == 0)
		result = futex_key_of(process, arg[4], private, &to);
	if (result != 0)
		return result;
	futex_lock(process, &from, &to);
	woken = compares ? futex_compare(process, arg[0], (uint32_t)arg[5]) : 0;
	if (woken == 0)
		woken = wake_locked(process, &from, FUTEX_BITSET_MATCH_ANY, (int32_t)arg[2]);
	if (woken >= 0)
		moved = move_locked(process, &from, &to, (int32_t)arg[3]);
	futex_unlock(process, &from, &to);
	if (woken < 0 || moved < 0)
		return woken < 0 ? woken : moved;
	return woken + moved + wake_outside(&from, arg[0], FUTEX_BITSET_MATCH_ANY, (int32_t)arg[2] - woken);
}

/* --- what other processes have done ------------------------------------------------------------------- */

static void wake_if_told(struct process *process, struct futex_waiter *waiter)
{
	(void)process;
	if (waiter->state == WAITER_WOKEN)
		task_wake(waiter->task, WAKE_READY);
}

/* Twice in a row the word is another: whoever of the run has changed it would have woken the thread by now. */
static void wake_if_changed(struct process *process, struct futex_waiter *waiter)
{
	uint32_t word;

	if (!waiter->key.dev || waiter->state != WAITER_WAITS || waiter->role != WAITS_FOR_WAKE)
		return;
	if (read_word(process, waiter->address, &word) == 0 && word == waiter->value) {
		waiter->changed = false;
		return;
	}
	if (waiter->changed) {
		peers_lock(process);
		if (waiter->state == WAITER_WAITS)
			futex_wake_waiter(process, waiter);
		peers_unlock(process);
	}
	waiter->changed = true;
}

/* Where processes run side by side, a program outside the run may be among those that share a file's memory. */
static void look_outside(struct process *process)
{
	int64_t now = host_clock_ns(CLOCK_MONOTONIC);

	if (process->tree || now - process->futexes_looked < LOOK_OUTSIDE_NS)
		return;
	process->futexes_looked = now;
	futex_each_shared(process, wake_if_changed);
	futex_each_shared(process, wake_if_told);
	robust_bury(process);
}

void futex_collect(struct process *process)
{
	if (process->peer.seat == NO_SEAT)
		return;
	if (peers_called(process)) {
		futex_each_shared(process, wake_if_told);
		robust_bury(process);
		futex_pi_owner_died(process, 0);
	}
	look_outside(process);
}

int64_t futex_wait_at_most(const struct process *process)
{
	int64_t most = INT64_MAX;

	if (process->peer.seat == NO_SEAT)
		return most;
	for (const struct task *task = process->tasks; task; task = task->next)
		if (task->wait.futex_waiter) {
			const struct futex_waiter *waiter = futex_waiter_of((struct task *)task);

			if (waiter->key.scope == FUTEX_OBJECT)
				most = waiter->key.dev || most == LOOK_OUTSIDE_NS ? LOOK_OUTSIDE_NS : LOOK_AGAIN_NS;
		}
	return most;
}

/* --- waiting ------------------------------------------------------------------------------------------ */

int64_t futex_begin(struct task *task, const struct futex_key *key, uint64_t address, uint32_t expected, struct futex_waiter **waiter)
{
	int64_t result = futex_compare(task->process, address, expected);

	if (result != 0)
		return result;
	*waiter = futex_add(task, key);
	if (!*waiter)
		return -EAGAIN; /* for want of room, too: the thread looks again */
	(*waiter)->address = address;
	(*waiter)->value = expected;
	task->wait.futex = address;
	return 0;
}

int64_t futex_go_on(struct task *task, uint64_t deadline, int *index)
{
	int64_t result = wait_until(task, deadline);

	if (result == SYSCALL_WAIT)
		return result;
	*index = futex_remove(task);
	task->wait.futex = 0;
	return *index >= 0 ? 0 : result;
}

void futex_prepare(struct process *process, const struct futex_key *key)
{
	if (key->scope != FUTEX_OBJECT)
		return;
	peers_seat(process);
	robust_bury(process);
}

static int64_t begin_wait(struct task *task, uint64_t address, bool private, uint32_t expected, uint32_t bits)
{
	struct futex_waiter *waiter;
	struct futex_key key;
	int64_t result = futex_key_of(task->process, address, private, &key);

	if (result != 0)
		return result;
	futex_prepare(task->process, &key);
	futex_lock(task->process, &key, NULL);
	result = futex_begin(task, &key, address, expected, &waiter);
	if (result == 0)
		waiter->bits = bits;
	futex_unlock(task->process, &key, NULL);
	return result;
}

static int64_t wait_on(struct task *task, const uint64_t arg[6], bool private, uint32_t bits, uint64_t deadline)
{
	int64_t result;
	int index;

	if (!bits)
		return -EINVAL;
	if (!task->wait.begun) {
		result = begin_wait(task, arg[0], private, (uint32_t)arg[2], bits);
		if (result != 0)
			return result;
	}
	result = futex_go_on(task, deadline, &index);
	return result == -ERESTARTSYS && deadline != WAIT_FOREVER ? -ERESTART_RESTARTBLOCK : result;
}

/* --- FUTEX_WAKE_OP ------------------------------------------------------------------------------------ */

static bool operate(uint32_t op, uint32_t old, uint32_t operand, uint32_t *new)
{
	switch (op) {
	case FUTEX_OP_SET: *new = operand; return true;
	case FUTEX_OP_ADD: *new = old + operand; return true;
	case FUTEX_OP_OR: *new = old | operand; return true;
	case FUTEX_OP_ANDN: *new = old & ~operand; return true;
	case FUTEX_OP_XOR: *new = old ^ operand; return true;
	default: return false;
	}
}

static int compare(uint32_t op, int32_t old, int32_t operand)
{
	switch (op) {
	case FUTEX_OP_CMP_EQ: return old == operand;
	case FUTEX_OP_CMP_NE: return old != operand;
	case FUTEX_OP_CMP_LT: return old < operand;
	case FUTEX_OP_CMP_LE: return old <= operand;
	case FUTEX_OP_CMP_GT: return old > operand;
	case FUTEX_OP_CMP_GE: return old >= operand;
	default: return -ENOSYS;
	}
}

static int32_t sign_extend_12(uint32_t value)
{
	return (int32_t)(value << 20) >> 20;
}

/* val3: op in bits 28..31 (bit 31: shift the operand), comparison in 24..27, operands in 12..23 and 0..11: futex(2). Returns whether the
 * comparison held, or -errno. */
static int64_t change_word(struct process *process, uint64_t address, uint32_t code)
{
	uint32_t old, new, was, operand = (uint32_t)sign_extend_12(code >> 12 & 0xfff);

	if (code >> 31)
		operand = 1u << (operand & 31);
	if (read_word(process, address, &old) != 0)
		return -EFAULT;
	do {
		was = old;
		if (!operate(code >> 28 & 7, old, operand, &new))
			return -ENOSYS;
		if (!space_exchange(&process->space, address, &old, new))
			return -EFAULT;
	} while (old != was);
	return compare(code >> 24 & 15, (int32_t)old, sign_extend_12(code & 0xfff));
}

static int64_t wake_op(struct process *process, const uint64_t arg[6], bool private)
{
	struct futex_key first, second;
	int64_t result = futex_key_of(process, arg[0], private, &first), woken = 0;

	if (result == 0)
		result = futex_key_of(process, arg[4], private, &second);
	if (result != 0)
		return result;
	futex_lock(process, &first, &second);
	result = change_word(process, arg[4], (uint32_t)arg[5]);
	if (result >= 0)
		woken = wake_locked(process, &first, FUTEX_BITSET_MATCH_ANY, at_least_one(arg[2]));
	if (result > 0 && woken >= 0) {
		result = wake_locked(process, &second, FUTEX_BITSET_MATCH_ANY, at_least_one(arg[3]));
		woken = result < 0 ? result : woken + result;
	}
	futex_unlock(process, &first, &second);
	return result < 0 ? result : woken;
}

/* --- the call ----------------------------------------------------------------------------------------- */

int64_t futex_deadline(struct task *task, uint64_t timeout, bool relative, clockid_t clock, uint64_t *deadline)
{
	struct timespec limit;

	*deadline = WAIT_FOREVER;
	if (!timeout)
		return 0;
	if (!space_read(&task->process->space, timeout, &limit, sizeof(limit)))
		return -EFAULT;
	if (!timespec_valid(&limit))
		return -EINVAL;
	if (relative) {
		*deadline = wait_deadline(task, timespec_ns(&limit));
		return 0;
	}
	*deadline = clock_deadline(task, clock, timespec_ns(&limit));
	if (!task->wait.begun && clock == CLOCK_REALTIME) {
		task->wait.on_wall = true;
		task->wait.wall = (int64_t)timespec_ns(&limit);
	}
	return 0;
}

/* The timeout is relative for FUTEX_WAIT alone, and on CLOCK_MONOTONIC unless the flag (or FUTEX_LOCK_PI) says otherwise. It is looked at
 * before all else (futex_init_timeout()). */
static int64_t read_deadline(struct task *task, const uint64_t arg[6], uint64_t *deadline)
{
	int command = (int)arg[1] & FUTEX_CMD_MASK;
	bool wall = (arg[1] & FUTEX_CLOCK_REALTIME) || command == FUTEX_LOCK_PI;

	switch (command) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAIT_REQUEUE_PI:
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2: return futex_deadline(task, arg[3], command == FUTEX_WAIT, wall ? CLOCK_REALTIME : CLOCK_MONOTONIC, deadline);
	default: *deadline = WAIT_FOREVER; return 0;
	}
}

static bool takes_realtime(int command)
{
	return command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI || command == FUTEX_LOCK_PI2;
}

static int64_t wake_call(struct process *process, const uint64_t arg[6], bool private, uint32_t bits)
{
	return bits ? wake(process, arg[0], private, bits, at_least_one(arg[2])) : -EINVAL;
}

int64_t sys_futex(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	int command = (int)arg[1] & FUTEX_CMD_MASK;
	bool private = arg[1] & FUTEX_PRIVATE_FLAG;
	uint64_t deadline;
	int64_t result = read_deadline(task, arg, &deadline);

	if (result != 0)
		return result;
	if (arg[1] & FUTEX_CLOCK_REALTIME && !takes_realtime(command))
		return -ENOSYS;
	switch (command) {
	case FUTEX_WAIT: return wait_on(task, arg, private, FUTEX_BITSET_MATCH_ANY, deadline);
	case FUTEX_WAIT_BITSET: return wait_on(task, arg, private, (uint32_t)arg[5], deadline);
	case FUTEX_WAKE: return wake_call(process, arg, private, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET: return wake_call(process, arg, private, (uint32_t)arg[5]);
	case FUTEX_REQUEUE: return requeue(process, arg, private, false);
	case FUTEX_CMP_REQUEUE: return requeue(process, arg, private, true);
	case FUTEX_WAKE_OP: return wake_op(process, arg, private);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2: return futex_lock_pi(task, arg[0], private, deadline, false);
	case FUTEX_TRYLOCK_PI: return futex_lock_pi(task, arg[0], private, WAIT_FOREVER, true);
	case FUTEX_UNLOCK_PI: return futex_unlock_pi(task, arg[0], private);
	case FUTEX_WAIT_REQUEUE_PI: return futex_wait_requeue_pi(task, arg, private, deadline);
	case FUTEX_CMP_REQUEUE_PI: return futex_cmp_requeue_pi(task, arg, private);
	default: return -ENOSYS;
	}
}
