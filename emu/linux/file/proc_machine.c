/* Files of /proc and /sys about the machine: its processors, its load, its uptime. */
#include <stdio.h>
#include <string.h>

#include "emu/cpu/model.h"
#include "emu/linux/file/proc_files.h"
#include "emu/linux/file/system.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/units.h"
#include "timekeep/timekeep.h"

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
	cpu_model_flags(model, context, flags, sizeof(flags));
	fprintf(out, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %d\nmodel\t\t: %d\nmodel name\t: %s\nstepping\t: %d\n", context->vcpu,
		vendor, CPU_FAMILY, CPU_MODEL, model->brand, CPU_STEPPING);
	fprintf(out, "cpu MHz\t\t: %lu.%03u\nphysical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n", mhz, thousandths,
		context->vcpus, context->vcpu, context->vcpus);
	fprintf(out, "apicid\t\t: %u\ninitial apicid\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n",
		context->vcpu, context->vcpu, leaf.eax);
	fprintf(out, "flags\t\t: %s\nbugs\t\t:\nbogomips\t: %lu.%02u\nclflush size\t: 64\ncache_alignment\t: 64\n", flags,
		(2 * mhz * 1000 + 2 * thousandths) / 1000, 2 * thousandths % 1000 / 10);
	leaf = cpu_model_cpuid(model, context, 0x80000008, 0);
	fprintf(out, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n", leaf.eax & 0xff, leaf.eax >> 8 & 0xff);
}

void machine_write_cpuinfo(struct task *task, FILE *out)
{
	struct cpuid_context context = { .vcpus = vcpus(task), .tsc_khz = tk_guest_khz(task->process->clock), .tsc_invariant = true };
	for (; context.vcpu < context.vcpus; context.vcpu++)
		cpuinfo_of(task, &context, out);
}

/* Idle time in ns: the time of all processors less what this process has used. */
static uint64_t idle_ns(struct task *task)
{
	uint64_t up = (uint64_t)task_clock_ns(task, CLOCK_BOOTTIME) * vcpus(task);
	uint64_t busy = (uint64_t)task_clock_ns(task, CLOCK_PROCESS_CPUTIME_ID);
	return up > busy ? up - busy : 0;
}

void machine_write_uptime(struct task *task, FILE *out)
{
	uint64_t up = (uint64_t)task_clock_ns(task, CLOCK_BOOTTIME), idle = idle_ns(task);
	fprintf(out, "%lu.%02lu %lu.%02lu\n", up / NS_PER_S, up % NS_PER_S / NS_PER_USER_TICK, idle / NS_PER_S,
		idle % NS_PER_S / NS_PER_USER_TICK);
}

/* The processors' ticks on the virtual clock, if all work is this process's, and the wall time of the boot. Counters that are no times
 * are left out. */
void machine_write_stat(struct task *task, FILE *out)
{
	uint64_t busy = (uint64_t)task_clock_ns(task, CLOCK_PROCESS_CPUTIME_ID) / NS_PER_USER_TICK;
	uint64_t idle = idle_ns(task) / NS_PER_USER_TICK;
	int64_t booted = task_clock_ns(task, CLOCK_REALTIME) - task_clock_ns(task, CLOCK_BOOTTIME);
	fprintf(out, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n", busy, idle);
	for (unsigned i = 0; i < vcpus(task); i++)
		fprintf(out, "cpu%u %lu 0 0 %lu 0 0 0 0 0 0\n", i, i ? 0 : busy, idle / vcpus(task));
	fprintf(out, "btime %ld\n", booted / NS_PER_S);
}

void machine_write_cpu_range(struct task *task, FILE *out)
{
	if (vcpus(task) == 1)
		fprintf(out, "0\n");
	else
		fprintf(out, "0-%u\n", vcpus(task) - 1);
}

void machine_write_clocksource(struct task *task, FILE *out)
{
	(void)task;
	fprintf(out, "tsc\n");
}

/* The frequency that nothing scales: programs that read this file take it for the TSC's. */
void machine_write_khz(struct task *task, FILE *out)
{
	fprintf(out, "%lu\n", tk_guest_khz(task->process->clock));
}
