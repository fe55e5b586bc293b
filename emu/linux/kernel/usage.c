/* CPU time: times(2), getrusage(2). In mode icount it is the virtual time of the instructions executed, all of it user time, and numbers
 * that depend on the host are 0. In other modes they are the host's. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/times.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/kernel/usage.h"
#include "emu/linux/rows/calls.h"
#include "timekeep/timekeep.h"

struct rusage usage_of_ns(int64_t ns, int64_t most_kib)
{
	return (struct rusage){ .ru_utime = timeval_of(ns), .ru_maxrss = most_kib };
}

uint64_t usage_resident(const struct space *space)
{
	uint64_t total = 0;

	for (size_t i = 0; i < space->count; i++)
		total += space->vma[i].prot ? space->vma[i].end - space->vma[i].start : 0;
	return total;
}

void usage_note(struct process *process)
{
	int64_t kib = (int64_t)(usage_resident(&process->space) / 1024);

	if (kib > process->most_kib)
		process->most_kib = kib;
}

static struct timeval scaled(const struct process *process, struct timeval host)
{
	int64_t us = clock_scaled(process, host.tv_sec * US_PER_S + host.tv_usec);

	return (struct timeval){ us / US_PER_S, us % US_PER_S };
}

/* Time used before the program was restored here counts as user time. */
static void add_before(const struct process *process, struct timeval *user)
{
	int64_t us = user->tv_sec * US_PER_S + user->tv_usec + process->time.cpu_before_ns / NS_PER_US;

	*user = (struct timeval){ us / US_PER_S, us % US_PER_S };
}

static void scale_usage(const struct process *process, struct rusage *usage)
{
	usage->ru_utime = scaled(process, usage->ru_utime);
	usage->ru_stime = scaled(process, usage->ru_stime);
}

static void scale_times(const struct process *process, struct tms *buffer)
{
	buffer->tms_utime = clock_scaled(process, buffer->tms_utime);
	buffer->tms_stime = clock_scaled(process, buffer->tms_stime);
	buffer->tms_cutime = clock_scaled(process, buffer->tms_cutime);
	buffer->tms_cstime = clock_scaled(process, buffer->tms_cstime);
}

int64_t sys_getrusage(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	struct rusage usage;
	int who = (int)arg[0];

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	usage_note(process);
	if (clock_counts_cpu(process))
		usage = usage_of_ns(who == RUSAGE_SELF ? process->time.cpu_ns
				: who == RUSAGE_THREAD ? task->time.cpu_ns
						       : process->time.children_cpu_ns,
			who == RUSAGE_CHILDREN ? process->children_most_kib : process->most_kib);
	else if (getrusage(who, &usage) != 0)
		return -errno;
	else
		scale_usage(process, &usage);
	if (who != RUSAGE_CHILDREN)
		add_before(process, &usage.ru_utime);
	return space_write(&task->process->space, arg[1], &usage, sizeof(usage)) ? 0 : -EFAULT;
}

int64_t sys_times(struct task *task, const uint64_t arg[6])
{
	const struct process *process = task->process;
	struct tms buffer;
	clock_t now = times(&buffer);

	if (tk_mode(process->clock) != TK_HOST)
		now = clock_now(process) / NS_PER_USER_TICK;
	scale_times(process, &buffer);
	buffer.tms_utime += process->time.cpu_before_ns / NS_PER_USER_TICK;
	if (clock_counts_cpu(process))
		buffer = (struct tms){
			.tms_utime = process->time.cpu_ns / NS_PER_USER_TICK,
			.tms_cutime = process->time.children_cpu_ns / NS_PER_USER_TICK,
		};
	if (arg[0] && !space_write(&task->process->space, arg[0], &buffer, sizeof(buffer)))
		return -EFAULT;
	return now;
}
