/* Reading and setting clocks, and sleeping. */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/time/clock_ids.h"
#include "timekeep/timekeep.h"

enum { NS_PER_TICK = 4000000 }; /* a kernel with CONFIG_HZ=250 */

/* The latest time that a clock can be set to: it must not overflow within 30 years, as in timespec64_valid_settod(). */
#define SETTABLE_MAX_S (INT64_MAX / NS_PER_S - INT64_C(30) * 365 * 24 * 3600)

static int64_t put(struct task *task, uint64_t address, const void *from, size_t size)
{
	return space_write(&task->process->space, address, from, size) ? 0 : -EFAULT;
}

/* The clock ids of clock_gettime(2). Per-process ids (clock_getcpuclockid(3)) end in 2 for processes, 6 for threads. */
static bool clock_known(clockid_t id)
{
	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
	case CLOCK_TAI: return true;
	}
	return false;
}

/* Clocks of processes and threads can be read for our own only. */
struct task *clock_resolve(struct task *task, clockid_t *id)
{
	enum { KIND_MASK = 7, PROCESS_SCHED = 2, THREAD_SCHED = 6 };
	pid_t owner = ~(*id >> 3);

	if (*id >= 0)
		return clock_known(*id) ? task : NULL;
	if ((*id & KIND_MASK) == PROCESS_SCHED && (owner == 0 || owner == task->process->pid)) {
		*id = CLOCK_PROCESS_CPUTIME_ID;
		return task;
	}
	if ((*id & KIND_MASK) == THREAD_SCHED) {
		*id = CLOCK_THREAD_CPUTIME_ID;
		return owner == 0 ? task : task_find(task->process, owner);
	}
	return NULL;
}

int64_t sys_clock_gettime(struct task *task, const uint64_t arg[6])
{
	clockid_t id = (clockid_t)arg[0];
	struct task *owner = clock_resolve(task, &id);
	struct timespec now;

	if (!owner)
		return -EINVAL;
	task->process->counts.time_reads[TIME_READ_SYSCALL]++;
	now = timespec_of(task_clock_ns(owner, id));
	return put(task, arg[1], &now, sizeof(now));
}

int64_t sys_clock_getres(struct task *task, const uint64_t arg[6])
{
	clockid_t id = (clockid_t)arg[0];
	struct timespec resolution = { .tv_nsec = 1 };

	if (!clock_resolve(task, &id))
		return -EINVAL;
	if (id == CLOCK_REALTIME_COARSE || id == CLOCK_MONOTONIC_COARSE)
		resolution.tv_nsec = NS_PER_TICK;
	if (tk_mode(task->process->clock) == TK_HOST)
		clock_getres(id, &resolution);
	return arg[1] ? put(task, arg[1], &resolution, sizeof(resolution)) : 0;
}

int64_t sys_gettimeofday(struct task *task, const uint64_t arg[6])
{
	int64_t now = task_clock_ns(task, CLOCK_REALTIME);
	struct timeval value = timeval_of(now);
	struct timezone zone = { 0 };

	task->process->counts.time_reads[TIME_READ_SYSCALL]++;
	if (arg[0] && put(task, arg[0], &value, sizeof(value)) != 0)
		return -EFAULT;
	return arg[1] ? put(task, arg[1], &zone, sizeof(zone)) : 0;
}

int64_t sys_time(struct task *task, const uint64_t arg[6])
{
	int64_t now = seconds_of(task_clock_ns(task, CLOCK_REALTIME));

	task->process->counts.time_reads[TIME_READ_SYSCALL]++;
	if (arg[0] && put(task, arg[0], &now, sizeof(now)) != 0)
		return -EFAULT;
	return now;
}

/* --- setting ----------------------------------------------------------------------------------------- */

static int64_t set_wall(struct task *task, int64_t ns)
{
	return wall_step(task->process, ns - task_clock_ns(task, CLOCK_REALTIME));
}

int64_t sys_clock_settime(struct task *task, const uint64_t arg[6])
{
	clockid_t id = (clockid_t)arg[0];
	struct timespec value;

	if (id != CLOCK_REALTIME)
		return -EINVAL;
	if (!space_read(&task->process->space, arg[1], &value, sizeof(value)))
		return -EFAULT;
	if (!timespec_valid(&value) || value.tv_sec >= SETTABLE_MAX_S)
		return -EINVAL;
	return set_wall(task, (int64_t)timespec_ns(&value));
}

int64_t sys_settimeofday(struct task *task, const uint64_t arg[6])
{
	struct timezone zone;
	struct timeval value;

	if (arg[0] && !space_read(&task->process->space, arg[0], &value, sizeof(value)))
		return -EFAULT;
	if (arg[0] && !timeval_valid(&value))
		return -EINVAL;
	if (arg[1] && !space_read(&task->process->space, arg[1], &zone, sizeof(zone)))
		return -EFAULT;
	if (!arg[0])
		return arg[1] ? -EPERM : 0; /* the time zone of the kernel is the host's, and cannot be set */
	if (value.tv_sec >= SETTABLE_MAX_S)
		return -EINVAL;
	return set_wall(task, value.tv_sec * NS_PER_S + value.tv_usec * NS_PER_US);
}

/* Returns the state of a clock without corrections, of which adjtime(3) leaves nothing to do. The only supported adjustment is
 * ADJ_SETOFFSET, a step. */
