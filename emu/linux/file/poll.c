/* Waiting for several descriptors: poll, select, epoll. Timeouts are on the virtual clock. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/signal/signal.h"

static uint64_t deadline_ms(struct task *task, int64_t timeout)
{
	return timeout < 0 ? WAIT_FOREVER : wait_deadline(task, (uint64_t)timeout * NS_PER_MS);
}

/* Waits until a descriptor is ready. Returns how many are, with `revents` filled in; 0 at the deadline. */
static int64_t poll_until(struct task *task, struct pollfd *fds, unsigned count, uint64_t deadline)
{
	for (;;) {
		int64_t wait = wait_fds(task, fds, count, deadline);
		int ready = poll(fds, count, 0);
		if (ready < 0)
			return -errno;
		if (ready > 0)
			return ready;
		if (wait == -ETIMEDOUT)
			return 0;
		if (wait == -ERESTARTSYS)
			return -ERESTARTNOHAND;
		if (wait)
			return wait;
	}
}

/* ppoll and pselect return how much time was left. */
static void store_left(struct task *task, uint64_t address, uint64_t deadline, bool micro)
{
	uint64_t now = (uint64_t)task_clock_ns(task, CLOCK_MONOTONIC);
	uint64_t left = deadline > now ? deadline - now : 0;
	int64_t value[2] = { (int64_t)(left / NS_PER_S), (int64_t)(left % NS_PER_S) };
	if (!address || deadline == WAIT_FOREVER)
		return;
	if (micro)
		value[1] /= NS_PER_US;
	space_write(&task->process->space, address, value, sizeof(value));
}

/* Returns the deadline from the call's first try, if this is a later one. */
static uint64_t keep_deadline(const struct task *task, uint64_t deadline)
{
	return task->wait.begun ? task->wait.deadline : deadline;
}

/* --- poll ---------------------------------------------------------------------------------------------------------- */

/* The emulator's descriptors are not open for the guest: the host is asked about a number that cannot be open. */
static int seen_fd(int fd)
{
	return fd_is_hidden(fd) ? INT_MAX : fd;
}

/* Stores what the call returns in the guest's array. */
static bool store_events(struct task *task, uint64_t address, const struct pollfd *fds, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (!space_write(&task->process->space, address + i * sizeof(*fds) + offsetof(struct pollfd, revents), &fds[i].revents,
			    sizeof(fds[i].revents)))
			return false;
	return true;
}

