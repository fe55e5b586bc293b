/* TPAUSE and UMWAIT: the thread waits as in a system call, others run meanwhile. What UMWAIT waits for, a store to a line of memory, is
 * seen by its content, when the store's thread has let go or the limit is reached; so stores cost nothing. One of what was there already
 * is not seen. */
#include <string.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/time/pause.h"
#include "timekeep/timekeep.h"

/* A line that cannot be read is not worth waiting for. */
static bool line_written(struct task *task)
{
	const struct monitor *monitor = &task->cpu.monitor;
	uint64_t content[MONITOR_LINE / 8];

	return monitor->waits && (!space_read(&task->process->space, monitor->address, content, sizeof(content)) ||
	                          memcmp(content, monitor->content, sizeof(content)) != 0);
}

/* CF, which the instruction has set where it waits up to the limit, tells that it was the limit that ended it (SDM vol. 2, UMWAIT). */
static void settle(struct task *task, bool time_is_over)
{
	if (!time_is_over || line_written(task))
		task->cpu.flags = 0;
	task->cpu.monitor.waits = false;
}

void pause_end(struct task *task)
{
	settle(task, task->wait.wake == WAKE_TIMEOUT);
	wait_clear(&task->wait);
}

void pause_begin(struct task *task)
{
	struct process *process = task->process;
	uint64_t insns = clock_insns(process);
	bool time_is_over = tk_rdtsc(process->clock, task->cpu.vcpu, insns) >= task->cpu.pause_tsc;

	if (time_is_over || line_written(task)) {
		settle(task, time_is_over);
		return;
	}
	task->wait.pause = task->wait.begun = true;
	task->wait.deadline = (uint64_t)tk_when_tsc(process->clock, task->cpu.vcpu, task->cpu.pause_tsc, insns);
	task->state = TASK_WAITING;
	process->lines_watched |= task->cpu.monitor.waits;
	process->deadlines_changed = true;
	if (signal_deliverable(task))
		task_wake(task, WAKE_SIGNAL);
}

void pause_poll_lines(struct process *process)
{
	if (!process->lines_watched)
		return;
	process->lines_watched = false;
	for (struct task *task = process->tasks; task; task = task->next) {
		if (task->state != TASK_WAITING || !task->wait.pause || !task->cpu.monitor.waits)
			continue;
		process->lines_watched = true;
		if (line_written(task))
			task_wake(task, WAKE_READY);
	}
}
