/* System calls for POSIX timers and interval timers. */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/time/clock_ids.h"
#include "emu/linux/time/timer.h"

/* --- POSIX timers: timer_create(2) and the calls on its timers --------------------------------------- */

static bool may_drive_timer(clockid_t id)
{
	return id == CLOCK_REALTIME || id == CLOCK_MONOTONIC || id == CLOCK_BOOTTIME || id == CLOCK_TAI || id == CLOCK_REALTIME_ALARM
		|| id == CLOCK_BOOTTIME_ALARM || id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID;
}

static int64_t check_event(struct task *task, const struct sigevent *event)
{
	switch (event->sigev_notify) {
	case SIGEV_NONE: return 0;
	case SIGEV_THREAD_ID:
		if (!task_find(task->process, event->_sigev_un._tid))
			return -EINVAL;
		/* fall through */
	case SIGEV_SIGNAL:
	case SIGEV_THREAD: return event->sigev_signo >= 1 && event->sigev_signo <= GUEST_SIGNALS ? 0 : -EINVAL;
	default: return -EINVAL;
	}
}

int64_t sys_timer_create(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	clockid_t clock = (clockid_t)arg[0];
	struct task *owner = clock_resolve(task, &clock);
	struct timer *timer;
	int id = 0;

	if (!owner)
		return -EINVAL;
	if (!may_drive_timer(clock))
		return -EOPNOTSUPP;
	if (clock_is_forbidden(clock))
		return -EPERM;
	if (signal_queue_full(process)) /* alloc_posix_timer() */
		return -EAGAIN;
	while (timer_find(process, TIMER_POSIX, id))
		id++;
	event.sigev_value.sival_int = id;
	if (arg[1] && !space_read(&process->space, arg[1], &event, sizeof(event)))
		return -EFAULT;
	if (check_event(task, &event) != 0)
		return -EINVAL;
	if (!space_write(&process->space, arg[2], &id, sizeof(id)))
		return -EFAULT;
	timer = timer_new(process, TIMER_POSIX, id, clock);
	if (!timer)
		return -EAGAIN;
	timer->notify = event.sigev_notify;
	timer->signal = event.sigev_signo;
	timer->value = event.sigev_value;
	timer->tid = event.sigev_notify == SIGEV_THREAD_ID ? event._sigev_un._tid : owner->tid;
	return 0;
}

struct timer_setting timer_setting(struct task *task, clockid_t clock, bool absolute, const struct itimerspec *spec, uint64_t own_clock_now)
{
	struct timer_setting setting = { .value = timespec_ns(&spec->it_value), .interval = timespec_ns(&spec->it_interval) };
	bool cpu = clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;

	if (!absolute)
		setting.deadline = setting.value < INT64_MAX - own_clock_now ? own_clock_now + setting.value : WAIT_FOREVER;
	else if (cpu)
		setting.deadline = setting.value;
	else
		setting.deadline = clock_deadline(task, clock, setting.value);
	setting.on_wall = absolute && clock_is_wall(clock);
	return setting;
}

struct itimerspec timer_get(const struct process *process, const struct timer *timer)
{
	return (struct itimerspec){
		.it_interval = timespec_of(timer ? (int64_t)timer->run->interval : 0),
		.it_value = timespec_of((int64_t)timer_left(process, timer)),
	};
}

