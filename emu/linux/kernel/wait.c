/* How a system call begins to wait, and how it learns why the wait has ended. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/wait.h"
#include "emu/linux/rows/syscall.h"

uint64_t wait_deadline(struct task *task, uint64_t ns)
{
	uint64_t now = (uint64_t)clock_now(task->process);

	return ns >= (uint64_t)INT64_MAX - now ? WAIT_FOREVER : now + ns;
}

void wait_clear(struct wait *wait)
{
	free(wait->fd);
	*wait = (struct wait){ .deadline = WAIT_FOREVER };
}

/* Returns why the wait has ended, for a call that is made again. */
static int64_t woken(struct wait *wait)
{
	enum wake wake = wait->wake;

	wait->wake = WAKE_NOT_YET;
	switch (wake) {
	case WAKE_TIMEOUT: return -ETIMEDOUT;
	case WAKE_SIGNAL: return -ERESTARTSYS;
	default: return 0;
	}
}

static void begin(struct task *task, uint64_t deadline)
{
	if (task->wait.begun)
		return;
	task->wait.begun = true;
	task->wait.deadline = deadline;
	task->process->time.deadlines_changed = true;
}

static bool passed(struct task *task)
{
	return task->wait.deadline != WAIT_FOREVER && (uint64_t)clock_now(task->process) >= task->wait.deadline;
}

int64_t wait_until(struct task *task, uint64_t deadline)
{
	if (task->wait.wake != WAKE_NOT_YET)
		return woken(&task->wait);
	begin(task, deadline);
	return passed(task) ? -ETIMEDOUT : SYSCALL_WAIT;
}

int64_t wait_fds(struct task *task, const struct pollfd *fds, unsigned count, uint64_t deadline)
{
	struct wait *wait = &task->wait;
	struct pollfd *copy;

	if (wait->wake != WAKE_NOT_YET)
		return woken(wait);
	copy = calloc(count + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, fds, count * sizeof(*copy));
	free(wait->fd);
	wait->fd = copy;
	wait->fds = count;
	if (count > 0 && poll(copy, count, 0) > 0)
		return 0;
	begin(task, deadline);
	return passed(task) ? -ETIMEDOUT : SYSCALL_WAIT;
}

int64_t wait_fd(struct task *task, int fd, short events, uint64_t deadline)
{
	struct pollfd one = { .fd = fd, .events = events };

	return wait_fds(task, &one, 1, deadline);
}
