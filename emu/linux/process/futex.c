/* futex(2). Threads of the process wait in the emulator. Since there is one host thread, comparing and waiting are one step. */
#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <time.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/process/thread.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/time/clock_ids.h"

enum { TID_MASK = FUTEX_TID_MASK };

/* --- waking ------------------------------------------------------------------------------------------ */

static bool waits_on(const struct task *task, uint64_t address, uint32_t bits)
{
	return task->state == TASK_WAITING && task->wait.futex == address && (task->wait.futex_bits & bits);
}

/* Returns the waiter that has waited longest. */
static struct task *first_waiter(struct process *process, uint64_t address, uint32_t bits)
{
	struct task *first = NULL;

	for (struct task *task = process->tasks; task; task = task->next)
		if (waits_on(task, address, bits) && (!first || task->wait.order < first->wait.order))
			first = task;
	return first;
}

int64_t futex_wake(struct process *process, uint64_t address, uint32_t bits, int64_t count)
{
	struct task *task;
	int64_t woken = 0;

	while (woken < count && (task = first_waiter(process, address, bits))) {
		task->wait.futex = 0;
		task_wake(task, WAKE_READY);
		woken++;
	}
	return woken;
}

/* A waiter that is moved comes after those that are already at `to`. `to` may be `from`: each waiter is moved once. */
static int64_t requeue(struct process *process, uint64_t from, uint64_t to, int64_t wake, int64_t move)
{
	int64_t done = futex_wake(process, from, ~0u, wake), moved = 0;
	uint64_t end = process->futex_order;
	struct task *task;

	for (; moved < move && (task = first_waiter(process, from, ~0u)) && task->wait.order < end; moved++) {
		task->wait.futex = to;
		task->wait.order = process->futex_order++;
	}
	return done + moved;
}

/* --- shared memory: other processes change the value, and their wakes do not reach this process ------------ */

static bool waits_shared(const struct task *task)
{
	return task->state == TASK_WAITING && task->wait.futex && task->wait.futex_shared;
}

bool futex_waits_shared(const struct process *process)
{
	for (const struct task *task = process->tasks; task; task = task->next)
		if (waits_shared(task))
			return true;
	return false;
}

void futex_poll_shared(struct process *process)
{
	for (struct task *task = process->tasks; task; task = task->next) {
		uint32_t word;

		if (!waits_shared(task))
			continue;
		if (!space_read(&process->space, task->wait.futex, &word, sizeof(word)) || word != task->wait.futex_value)
			task_wake(task, WAKE_READY);
	}
}

static bool in_shared_memory(const struct process *process, uint64_t address)
{
	const struct vma *vma = space_find(&process->space, address);

	return vma && (vma->flags & MAP_SHARED);
}

/* --- waiting ----------------------------------------------------------------------------------------- */

static int64_t read_word(struct task *task, uint64_t address, uint32_t *word)
{
	if (address % sizeof(*word))
		return -EINVAL;
	return space_read(&task->process->space, address, word, sizeof(*word)) ? 0 : -EFAULT;
}

static int64_t begin_wait(struct task *task, uint64_t address, uint32_t expected, uint32_t bits)
{
	uint32_t word;
	int64_t result = read_word(task, address, &word);

	if (result != 0)
		return result;
	if (word != expected)
		return -EAGAIN;
	task->wait.futex = address;
	task->wait.futex_bits = bits;
	task->wait.futex_value = expected;
	task->wait.futex_shared = in_shared_memory(task->process, address);
	task->wait.order = task->process->futex_order++;
	return 0;
}

static int64_t wait_on(struct task *task, uint64_t address, uint32_t expected, uint32_t bits, uint64_t deadline)
{
	bool timed = deadline != WAIT_FOREVER;
	int64_t result;

	if (!bits)
		return -EINVAL;
	if (!task->wait.begun) {
		result = begin_wait(task, address, expected, bits);
		if (result != 0)
			return result;
	}
	result = wait_until(task, deadline);
	if (result != SYSCALL_WAIT)
		task->wait.futex = 0;
	if (result == -ERESTARTSYS && timed)
		return -ERESTART_RESTARTBLOCK;
	return result;
}

/* The timeout is relative for FUTEX_WAIT only, and on CLOCK_MONOTONIC unless the flag (or FUTEX_LOCK_PI) says otherwise. */
static int64_t read_deadline(struct task *task, const uint64_t arg[6], uint64_t *deadline)
{
	int command = (int)arg[1] & FUTEX_CMD_MASK;
	bool wall = (arg[1] & FUTEX_CLOCK_REALTIME) || command == FUTEX_LOCK_PI;
	clockid_t clock = wall ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	struct timespec limit;

	*deadline = WAIT_FOREVER;
	if (!arg[3])
		return 0;
	if (!space_read(&task->process->space, arg[3], &limit, sizeof(limit)))
		return -EFAULT;
	if (!timespec_valid(&limit))
		return -EINVAL;
	if (command == FUTEX_WAIT) {
		*deadline = wait_deadline(task, timespec_ns(&limit));
		return 0;
	}
	*deadline = clock_deadline(task, clock, timespec_ns(&limit));
	if (!task->wait.begun && wall) {
		task->wait.on_wall = true;
		task->wait.wall = (int64_t)timespec_ns(&limit);
	}
	return 0;
}

static int64_t wait_call(struct task *task, const uint64_t arg[6], uint32_t bits)
{
	uint64_t deadline;
	int64_t result = read_deadline(task, arg, &deadline);

	return result != 0 ? result : wait_on(task, arg[0], (uint32_t)arg[2], bits, deadline);
}

/* --- FUTEX_WAKE_OP ----------------------------------------------------------------------------------- */

