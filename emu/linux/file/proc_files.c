/* Files of /proc and /sys in which the host would tell of the emulator, of itself or of its own time. Each has a generator, which
 * writes the text at open(2) into a memfd; the guest reads that. */
#include <asm/unistd_64.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/cpu/model.h"
#include "emu/linux/file/file.h"
#include "emu/linux/file/proc_self.h"
#include "emu/linux/file/system.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"
#include "timekeep/timekeep.h"

/* --- the machine --------------------------------------------------------------------------------------------------- */

static unsigned vcpus(const struct task *task)
{
	return tk_vcpus(task->process->clock);
}

static uint64_t megahertz(const struct task *task, unsigned *thousandths)
{
	uint64_t khz = tk_guest_khz(task->process->clock);
	*thousandths = (unsigned)(khz % 1000);
	return khz / 1000;
}

static void cpuinfo_of(struct task *task, const struct cpuid_context *context, FILE *out)
{
	const struct cpu_model *model = task->cpu.model;
	struct cpuid_result leaf = cpu_model_cpuid(model, context, 0, 0);
	char vendor[13] = "", flags[4096];
	unsigned thousandths;
	uint64_t mhz = megahertz(task, &thousandths);

	memcpy(vendor, &leaf.ebx, 4);
	memcpy(vendor + 4, &leaf.edx, 4);
	memcpy(vendor + 8, &leaf.ecx, 4);
	cpu_model_flags(model, context, flags, sizeof flags);
	fprintf(out, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %d\nmodel\t\t: %d\nmodel name\t: %s\nstepping\t: %d\n",
	        context->vcpu, vendor, CPU_FAMILY, CPU_MODEL, model->brand, CPU_STEPPING);
	fprintf(out, "cpu MHz\t\t: %lu.%03u\nphysical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n", mhz,
	        thousandths, context->vcpus, context->vcpu, context->vcpus);
	fprintf(out, "apicid\t\t: %u\ninitial apicid\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n",
	        context->vcpu, context->vcpu, leaf.eax);
	fprintf(out, "flags\t\t: %s\nbugs\t\t:\nbogomips\t: %lu.%02u\nclflush size\t: 64\ncache_alignment\t: 64\n", flags,
	        (2 * mhz * 1000 + 2 * thousandths) / 1000, 2 * thousandths % 1000 / 10);
	leaf = cpu_model_cpuid(model, context, 0x80000008, 0);
	fprintf(out, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n", leaf.eax & 0xff,
	        leaf.eax >> 8 & 0xff);
}

static void write_cpuinfo(struct task *task, FILE *out)
{
	struct cpuid_context context = {.vcpus = vcpus(task), .tsc_khz = tk_guest_khz(task->process->clock),
	                                .tsc_invariant = true};
	for (; context.vcpu < context.vcpus; context.vcpu++)
		cpuinfo_of(task, &context, out);
}

/* Idle time: what all processors have not spent on this process. */
static uint64_t idle_ns(struct task *task)
{
	uint64_t up = (uint64_t)task_clock_ns(task, CLOCK_BOOTTIME) * vcpus(task);
	uint64_t busy = (uint64_t)task_clock_ns(task, CLOCK_PROCESS_CPUTIME_ID);
	return up > busy ? up - busy : 0;
}

static void write_uptime(struct task *task, FILE *out)
{
	uint64_t up = (uint64_t)task_clock_ns(task, CLOCK_BOOTTIME), idle = idle_ns(task);
	fprintf(out, "%lu.%02lu %lu.%02lu\n", up / NS_PER_S, up % NS_PER_S / NS_PER_USER_TICK, idle / NS_PER_S,
	        idle % NS_PER_S / NS_PER_USER_TICK);
}

/* The processors' ticks as the virtual clock has them, all work being this process's; the wall time at which the machine
 * started. Counters that have nothing to do with time are left out of the guest's sight. */