static int64_t adjust(struct task *task, uint64_t address)
{
	enum { ADJTIME = 0x8000 }; /* ADJ_ADJTIME of linux/timex.h: the mode is adjtime(3)'s */
	struct timex state, answer = { 0 };
	int64_t now, delta, result;

	if (!space_read(&task->process->space, address, &state, sizeof(state)))
		return -EFAULT;
	if (state.modes & ADJTIME && !(state.modes & ADJ_OFFSET))
		return -EINVAL;
	if (state.modes & ~(unsigned)(ADJ_SETOFFSET | ADJ_NANO) && state.modes != ADJ_OFFSET_SS_READ)
		return -EPERM;
	if (state.modes & ADJ_SETOFFSET) {
		if (state.time.tv_usec < 0 || state.time.tv_usec >= (state.modes & ADJ_NANO ? NS_PER_S : US_PER_S)
			|| state.time.tv_sec <= -SETTABLE_MAX_S || state.time.tv_sec >= SETTABLE_MAX_S)
			return -EINVAL;
		delta = state.time.tv_sec * NS_PER_S + state.time.tv_usec * (state.modes & ADJ_NANO ? 1 : NS_PER_US);
		result = wall_step(task->process, delta);
		if (result != 0)
			return result;
	}
	now = task_clock_ns(task, CLOCK_REALTIME);
	answer.tick = 10000;
	answer.tolerance = 32768000;
	answer.precision = 1;
	answer.maxerror = answer.esterror = 16000000;
	answer.status = STA_UNSYNC;
	answer.time = timeval_of(now);
	if (put(task, address, &answer, sizeof(answer)) != 0)
		return -EFAULT;
	return TIME_ERROR;
}

int64_t sys_adjtimex(struct task *task, const uint64_t arg[6])
{
	return adjust(task, arg[0]);
}

int64_t sys_clock_adjtime(struct task *task, const uint64_t arg[6])
{
	struct timex state;

	if (!space_read(&task->process->space, arg[1], &state, sizeof(state)))
		return -EFAULT;
	if ((clockid_t)arg[0] != CLOCK_REALTIME)
		return clock_known((clockid_t)arg[0]) ? -EOPNOTSUPP : -EINVAL;
	return adjust(task, arg[1]);
}

/* --- sleeping ---------------------------------------------------------------------------------------- */

bool clock_is_wall(clockid_t id)
{
	return id == CLOCK_REALTIME || id == CLOCK_REALTIME_ALARM || id == CLOCK_TAI;
}

bool clock_is_forbidden(clockid_t id)
{
	return (id == CLOCK_REALTIME_ALARM || id == CLOCK_BOOTTIME_ALARM) && !limits_capable(CAP_WAKE_ALARM);
}

uint64_t clock_deadline(struct task *task, clockid_t id, uint64_t time)
{
	int64_t ahead = task_clock_ns(task, id) - clock_now(task->process);

	if (time >= INT64_MAX)
		return WAIT_FOREVER;
	return (int64_t)time > ahead ? time - (uint64_t)ahead : 0;
}

static int64_t sleep_until(struct task *task, uint64_t deadline, uint64_t remaining, bool absolute)
{
	int64_t result = wait_until(task, deadline), left;
	struct timespec rest;

	if (result == -ETIMEDOUT)
		return 0;
	if (result != -ERESTARTSYS)
		return result;
	if (absolute)
		return -ERESTARTNOHAND;
	/* what is too long for the clock ends with it: KTIME_MAX */
	deadline = task->wait.deadline < INT64_MAX ? task->wait.deadline : INT64_MAX;
	left = (int64_t)deadline - clock_now(task->process);
	if (left <= 0)
		return 0;
	rest = timespec_of(left);
	if (remaining && put(task, remaining, &rest, sizeof(rest)) != 0)
		return -EFAULT;
	return -ERESTART_RESTARTBLOCK;
}

int64_t sys_nanosleep(struct task *task, const uint64_t arg[6])
{
	struct timespec length;

	if (!space_read(&task->process->space, arg[0], &length, sizeof(length)))
		return -EFAULT;
	if (!timespec_valid(&length))
		return -EINVAL;
	return sleep_until(task, wait_deadline(task, timespec_ns(&length)), arg[1], false);
}

int64_t sys_clock_nanosleep(struct task *task, const uint64_t arg[6])
{
	clockid_t id = (clockid_t)arg[0];
	struct timespec length;
	uint64_t ns;

	if (!clock_resolve(task, &id) || id == CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL;
	if (id == CLOCK_MONOTONIC_RAW || id == CLOCK_REALTIME_COARSE || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_PROCESS_CPUTIME_ID)
		return -EOPNOTSUPP;
	if (!space_read(&task->process->space, arg[2], &length, sizeof(length)))
		return -EFAULT;
	if (!timespec_valid(&length))
		return -EINVAL;
	if (clock_is_forbidden(id))
		return -EPERM;
	ns = timespec_ns(&length);
	if (!(arg[1] & TIMER_ABSTIME))
		return sleep_until(task, wait_deadline(task, ns), arg[3], false);
	if (!task->wait.begun && clock_is_wall(id)) {
		task->wait.on_wall = true;
		task->wait.wall = (int64_t)ns;
	}
	return sleep_until(task, clock_deadline(task, id, ns), 0, true);
}
