/* --stats: writes the counts of a run as JSON. */
#include "emu/linux/kernel/machine.h"
#include "emu/stats.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static json_t *time_reads(const struct process *process)
{
	uint64_t reads[TIME_READ_KINDS];

	memcpy(reads, process->counts.time_reads, sizeof(reads));
	for (const struct task *task = process->tasks; task; task = task->next)
		for (unsigned k = 0; k < TIME_READ_KINDS; k++)
			reads[k] += task->cpu.time_reads[k];
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "rdtsc", (json_int_t)reads[TIME_READ_RDTSC], "rdtscp",
		(json_int_t)reads[TIME_READ_RDTSCP], "msr", (json_int_t)reads[TIME_READ_MSR], "vdso", (json_int_t)reads[TIME_READ_VDSO],
		"syscall", (json_int_t)reads[TIME_READ_SYSCALL]);
}

static json_t *blocks_object(const struct process *process)
{
	struct blocks_stats stats = blocks_stats(process->blocks);

	return json_pack("{s:I, s:I, s:I, s:I}", "built", (json_int_t)stats.built, "dropped", (json_int_t)stats.dropped, "cache_clears",
		(json_int_t)stats.clears, "short_runs", (json_int_t)stats.short_runs);
}

static json_t *clock_object(const struct process *process)
{
	struct tk_stats stats = tk_stats(process->clock);

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "mode", options_mode_name(tk_mode(process->clock)), "tsc_khz",
		(json_int_t)tk_guest_khz(process->clock), "backsteps", (json_int_t)stats.backsteps, "largest_backstep",
		(json_int_t)stats.largest_backstep, "raised", (json_int_t)stats.raised, "exits", (json_int_t)stats.exits);
}

bool stats_write(FILE *out, const struct process *process, int64_t host_ns)
{
	int64_t guest_ns = tk_clock_ns(process->clock, TK_MONOTONIC, *process->time.clock_insns);
	json_t *object = json_pack("{s:I, s:I, s:o, s:I, s:o, s:o, s:I, s:I, s:f}", "instructions", (json_int_t)process->insns,
		"clock_instructions", (json_int_t)*process->time.clock_insns, "blocks", blocks_object(process), "syscalls",
		(json_int_t)process->counts.syscalls, "time_reads", time_reads(process), "clock", clock_object(process), "guest_ns",
		(json_int_t)guest_ns, "host_ns", (json_int_t)host_ns, "mips",
		host_ns ? (double)process->insns * 1000 / (double)host_ns : 0.0);
	bool written = object && json_dumpf(object, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;

	if (fclose(out) || !written) {
		log_line(process->options, LOG_ERROR, "--stats: cannot write: %s", strerror(errno));
		written = false;
	}
	json_decref(object);
	return written;
}