static void write_stat(struct task *task, FILE *out)
{
	uint64_t busy = (uint64_t)task_clock_ns(task, CLOCK_PROCESS_CPUTIME_ID) / NS_PER_USER_TICK;
	uint64_t idle = idle_ns(task) / NS_PER_USER_TICK;
	int64_t booted = task_clock_ns(task, CLOCK_REALTIME) - task_clock_ns(task, CLOCK_BOOTTIME);
	fprintf(out, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n", busy, idle);
	for (unsigned i = 0; i < vcpus(task); i++)
		fprintf(out, "cpu%u %lu 0 0 %lu 0 0 0 0 0 0\n", i, i ? 0 : busy, idle / vcpus(task));
	fprintf(out, "btime %ld\n", booted / NS_PER_S);
}

static void write_cpu_range(struct task *task, FILE *out)
{
	if (vcpus(task) == 1)
		fprintf(out, "0\n");
	else
		fprintf(out, "0-%u\n", vcpus(task) - 1);
}

static void write_clocksource(struct task *task, FILE *out)
{
	(void)task;
	fprintf(out, "tsc\n");
}

/* The frequency that nothing scales: programs that look here take it for the TSC's. */
static void write_khz(struct task *task, FILE *out)
{
	fprintf(out, "%lu\n", tk_guest_khz(task->process->clock));
}

/* --- which file it is ---------------------------------------------------------------------------------------------- */

typedef void generator(struct task *task, FILE *out);

struct emulated {
	const char *path; /* beginning with "self/": of the process itself, with "cpu/": of each processor */
	generator *write;
	bool only_fixed; /* the host's own unless system_is_fixed() */
};

static const struct emulated files[] = {
	{"/proc/cpuinfo", write_cpuinfo, false},
	{"/proc/loadavg", system_write_loadavg, true},
	{"/proc/meminfo", system_write_meminfo, true},
	{"/proc/uptime", write_uptime, false},
	{"/proc/stat", write_stat, false},
	{"/sys/devices/system/cpu/online", write_cpu_range, false},
	{"/sys/devices/system/cpu/possible", write_cpu_range, false},
	{"/sys/devices/system/cpu/present", write_cpu_range, false},
	{"/sys/devices/system/clocksource/clocksource0/current_clocksource", write_clocksource, false},
	{"/sys/devices/system/clocksource/clocksource0/available_clocksource", write_clocksource, false},
	{"cpu/tsc_freq_khz", write_khz, false},
	{"cpu/cpufreq/base_frequency", write_khz, false},
	{"cpu/cpufreq/cpuinfo_cur_freq", write_khz, false},
	{"cpu/cpufreq/cpuinfo_max_freq", write_khz, false},
	{"cpu/cpufreq/cpuinfo_min_freq", write_khz, false},
	{"cpu/cpufreq/scaling_cur_freq", write_khz, false},
	{"cpu/cpufreq/scaling_max_freq", write_khz, false},
	{"cpu/cpufreq/scaling_min_freq", write_khz, false},
	{"self/maps", proc_write_maps, false},
	{"self/smaps", proc_write_smaps, false},
	{"self/cmdline", proc_write_cmdline, false},
	{"self/environ", proc_write_environ, false},
	{"self/auxv", proc_write_auxv, false},
	{"self/stat", proc_write_stat, false},
	{"self/status", proc_write_status, false},
	{"self/statm", proc_write_statm, false},
};

/* "/proc/self/maps", "/proc/PID/maps" with our pid, "/proc/thread-self/maps": the part behind, or NULL. */
static const char *own_part(const struct process *process, const char *path)
{
	char by_pid[32];
	const char *const prefixes[] = {"/proc/self/", "/proc/thread-self/", by_pid};
	snprintf(by_pid, sizeof by_pid, "/proc/%d/", process->pid);
	for (int i = 0; i < 3; i++) {
		if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
			return path + strlen(prefixes[i]);
	}
	return NULL;
}

/* "/sys/devices/system/cpu/cpuN/" of a processor that exists: the part behind, or NULL. */
static const char *cpu_part(const struct process *process, const char *path)
{
	unsigned vcpu;
	int end = 0;
	if (sscanf(path, "/sys/devices/system/cpu/cpu%3u/%n", &vcpu, &end) != 1 || !end || vcpu >= tk_vcpus(process->clock))
		return NULL;
	return path + end;
}

static bool is_part(const char *candidate, const char *folder, const char *part)
{
	size_t length = strlen(folder);
	return part && strncmp(candidate, folder, length) == 0 && strcmp(candidate + length, part) == 0;
}

static generator *find_generator(const struct process *process, const char *path)
{
	if (strncmp(path, "/proc/", 6) != 0 && strncmp(path, "/sys/", 5) != 0)
		return NULL;
	const char *own = own_part(process, path), *cpu = cpu_part(process, path);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		const char *candidate = files[i].path;
		if (files[i].only_fixed && !system_is_fixed(process))
			continue;
		if (strcmp(candidate, path) == 0 || is_part(candidate, "self/", own) || is_part(candidate, "cpu/", cpu))
			return files[i].write;
	}
	return NULL;
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

/* The same memory again, with a descriptor that can only be read. */
static int reopen_for_reading(int fd, int flags)
{
	char link[32];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return open(link, O_RDONLY | (flags & O_CLOEXEC));
}

int64_t proc_open(struct task *task, const char *path, int flags)
{
	generator *write = find_generator(task->process, path);
	if (!write)
		return NOT_EMULATED;
	if ((flags & O_ACCMODE) != O_RDONLY)
		return -EACCES;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	int fd = memfd_create(path, MFD_CLOEXEC);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		int error = errno;
		if (fd >= 0)
			close(fd);
		return -error;
	}
	write(task, out);
	int failed = fflush(out);
	int result = failed ? -1 : reopen_for_reading(fd, flags);
	int error = errno;
	fclose(out);
	return result < 0 ? -error : result;
}