static bool operate(uint32_t op, uint32_t old, uint32_t operand, uint32_t *new)
{
	switch (op) {
	case FUTEX_OP_SET:  *new = operand; return true;
	case FUTEX_OP_ADD:  *new = old + operand; return true;
	case FUTEX_OP_OR:   *new = old | operand; return true;
	case FUTEX_OP_ANDN: *new = old & ~operand; return true;
	case FUTEX_OP_XOR:  *new = old ^ operand; return true;
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
	default: return -1;
	}
}

static int32_t sign_extend_12(uint32_t value)
{
	return (int32_t)(value << 20) >> 20;
}

/* val3: op in bits 28..31 (bit 31: shift the operand), comparison in 24..27, operands in 12..23 and 0..11: futex(2). */
static int64_t wake_op(struct task *task, const uint64_t arg[6])
{
	uint32_t code = (uint32_t)arg[5], old, new, operand = (uint32_t)sign_extend_12(code >> 12 & 0xfff);
	int64_t result = read_word(task, arg[4], &old), woken;
	int holds;

	if (result != 0)
		return result;
	if (code >> 31)
		operand = 1u << (operand & 31);
	holds = compare(code >> 24 & 15, (int32_t)old, sign_extend_12(code & 0xfff));
	if (!operate(code >> 28 & 7, old, operand, &new) || holds < 0)
		return -ENOSYS;
	if (!space_write(&task->process->space, arg[4], &new, sizeof(new)))
		return -EFAULT;
	woken = futex_wake(task->process, arg[0], ~0u, (int32_t)arg[2]);
	if (holds)
		woken += futex_wake(task->process, arg[4], ~0u, (int32_t)arg[3]);
	return woken;
}

/* --- priority inheritance: all threads have the same priority, so only the hand-over remains ----------- */

static int64_t lock_pi(struct task *task, const uint64_t arg[6], bool try_only)
{
	struct space *space = &task->process->space;
	uint64_t deadline;
	uint32_t word;
	int64_t result = read_word(task, arg[0], &word);

	if (result != 0)
		return result;
	if ((word & TID_MASK) == (uint32_t)task->tid)
		return task->wait.begun ? 0 : -EDEADLK; /* begun: the owner has handed the lock over */
	if (!(word & TID_MASK)) {
		word = (word & FUTEX_WAITERS) | (uint32_t)task->tid;
		return space_write(space, arg[0], &word, sizeof(word)) ? 0 : -EFAULT;
	}
	if (try_only)
		return -EAGAIN;
	if (!task_find(task->process, (pid_t)(word & TID_MASK)))
		return -ESRCH;
	word |= FUTEX_WAITERS;
	if (!space_write(space, arg[0], &word, sizeof(word)))
		return -EFAULT;
	result = read_deadline(task, arg, &deadline);
	if (result == 0)
		result = wait_on(task, arg[0], word, ~0u, deadline);
	/* Restarts whatever the handler's flags are, also with a timeout, which is absolute: libc relies on the lock being held when the
	 * call returns. */
	return result == -ERESTARTSYS || result == -ERESTART_RESTARTBLOCK ? -ERESTARTNOINTR : result;
}

static int64_t unlock_pi(struct task *task, uint64_t address)
{
	struct task *next = first_waiter(task->process, address, ~0u);
	uint32_t word;
	int64_t result = read_word(task, address, &word);

	if (result != 0)
		return result;
	if ((word & TID_MASK) != (uint32_t)task->tid)
		return -EPERM;
	word = next ? (uint32_t)next->tid : 0;
	if (next) {
		next->wait.futex = 0;
		task_wake(next, WAKE_READY);
		word |= first_waiter(task->process, address, ~0u) ? FUTEX_WAITERS : 0;
	}
	return space_write(&task->process->space, address, &word, sizeof(word)) ? 0 : -EFAULT;
}

/* FUTEX_WAKE wakes one waiter before it checks the count. */
static int64_t wake_call(struct task *task, const uint64_t arg[6], uint32_t bits)
{
	int32_t count = (int32_t)arg[2];

	return arg[0] % 4 || !bits ? -EINVAL : futex_wake(task->process, arg[0], bits, count > 0 ? count : 1);
}

static bool takes_realtime(int command)
{
	return command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI || command == FUTEX_LOCK_PI2;
}

int64_t sys_futex(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	int command = (int)arg[1] & FUTEX_CMD_MASK;
	int32_t value = (int32_t)arg[2];
	uint32_t word;
	int64_t result;

	if (arg[1] & FUTEX_CLOCK_REALTIME && !takes_realtime(command))
		return -ENOSYS;
	switch (command) {
	case FUTEX_WAIT:
		return wait_call(task, arg, ~0u);
	case FUTEX_WAIT_BITSET:
		return wait_call(task, arg, (uint32_t)arg[5]);
	case FUTEX_WAKE:
		return wake_call(task, arg, ~0u);
	case FUTEX_WAKE_BITSET:
		return wake_call(task, arg, (uint32_t)arg[5]);
	case FUTEX_CMP_REQUEUE:
		result = read_word(task, arg[0], &word);
		if (result != 0)
			return result;
		if (word != (uint32_t)arg[5])
			return -EAGAIN;
		/* fall through */
	case FUTEX_REQUEUE:
		if (arg[0] % 4 || arg[4] % 4 || value < 0 || (int32_t)arg[3] < 0)
			return -EINVAL;
		return requeue(process, arg[0], arg[4], value, (int32_t)arg[3]);
	case FUTEX_WAKE_OP:
		return wake_op(task, arg);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return lock_pi(task, arg, false);
	case FUTEX_TRYLOCK_PI:
		return lock_pi(task, arg, true);
	case FUTEX_UNLOCK_PI:
		return unlock_pi(task, arg[0]);
	default:
		return -ENOSYS;
	}
}
