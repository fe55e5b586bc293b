/* futex_waitv(2): waiting for several futexes at once. */
#include <errno.h>
#include <linux/futex.h>
#include <time.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/process/futex.h"
#include "emu/linux/rows/calls.h"

/* As in <linux/futex.h> since Linux 5.16. */
struct waitv {
	uint64_t value, address;
	uint32_t flags, reserved;
};
enum { WAITV_MAX = 128, WAITV_32 = 2 };

static int64_t read_waitv(struct task *task, uint64_t address, uint64_t count, struct waitv entry[WAITV_MAX])
{
	for (uint64_t i = 0; i < count; i++) {
		if (!space_read(&task->process->space, address + i * sizeof(*entry), &entry[i], sizeof(*entry)))
			return -EFAULT;
		if ((entry[i].flags & ~(uint32_t)FUTEX_PRIVATE_FLAG) != WAITV_32 || entry[i].reserved)
			return -EINVAL;
	}
	return 0;
}

/* One that was woken before the last one was looked at has been waited for. */
static int64_t begin_waits(struct task *task, uint64_t count, const struct waitv entry[])
{
	struct futex_waiter *waiter;
	struct futex_key key[WAITV_MAX];
	int64_t result = 0;
	int woken;

	for (uint64_t i = 0; i < count && result == 0; i++)
		result = futex_key_of(task->process, entry[i].address, entry[i].flags & FUTEX_PRIVATE_FLAG, &key[i]);
	for (uint64_t i = 0; i < count && result == 0; i++) {
		futex_prepare(task->process, &key[i]);
		futex_lock(task->process, &key[i], NULL);
		result = futex_begin(task, &key[i], entry[i].address, (uint32_t)entry[i].value, &waiter);
		if (result == 0)
			waiter->index = (uint32_t)i;
		futex_unlock(task->process, &key[i], NULL);
	}
	if (result == 0)
		return SYSCALL_WAIT;
	woken = futex_remove(task);
	return woken >= 0 ? woken : result;
}

int64_t sys_futex_waitv(struct task *task, const uint64_t arg[6])
{
	struct waitv entry[WAITV_MAX];
	uint64_t deadline;
	int64_t result;
	int index;

	if (arg[2] || !arg[0] || (uint32_t)arg[1] - 1 >= WAITV_MAX)
		return -EINVAL;
	if (arg[3] && (int)arg[4] != CLOCK_MONOTONIC && (int)arg[4] != CLOCK_REALTIME)
		return -EINVAL;
	result = futex_deadline(task, arg[3], false, (clockid_t)arg[4], &deadline);
	if (result == 0)
		result = read_waitv(task, arg[0], (uint32_t)arg[1], entry);
	if (result != 0)
		return result;
	if (!task->wait.begun) {
		result = begin_waits(task, (uint32_t)arg[1], entry);
		if (result != SYSCALL_WAIT)
			return result;
	}
	result = futex_go_on(task, deadline, &index);
	return result == 0 && index >= 0 ? index : result;
}
