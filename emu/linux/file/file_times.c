/* File times that are set to "now": the guest's CLOCK_REALTIME, not the host's. The times that the host's kernel sets when a file is
 * read or written stay the host's. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <utime.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"
#include "timekeep/timekeep.h"

/* utimensat(2) with `now` for UTIME_NOW. A user who may write the file but does not own it can only set "now"; then it is the host's. */
static int64_t set_times(struct task *task, uint64_t dirfd, uint64_t path, const struct timespec asked[2], uint64_t flags)
{
	struct timespec times[2] = { asked[0], asked[1] };
	const uint64_t own[6] = { dirfd, path, (uint64_t)times, flags }, plain[6] = { dirfd, path, (uint64_t)asked, flags };
	int64_t result;

	if (tk_mode(task->process->clock) == TK_HOST)
		return syscall_host(SYS_utimensat, plain);
	for (int k = 0; k < 2; k++)
		if (times[k].tv_nsec == UTIME_NOW)
			times[k] = timespec_of(task_clock_ns(task, CLOCK_REALTIME));
	result = syscall_host(SYS_utimensat, own);
	return result == -EPERM ? syscall_host(SYS_utimensat, plain) : result;
}

static const struct timespec both_now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };

int64_t sys_utimensat(struct task *task, const uint64_t arg[6])
{
	struct timespec times[2] = { both_now[0], both_now[1] };

	if (arg[2] && !space_read(&task->process->space, arg[2], times, sizeof(times)))
		return -EFAULT;
	return set_times(task, arg[0], arg[1], times, arg[3]);
}

static int64_t set_timevals(struct task *task, uint64_t dirfd, uint64_t path, uint64_t address)
{
	struct timespec times[2] = { both_now[0], both_now[1] };
	struct timeval values[2];

	if (address && !space_read(&task->process->space, address, values, sizeof(values)))
		return -EFAULT;
	for (int k = 0; address && k < 2; k++) {
		if (values[k].tv_usec < 0 || values[k].tv_usec >= US_PER_S)
			return -EINVAL;
		times[k] = (struct timespec){ values[k].tv_sec, values[k].tv_usec * NS_PER_US };
	}
	return set_times(task, dirfd, path, times, 0);
}

int64_t sys_utimes(struct task *task, const uint64_t arg[6])
{
	return set_timevals(task, (uint64_t)AT_FDCWD, arg[0], arg[1]);
}

int64_t sys_futimesat(struct task *task, const uint64_t arg[6])
{
	return set_timevals(task, arg[0], arg[1], arg[2]);
}

int64_t sys_utime(struct task *task, const uint64_t arg[6])
{
	struct timespec times[2] = { both_now[0], both_now[1] };
	struct utimbuf buffer;

	if (arg[1] && !space_read(&task->process->space, arg[1], &buffer, sizeof(buffer)))
		return -EFAULT;
	if (arg[1]) {
		times[0] = (struct timespec){ .tv_sec = buffer.actime };
		times[1] = (struct timespec){ .tv_sec = buffer.modtime };
	}
	return set_times(task, (uint64_t)AT_FDCWD, arg[0], times, 0);
}
