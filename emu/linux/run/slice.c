/* Slices. Threads take turns after a number of instructions. A system call counts as some instructions, too: otherwise a thread that
 * makes one call after the other could run for seconds. In mode icount slices depend only on what the guest does. */
#include <time.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/syscall.h"
#include "emu/linux/run/slice.h"
#include "timekeep/timekeep.h"

/* A slice's end costs a few host calls. Measured on a loop of 1.5 x 10^9 instructions (1.4 to 2 s): slices of 20,000 instructions cost 2 %
 * in system time, slices of 200,000 less than 0.3 %, which is below the noise. */
enum { SLICE_INSNS = 200000 };
/* The kernel's base slice is 2.8 to 3 ms (sched(7), base_slice_ns). */
enum { SLICE_NS = 3 * NS_PER_MS };
/* A system call that leaves the run takes some microseconds of host time, in which thousands of instructions run. Copying 16 bytes takes
 * about as long as one instruction. */
enum { CALL_INSNS = 4000, BYTES_PER_INSN = 16 };

/* Returns true if the length of a slice in guest time matters: to other threads or processes, or for align=on. If not, slices are not
 * shortened where instructions take long, since that would double the cost of short runs. */
static bool is_watched(const struct process *process)
{
	return process->tasks->next || process->show_pids || process->options->clock.align;
}

/* Returns how many instructions make SLICE_NS of guest time in mode icount. */
static uint64_t counted_insns(const struct process *process)
{
	uint64_t rate = tk_ns_per_insn(process->clock);

	return rate ? (((uint64_t)SLICE_NS << 32) + rate - 1) / rate : UINT64_MAX;
}

/* Returns true if guest time is the host's, so that the slice can end by it. Not for processes that take turns: their turns are counted,
 * to depend as little as possible on the host. */
static bool has_host_end(const struct process *process)
{
	return !clock_counts_cpu(process) && !process->tree;
}

struct slice slice_of(const struct process *process)
{
	struct slice slice = { .insns = SLICE_INSNS, .host_end = INT64_MAX };

	if (has_host_end(process))
		slice.host_end = host_clock_ns(CLOCK_MONOTONIC) + SLICE_NS;
	else if (clock_counts_cpu(process) && is_watched(process) && counted_insns(process) < slice.insns)
		slice.insns = counted_insns(process);
	return slice;
}

void slice_use(struct slice *slice, uint64_t insns)
{
	slice->insns -= insns < slice->insns ? insns : slice->insns;
}

bool slice_is_over(const struct process *process, const struct slice *slice)
{
	if (slice->insns == 0)
		return true;
	return has_host_end(process) && host_clock_ns(CLOCK_MONOTONIC) >= slice->host_end;
}

uint64_t slice_cost_of_call(uint64_t number, int64_t result)
{
	const struct syscall_row *row = &syscall_table[(uint32_t)number];

	if ((uint32_t)number >= syscall_count || !row->name || row->quick)
		return 0;
	/* A large result of a call on files is the number of bytes moved. */
	return CALL_INSNS + (result > 0 && row->class == CLASS_FILE ? (uint64_t)result / BYTES_PER_INSN : 0);
}
