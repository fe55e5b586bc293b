/* The process's side of the virtual clock: reading it, deadlines, CPU time. */
#include <signal.h>
#include <time.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/kernel/upcalls.h"
#include "timekeep/timekeep.h"

uint64_t clock_insns(const struct process *process)
{
	return *process->time.clock_insns;
}

int64_t clock_now(const struct process *process)
{
	return tk_clock_ns(process->clock, TK_MONOTONIC, clock_insns(process));
}

int64_t task_clock_ns(struct task *task, clockid_t id)
{
	switch (id) {
	case CLOCK_PROCESS_CPUTIME_ID: return clock_process_cpu(task->process);
	case CLOCK_THREAD_CPUTIME_ID: return clock_task_cpu(task);
	case CLOCK_REALTIME_ALARM: /* these differ from the plain clocks only for timers; hosts without an RTC lack them */
		return task_clock_ns(task, CLOCK_REALTIME);
	case CLOCK_BOOTTIME_ALARM: return task_clock_ns(task, CLOCK_BOOTTIME);
	default: return tk_clock_ns(task->process->clock, (enum tk_clock_id)id, clock_insns(task->process));
	}
}

/* --- stops from outside ------------------------------------------------------------------------------ */

static bool continue_waits(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGCONT) == 1;
}

/* Returns how many of the last `gap_ns` the host had stopped us. SIGSTOP cannot be seen, but the SIGCONT that ends the stop is blocked
 * here, so it stays pending. A wait on the host measures the stop (wait_on_host). Otherwise the whole gap counts, which is less than a
 * slice too much. */
static int64_t stopped_ns(void *ctx, int64_t gap_ns)
{
	struct process *process = ctx;
	struct host_stop *stop = &process->time.stop;

	if (!stop->continued) {
		bool waits = continue_waits(), known = stop->left_out;

		stop->left_out = waits;
		if (!waits || known)
			return 0;
	}
	return stop->idle ? stop->waited_ns : gap_ns;
}

void clock_watch_stops(struct process *process)
{
	process->time.host = *process->clock->host;
	process->time.host.ctx = process;
	process->time.host.stopped = stopped_ns;
	process->clock->host = &process->time.host;
}

void clock_continued(struct process *process)
{
	process->time.stop.continued = !process->time.stop.left_out;
	clock_now(process);
	tk_tick(process->clock, clock_insns(process));
	process->time.stop.continued = process->time.stop.left_out = false;
}

/* --- CPU time ---------------------------------------------------------------------------------------- */

bool clock_counts_cpu(const struct process *process)
{
	return tk_mode(process->clock) == TK_ICOUNT;
}

void clock_run_begin(struct task *task)
{
	task->cpu.clock_base = clock_insns(task->process);
	task->time.run_insns = 0;
	if (clock_counts_cpu(task->process))
		task->time.run_began = clock_now(task->process);
}

void clock_run_reached(struct task *task)
{
	uint64_t count = cpu_count(&task->cpu, 0), insns = count - task->time.run_insns;

	task->time.run_insns = count;
	task->time.insns += insns;
	task->process->insns += insns;
	*task->process->time.clock_insns += insns;
}

/* The CPU time of the current run so far, in ns. */
static int64_t run_ns(const struct task *task)
{
	return task->time.run_insns > 0 ? clock_now(task->process) - task->time.run_began : 0;
}

void clock_run_end(struct task *task)
{
	clock_run_reached(task);
	if (clock_counts_cpu(task->process)) {
		int64_t ns = run_ns(task);

		task->time.cpu_ns += ns;
		task->process->time.cpu_ns += ns;
	}
	task->time.run_insns = 0;
}

int64_t clock_scaled(const struct process *process, int64_t host_ns)
{
	const struct tk_config *config = &process->options->clock;

	return (int64_t)((__int128)host_ns * (int64_t)config->rate_num / (int64_t)config->rate_den);
}

static int64_t host_cpu(const struct process *process, clockid_t id)
{
	return process->time.cpu_before_ns + clock_scaled(process, host_clock_ns(id));
}

int64_t clock_process_cpu(const struct process *process)
{
	return clock_counts_cpu(process) ? process->time.cpu_ns + run_ns(process->current) : host_cpu(process, CLOCK_PROCESS_CPUTIME_ID);
}

/* All threads share the host thread. Where instructions are not counted, the process's CPU time is divided among its threads by their
 * instructions. */
int64_t clock_task_cpu(const struct task *task)
{
	const struct process *process = task->process;

	if (clock_counts_cpu(process))
		return task->time.cpu_ns + run_ns(task);
	if (task->time.insns == process->insns)
		return host_cpu(process, CLOCK_PROCESS_CPUTIME_ID);
	return (int64_t)((unsigned __int128)host_cpu(process, CLOCK_PROCESS_CPUTIME_ID) * task->time.insns / process->insns);
}

/* --- deadlines --------------------------------------------------------------------------------------- */

void clock_arm(struct process *process)
{
	uint64_t next;

	if (!process->time.deadlines_changed && !process->up->timer_may_be_set(process))
		return;
	next = process->up->timer_next_deadline(process);
	for (struct task *task = process->tasks; task; task = task->next)
		if (task->state == TASK_WAITING && task->wait.deadline < next)
			next = task->wait.deadline;
	process->time.deadlines_changed = false;
	process->time.deadline = next;
	tk_arm(process->clock, (uint64_t)process->pid, next == WAIT_FOREVER ? TK_NEVER : (int64_t)next);
}

void clock_expire(struct process *process)
{
	uint64_t now, id;
	int64_t deadline;

	while (tk_pop_expired(process->clock, clock_insns(process), &id, &deadline))
		if (id != (uint64_t)process->pid)
			tree_poke(process, (pid_t)id);
	now = (uint64_t)clock_now(process);
	common_clock_follow(process);
	clock_arm(process);
	if (process->time.deadline <= now) {
		for (struct task *task = process->tasks; task; task = task->next)
			if (task->state == TASK_WAITING && task->wait.deadline <= now)
				task_wake(task, WAKE_TIMEOUT);
		process->up->timer_expire(process);
		process->time.deadlines_changed = true;
	}
	process->up->timer_expire_cpu(process);
	clock_arm(process);
}

uint64_t clock_budget(struct process *process)
{
	uint64_t budget, cpu;

	clock_arm(process);
	budget = tk_budget(process->clock, clock_insns(process));
	cpu = process->up->timer_cpu_budget(process);
	return cpu < budget ? cpu : budget;
}
