/* sysinfo(2), /proc/meminfo and /proc/loadavg. */
#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "emu/linux/file/system.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"
#include "timekeep/timekeep.h"

enum { PROCESSES = 1, KIB = 1024 };

static const uint64_t total_bytes = 4ULL << 30, free_bytes = 3ULL << 30;

bool system_is_fixed(const struct process *process)
{
	return tk_mode(process->clock) == TK_ICOUNT;
}

void system_write_meminfo(struct task *task, FILE *out)
{
	(void)task;
	fprintf(out,
		"MemTotal:       %8lu kB\nMemFree:        %8lu kB\nMemAvailable:   %8lu kB\nBuffers:               0 kB\n"
		"Cached:                0 kB\nSwapCached:            0 kB\nActive:                0 kB\nInactive:              0 kB\n"
		"SwapTotal:             0 kB\nSwapFree:              0 kB\nHugePages_Total:       0\nHugePages_Free:        0\n"
		"HugePages_Rsvd:        0\nHugePages_Surp:        0\nHugepagesize:       2048 kB\n",
		total_bytes / KIB, free_bytes / KIB, free_bytes / KIB);
}

void system_write_loadavg(struct task *task, FILE *out)
{
	fprintf(out, "0.00 0.00 0.00 %d/%d %d\n", PROCESSES, PROCESSES, task->process->pid);
}

int64_t sys_sysinfo(struct task *task, const uint64_t arg[6])
{
	struct sysinfo info;

	memset(&info, 0, sizeof(info));
	if (system_is_fixed(task->process)) {
		info.totalram = total_bytes;
		info.freeram = free_bytes;
		info.procs = PROCESSES;
		info.mem_unit = 1;
	} else if (sysinfo(&info) != 0) {
		return -errno;
	}
	info.uptime = (task_clock_ns(task, CLOCK_BOOTTIME) + NS_PER_S - 1) / NS_PER_S; /* rounded up: do_sysinfo() */
	return space_write(&task->process->space, arg[0], &info, sizeof(info)) ? 0 : -EFAULT;
}