static int64_t poll_guest(struct task *task, uint64_t address, uint64_t count, uint64_t deadline)
{
	if (count > limit_of(task->process, RLIMIT_NOFILE))
		return -EINVAL;
	struct pollfd *fds = calloc(count + 1, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	int64_t result = -EFAULT;
	if (space_read(&task->process->space, address, fds, count * sizeof(*fds))) {
		for (uint64_t i = 0; i < count; i++)
			fds[i].fd = seen_fd(fds[i].fd);
		result = poll_until(task, fds, (unsigned)count, deadline);
	}
	if (result >= 0 && !store_events(task, address, fds, count))
		result = -EFAULT;
	free(fds);
	return result;
}

int64_t sys_poll(struct task *task, const uint64_t arg[6])
{
	return poll_guest(task, arg[0], (uint32_t)arg[1], deadline_ms(task, (int32_t)arg[2]));
}

int64_t sys_ppoll(struct task *task, const uint64_t arg[6])
{
	uint64_t deadline;
	int64_t error = file_deadline(task, arg[2], &deadline);
	if (!error)
		error = signal_use_mask(task, arg[3], arg[4]);
	if (error)
		return error;
	deadline = keep_deadline(task, deadline);
	int64_t result = poll_guest(task, arg[0], (uint32_t)arg[1], deadline);
	if (result != SYSCALL_WAIT)
		store_left(task, arg[2], deadline, false);
	return result;
}

/* --- select -------------------------------------------------------------------------------------------------------- */

/* The poll events of each set of select: fs/select.c. */
enum {
	READ_EVENTS = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
	WRITE_EVENTS = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR,
	EXCEPT_EVENTS = POLLPRI,
};
enum { SETS = 3, BITS = 64, SELECT_MAX = 65536 };

static const short wanted[SETS] = { POLLIN | POLLRDNORM | POLLRDBAND, POLLOUT | POLLWRNORM | POLLWRBAND, POLLPRI };
static const short meaning[SETS] = { READ_EVENTS, WRITE_EVENTS, EXCEPT_EVENTS };

struct select_call {
	uint64_t address[SETS];
	uint64_t words; /* size of each set */
	uint64_t *set[SETS];
	struct pollfd *fds;
	unsigned count;
};

static bool has_bit(const uint64_t *set, unsigned fd)
{
	return set[fd / BITS] >> fd % BITS & 1;
}

/* Bits after the last descriptor are ignored, and come back cleared (zero_fd_set()). */
static void cut_set(uint64_t *set, unsigned limit)
{
	if (limit % BITS)
		set[limit / BITS] &= (1ULL << limit % BITS) - 1;
}

static int64_t read_sets(struct task *task, struct select_call *call, unsigned limit)
{
	for (int i = 0; i < SETS; i++) {
		call->set[i] = calloc(call->words + 1, sizeof(uint64_t));
		if (!call->set[i])
			return -ENOMEM;
		if (call->address[i] && !space_read(&task->process->space, call->address[i], call->set[i], call->words * sizeof(uint64_t)))
			return -EFAULT;
		cut_set(call->set[i], limit);
	}
	return 0;
}

static int64_t list_descriptors(struct select_call *call, unsigned limit)
{
	call->fds = calloc(limit + 1, sizeof(*call->fds));
	if (!call->fds)
		return -ENOMEM;
	for (unsigned fd = 0; fd < limit; fd++) {
		short events = 0;
		for (int i = 0; i < SETS; i++)
			events |= has_bit(call->set[i], fd) ? wanted[i] : 0;
		if (events)
			call->fds[call->count++] = (struct pollfd){ .fd = seen_fd((int)fd), .events = events };
	}
	return 0;
}

/* Sets the bits of ready descriptors. -EBADF if a descriptor is not open. */
static int64_t collect(struct select_call *call)
{
	uint64_t *ready[SETS] = { call->set[0], call->set[1], call->set[2] };
	int64_t count = 0;
	for (unsigned n = 0; n < call->count; n++) {
		const struct pollfd *one = &call->fds[n];
		if (one->revents & POLLNVAL)
			return -EBADF;
		for (int i = 0; i < SETS; i++) {
			uint64_t bit = 1ULL << one->fd % BITS;
			if (!(ready[i][one->fd / BITS] & bit))
				continue;
			if (one->revents & meaning[i])
				count++;
			else
				ready[i][one->fd / BITS] &= ~bit;
		}
	}
	return count;
}

static int64_t write_sets(struct task *task, const struct select_call *call)
{
	for (int i = 0; i < SETS; i++) {
		if (call->address[i] && !space_write(&task->process->space, call->address[i], call->set[i], call->words * sizeof(uint64_t)))
			return -EFAULT;
	}
	return 0;
}

static int64_t select_sets(struct task *task, struct select_call *call, unsigned limit, uint64_t deadline)
{
	int64_t result = read_sets(task, call, limit);
	if (!result)
		result = list_descriptors(call, limit);
	if (!result)
		result = poll_until(task, call->fds, call->count, deadline);
	if (result >= 0)
		result = collect(call);
	if (result >= 0) {
		int64_t error = write_sets(task, call);
		result = error ? error : result;
	}
	return result;
}

static int64_t select_guest(struct task *task, const uint64_t arg[6], uint64_t deadline)
{
	int limit = (int)arg[0];
	if (limit < 0)
		return -EINVAL;
	if (limit > SELECT_MAX)
		limit = SELECT_MAX;
	struct select_call call = { .address = { arg[1], arg[2], arg[3] }, .words = ((uint64_t)limit + BITS - 1) / BITS };
	int64_t result = select_sets(task, &call, (unsigned)limit, deadline);
	for (int i = 0; i < SETS; i++)
		free(call.set[i]);
	free(call.fds);
	return result;
}

static int64_t timeval_deadline(struct task *task, uint64_t address, uint64_t *deadline)
{
	int64_t time[2];
	*deadline = WAIT_FOREVER;
	if (!address)
		return 0;
	if (!space_read(&task->process->space, address, time, sizeof(time)))
		return -EFAULT;
	if (time[0] < 0 || time[1] < 0)
		return -EINVAL;
	struct timespec timeout = { time[0] + time[1] / US_PER_S, time[1] % US_PER_S * NS_PER_US };
	*deadline = wait_deadline(task, timespec_ns(&timeout));
	return 0;
}

int64_t sys_select(struct task *task, const uint64_t arg[6])
{
	uint64_t deadline;
	int64_t error = timeval_deadline(task, arg[4], &deadline);
	if (error)
		return error;
	deadline = keep_deadline(task, deadline);
	int64_t result = select_guest(task, arg, deadline);
	if (result != SYSCALL_WAIT)
		store_left(task, arg[4], deadline, true);
	return result;
}

int64_t sys_pselect6(struct task *task, const uint64_t arg[6])
{
	uint64_t deadline, mask[2] = { 0, 0 }; /* address and size of the mask */
	int64_t error = file_deadline(task, arg[4], &deadline);
	if (!error && arg[5] && !space_read(&task->process->space, arg[5], mask, sizeof(mask)))
		error = -EFAULT;
	if (!error)
		error = signal_use_mask(task, mask[0], mask[1]);
	if (error)
		return error;
	deadline = keep_deadline(task, deadline);
	int64_t result = select_guest(task, arg, deadline);
	if (result != SYSCALL_WAIT)
		store_left(task, arg[4], deadline, false);
	return result;
}

/* --- epoll --------------------------------------------------------------------------------------------------------- */

/* An epoll descriptor can be polled itself. */
static int64_t epoll_until(struct task *task, const uint64_t arg[6], uint64_t deadline)
{
	for (;;) {
		const uint64_t now[6] = { arg[0], arg[1], arg[2], 0 };
		int64_t wait = 0, ready = syscall_host(SYS_epoll_wait, now);
		if (ready)
			return ready;
		wait = wait_fd(task, (int)arg[0], POLLIN, deadline);
		if (wait == -ETIMEDOUT)
			return 0;
		if (wait == -ERESTARTSYS)
			return -EINTR; /* never restarted: signal(7) */
		if (wait)
			return wait;
	}
}

int64_t sys_epoll_wait(struct task *task, const uint64_t arg[6])
{
	return epoll_until(task, arg, deadline_ms(task, (int32_t)arg[3]));
}

static int64_t epoll_masked(struct task *task, const uint64_t arg[6], uint64_t deadline)
{
	int64_t error = signal_use_mask(task, arg[4], arg[5]);
	return error ? error : epoll_until(task, arg, deadline);
}

int64_t sys_epoll_pwait(struct task *task, const uint64_t arg[6])
{
	return epoll_masked(task, arg, deadline_ms(task, (int32_t)arg[3]));
}

int64_t sys_epoll_pwait2(struct task *task, const uint64_t arg[6])
{
	uint64_t deadline;
	int64_t error = file_deadline(task, arg[3], &deadline);
	return error ? error : epoll_masked(task, arg, deadline);
}