int64_t sys_timer_settime(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	struct timer *timer = timer_find(process, TIMER_POSIX, (int)arg[0]);
	struct timer_setting setting;
	struct itimerspec new, old;

	if (!arg[2])
		return -EINVAL;
	if (!space_read(&process->space, arg[2], &new, sizeof(new)))
		return -EFAULT;
	if (!timer || !timespec_valid(&new.it_value) || !timespec_valid(&new.it_interval))
		return -EINVAL;
	old = timer_get(process, timer);
	setting = timer_setting(task, timer->clock, arg[1] & TIMER_ABSTIME, &new, timer_now(process, timer));
	timer_set(process, timer, &setting);
	if (arg[3] && !space_write(&process->space, arg[3], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

int64_t sys_timer_gettime(struct task *task, const uint64_t arg[6])
{
	struct timer *timer = timer_find(task->process, TIMER_POSIX, (int)arg[0]);
	struct itimerspec now = timer_get(task->process, timer);

	if (!timer)
		return -EINVAL;
	return space_write(&task->process->space, arg[1], &now, sizeof(now)) ? 0 : -EFAULT;
}

int64_t sys_timer_getoverrun(struct task *task, const uint64_t arg[6])
{
	struct timer *timer = timer_find(task->process, TIMER_POSIX, (int)arg[0]);

	return timer ? timer->last_overrun : -EINVAL;
}

int64_t sys_timer_delete(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;

	for (struct timer **link = &process->timers; *link; link = &(*link)->next) {
		if ((*link)->kind == TIMER_POSIX && (*link)->id == (int)arg[0]) {
			timer_free(process, link);
			return 0;
		}
	}
	return -EINVAL;
}

/* --- interval timers: setitimer(2), alarm(2) --------------------------------------------------------- */

static const struct {
	clockid_t clock;
	int signal;
} interval_kinds[] = {
	[ITIMER_REAL] = { CLOCK_MONOTONIC, SIGALRM },
	[ITIMER_VIRTUAL] = { CLOCK_PROCESS_CPUTIME_ID, SIGVTALRM },
	[ITIMER_PROF] = { CLOCK_PROCESS_CPUTIME_ID, SIGPROF },
};

static bool interval_known(uint64_t which)
{
	return which < sizeof(interval_kinds) / sizeof(interval_kinds[0]);
}

/* Rounds up: an armed timer has time left. */
static struct timeval timeval_from(uint64_t ns)
{
	uint64_t us = (ns + NS_PER_US - 1) / NS_PER_US;

	return (struct timeval){ (time_t)(us / US_PER_S), (suseconds_t)(us % US_PER_S) };
}

static struct itimerval interval_get(struct process *process, int which)
{
	struct timer *timer = timer_find(process, TIMER_INTERVAL, which);

	return (struct itimerval){ timeval_from(timer ? timer->run->interval : 0), timeval_from(timer_left(process, timer)) };
}

static int64_t interval_set(struct task *task, int which, const struct itimerval *value)
{
	struct process *process = task->process;
	struct timer *timer = timer_find(process, TIMER_INTERVAL, which);
	clockid_t clock = interval_kinds[which].clock;
	struct itimerspec spec = {
		.it_value = { value->it_value.tv_sec, value->it_value.tv_usec * NS_PER_US },
		.it_interval = { value->it_interval.tv_sec, value->it_interval.tv_usec * NS_PER_US },
	};
	struct timer_setting setting;

	if (!timer)
		timer = timer_new(process, TIMER_INTERVAL, which, clock);
	if (!timer)
		return -ENOMEM;
	if (which == ITIMER_REAL && timespec_ns(&spec.it_value) == 0)
		spec.it_interval = (struct timespec){ 0 }; /* alone of the three, this timer forgets it: do_setitimer() */
	timer->signal = interval_kinds[which].signal;
	setting = timer_setting(task, clock, false, &spec, timer_now(process, timer));
	timer_set(process, timer, &setting);
	return 0;
}

int64_t sys_setitimer(struct task *task, const uint64_t arg[6])
{
	struct space *space = &task->process->space;
	struct itimerval new = { 0 }, old;
	int64_t result;

	if (arg[1] && !space_read(space, arg[1], &new, sizeof(new)))
		return -EFAULT;
	if (!interval_known(arg[0]) || !timeval_valid(&new.it_value) || !timeval_valid(&new.it_interval))
		return -EINVAL;
	old = interval_get(task->process, (int)arg[0]);
	result = interval_set(task, (int)arg[0], &new);
	if (result == 0 && arg[2] && !space_write(space, arg[2], &old, sizeof(old)))
		return -EFAULT;
	return result;
}

int64_t sys_getitimer(struct task *task, const uint64_t arg[6])
{
	struct itimerval now;

	if (!interval_known(arg[0]))
		return -EINVAL;
	now = interval_get(task->process, (int)arg[0]);
	return space_write(&task->process->space, arg[1], &now, sizeof(now)) ? 0 : -EFAULT;
}

int64_t sys_alarm(struct task *task, const uint64_t arg[6])
{
	struct itimerval old = interval_get(task->process, ITIMER_REAL), new = { .it_value.tv_sec = (uint32_t)arg[0] };
	int64_t seconds = old.it_value.tv_sec;

	interval_set(task, ITIMER_REAL, &new);
	/* rounded to seconds, but not to 0 if it was armed: alarm_setitimer() */
	if ((seconds == 0 && old.it_value.tv_usec) || old.it_value.tv_usec >= US_PER_S / 2)
		seconds++;
	return seconds;
}
