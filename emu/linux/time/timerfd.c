/* timerfds: each is implemented by an eventfd, to which the emulator writes expirations when the virtual clock reaches them. So a
 * timerfd can be read, polled and inherited like any descriptor. Children that inherit it share its setting. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/time/clock_ids.h"
#include "emu/linux/time/timer.h"
#include "timekeep/timekeep.h"

/* Returns the number of the eventfd that a descriptor refers to (since Linux 5.2), or a negative number. */
static int eventfd_id(int fd)
{
	return file_info(fd, "eventfd-id");
}

struct timer *timerfd_find(struct process *process, int fd)
{
	int id = eventfd_id(fd);
	for (struct timer *timer = process->timers; timer && id >= 0; timer = timer->next) {
		if (timer->kind == TIMER_FD && timer->id == id)
			return timer;
	}
	return NULL;
}

/* Returns false if the descriptors cannot be listed. */
static bool mark_reachable(struct process *process)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	if (!directory)
		return false;
	while ((entry = readdir(directory))) {
		int fd = atoi(entry->d_name);
		struct timer *timer = entry->d_name[0] == '.' || fd_is_hidden(fd) ? NULL : timerfd_find(process, fd);
		if (timer && fd != timer->host_fd)
			timer->reachable = true;
	}
	closedir(directory);
	return true;
}

/* The guest closes descriptors unnoticed, so now and then this frees the timers that no descriptor refers to. */
void timerfd_free_unreachable(struct process *process)
{
	struct timer **link = &process->timers;
	bool any = false;
	for (struct timer *timer = process->timers; timer; timer = timer->next) {
		any = any || timer->kind == TIMER_FD;
		timer->reachable = false;
	}
	if (!any || !mark_reachable(process))
		return;
	while (*link) {
		if ((*link)->kind != TIMER_FD || (*link)->reachable)
			link = &(*link)->next;
		else
			timer_free(process, link);
	}
}

static unsigned count_timerfds(const struct process *process)
{
	unsigned count = 0;
	for (const struct timer *timer = process->timers; timer; timer = timer->next)
		count += timer->kind == TIMER_FD;
	return count;
}

/* The search takes a few system calls for each descriptor, so it waits until there are twice as many timers as after the last one. */
static void free_some(struct process *process)
{
	if (count_timerfds(process) < process->timerfds_kept)
		return;
	timerfd_free_unreachable(process);
	process->timerfds_kept = 2 * count_timerfds(process);
}

static bool clock_allowed(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME || clock == CLOCK_REALTIME_ALARM
		|| clock == CLOCK_BOOTTIME_ALARM;
}

struct timer *timerfd_new(struct process *process, int fd, clockid_t clock)
{
	int kept = hidden_fd(dup(fd));
	struct timer *timer = kept >= 0 ? timer_new(process, TIMER_FD, eventfd_id(fd), clock) : NULL;
	if (!timer) {
		close(kept);
		return NULL;
	}
	timer->host_fd = kept;
	return timer;
}

int64_t sys_timerfd_create(struct task *task, const uint64_t arg[6])
{
	if (!clock_allowed((clockid_t)arg[0]) || arg[1] & ~(uint64_t)(TFD_NONBLOCK | TFD_CLOEXEC))
		return -EINVAL;
	if (clock_is_forbidden((clockid_t)arg[0]))
		return -EPERM;
	free_some(task->process);
	int fd = eventfd(0, (int)arg[1]);
	if (fd < 0)
		return -errno;
	if (!timerfd_new(task->process, fd, (clockid_t)arg[0])) {
		close(fd);
		return -ENOMEM;
	}
	return descriptor_keep(task->process, fd);
}

/* Drops unread expirations, which belong to the old setting. */
static void drain(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };
	eventfd_t count;
	if (poll(&one, 1, 0) == 1 && eventfd_read(fd, &count) < 0)
		return;
}

uint64_t timerfd_unread(const struct timer *timer)
{
	struct pollfd one = { .fd = timer->host_fd, .events = POLLIN };
	eventfd_t count;
	if (poll(&one, 1, 0) != 1 || eventfd_read(timer->host_fd, &count) < 0)
		return 0;
	eventfd_write(timer->host_fd, count);
	return count;
}

/* Returns true once for each cancellation. */
static bool is_canceled(struct timer *timer)
{
	bool canceled = timer->run->canceled;
	timer->run->canceled = false;
	return canceled;
}

bool timerfd_is(struct process *process, int fd)
{
	bool any = false;
	struct stat status;
	for (struct timer *timer = process->timers; timer && !any; timer = timer->next)
		any = timer->kind == TIMER_FD;
	return any && fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == 0 && timerfd_find(process, fd);
}

static void watch_wall(struct process *process, struct timer *timer, int flags)
{
	timer->run->cancel_on_set = flags & TFD_TIMER_ABSTIME && flags & TFD_TIMER_CANCEL_ON_SET && clock_is_wall(timer->clock);
	timer->run->wall_offset = tk_wall_offset(process->clock, clock_insns(process));
}

bool timerfd_read_canceled(struct task *task, int fd)
{
	bool any = false;
	for (struct timer *timer = task->process->timers; timer && !any; timer = timer->next)
		any = timer->run->canceled;
	struct timer *timer = any ? timerfd_find(task->process, fd) : NULL;
	if (!timer || !is_canceled(timer))
		return false;
	drain(timer->host_fd);
	return true;
}

/* The error for a descriptor that is no timerfd: EBADF if it is not open. */
static int64_t no_timer(int fd)
{
	return fcntl(fd, F_GETFD) < 0 ? -EBADF : -EINVAL;
}

int64_t sys_timerfd_settime(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	struct timer *timer = timerfd_find(process, (int)arg[0]);
	struct itimerspec new, old;

	if (!space_read(&process->space, arg[2], &new, sizeof(new)))
		return -EFAULT;
	if (arg[1] & ~(uint64_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) || !timespec_valid(&new.it_value)
		|| !timespec_valid(&new.it_interval))
		return -EINVAL;
	if (!timer)
		return no_timer((int)arg[0]);
	old = timer_get(process, timer);
	bool was_canceled = is_canceled(timer);
	drain(timer->host_fd);
	struct timer_setting setting = timer_setting(task, timer->clock, arg[1] & TFD_TIMER_ABSTIME, &new,
		(uint64_t)task_clock_ns(task, CLOCK_MONOTONIC));
	timer_set(process, timer, &setting);
	watch_wall(process, timer, (int)arg[1]);
	if (was_canceled && timer->run->cancel_on_set && setting.value)
		return -ECANCELED; /* the timer has been set all the same */
	if (arg[3] && !space_write(&process->space, arg[3], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

int64_t sys_timerfd_gettime(struct task *task, const uint64_t arg[6])
{
	struct timer *timer = timerfd_find(task->process, (int)arg[0]);
	if (!timer)
		return no_timer((int)arg[0]);
	struct itimerspec now = timer_get(task->process, timer);
	return space_write(&task->process->space, arg[1], &now, sizeof(now)) ? 0 : -EFAULT;
}
