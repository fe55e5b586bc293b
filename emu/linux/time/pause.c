/* TPAUSE and UMWAIT: the thread waits as in a system call, and others run. UMWAIT waits for a store to a cache line. The store is
 * noticed by the line's content, when the thread that stored stops running or the limit is reached, so stores cost nothing. A store of
 * the same value is not noticed. */
#include <string.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/time/pause.h"
#include "timekeep/timekeep.h"

/* Returns true if the content has changed. A line that cannot be read counts as written, so the wait ends. */
static bool line_written(struct task *task)
{
	const struct monitor *monitor = &task->cpu.monitor;
	uint64_t content[MONITOR_LINE / 8];

	return monitor->waits
		&& (!space_read(&task->process->space, monitor->address, content, sizeof(content))
			|| memcmp(content, monitor->content, sizeof(content)) != 0);
}

/* UMWAIT has set CF in case the limit ends the wait; clears it if the limit did not (SDM vol. 2, UMWAIT). */
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
	process->turn.lines_watched |= task->cpu.monitor.waits;
	process->time.deadlines_changed = true;
	if (signal_deliverable(task))
		task_wake(task, WAKE_SIGNAL);
}

void pause_poll_lines(struct process *process)
{
	if (!process->turn.lines_watched)
		return;
	process->turn.lines_watched = false;
	for (struct task *task = process->tasks; task; task = task->next) {
		if (task->state != TASK_WAITING || !task->wait.pause || !task->cpu.monitor.waits)
			continue;
		process->turn.lines_watched = true;
		if (line_written(task))
			task_wake(task, WAKE_READY);
	}
}
