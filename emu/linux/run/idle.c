/* When no thread can run: waits on the host for descriptors, signals and deadlines, or reports a deadlock. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/process/child.h"
#include "emu/linux/process/futex.h"
#include "emu/linux/run/idle.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/time/pause.h"
#include "emu/linux/time/timer.h"
#include "emu/linux/kernel/observer.h"

enum { DEADLOCK_STATUS = 125, SHARED_MEMORY_NS = 1000000, SHARED_WALL_NS = 10000000, LOOK_AGAIN_NS = 1000000 };
#define ENDLESS_NS (INT64_C(1) << 60) /* 36 years */

static void describe_wait(const struct task *task, char *text, size_t size)
{
	const struct wait *wait = &task->wait;

	if (wait->futex)
		snprintf(text, size, "the futex at 0x%llx", (unsigned long long)wait->futex);
	else if (wait->signals)
		snprintf(text, size, "one of the signals 0x%llx", (unsigned long long)wait->signals);
	else
		snprintf(text, size, "a signal");
}

static void report_deadlock(struct process *process)
{
	log_line(process->options, LOG_ERROR, "deadlock: every thread waits, no timer is armed, and nothing outside can end it");
	for (struct task *task = process->tasks; task; task = task->next) {
		char text[64];

		if (task->state == TASK_DEAD)
			continue;
		describe_wait(task, text, sizeof(text));
		log_line(process->options, LOG_ERROR, "  thread %d, in system call %llu at 0x%llx, waits for %s", (int)task->tid,
			(unsigned long long)task->call.number, (unsigned long long)task->cpu.rip, text);
	}
	process_end(process, DEADLOCK_STATUS << 8);
}

static unsigned count_fds(const struct process *process)
{
	unsigned count = 0;

	for (const struct task *task = process->tasks; task; task = task->next)
		if (task->state == TASK_WAITING)
			count += task->wait.fds;
	return count;
}

/* Returns true if a thread or a timer has a deadline. Retries, for events that nothing announces, do not count. */
static bool has_deadline(const struct process *process)
{
	for (const struct task *task = process->tasks; task; task = task->next)
		if (task->state == TASK_WAITING && task->wait.deadline != WAIT_FOREVER && !task->wait.retries)
			return true;
	return timer_next_deadline(process) != WAIT_FOREVER;
}

/* With sleep=off, time would race while threads only retry. So it passes no faster than the host's. */
static int64_t shortest_wait(const struct process *process)
{
	bool timed = process->tree ? tree_timed(process) : has_deadline(process);

	return tk_sleep_off(process->clock) && !timed ? LOOK_AGAIN_NS : 0;
}

/* Returns true if an event other than a timer can end the wait. A signal from outside can always come; but with sleep=off, if threads
 * wait for nothing else, it must count as a deadlock. */
static bool external_wait(const struct process *process)
{
	if (!tk_sleep_off(process->clock))
		return true;
	return process->tree ? tree_external(process) : count_fds(process) > 0 || child_exists();
}

struct turn_end idle_gather(struct process *process)
{
	struct turn_end end = { .fds = calloc(count_fds(process) + 1, sizeof(*end.fds)), .timed = has_deadline(process) };

	if (!end.fds)
		return end;
	for (struct task *task = process->tasks; task; task = task->next) {
		if (task->state != TASK_WAITING || task->wait.fds == 0)
			continue;
		memcpy(end.fds + end.count, task->wait.fd, task->wait.fds * sizeof(*end.fds));
		end.count += task->wait.fds;
	}
	end.fds[end.count++] = (struct pollfd){ .fd = signal_host_fd(process), .events = POLLIN };
	return end;
}

static void wake_ready(struct process *process, const struct pollfd *all)
{
	for (struct task *task = process->tasks; task; task = task->next) {
		unsigned fds = task->wait.fds;
		bool ready = false;

		if (task->state != TASK_WAITING)
			continue;
		for (unsigned i = 0; i < fds; i++)
			ready = ready || all[i].revents;
		all += fds;
		if (ready)
			task_wake(task, WAKE_READY);
	}
}

/* ppoll(2) for `ns`. The system call, unlike libc's function, stores the remaining time in its argument, and after a stop it goes on
 * with it. So time that neither remains nor was waited for was a stop: `stopped`, in ns. */
static int poll_for(const struct turn_end *end, int64_t ns, int64_t *stopped)
{
	struct timespec limit = timespec_of(ns);
	int64_t began = host_clock_ns(CLOCK_MONOTONIC);
	int ready = (int)syscall(SYS_ppoll, end->fds, end->count, &limit, NULL, (size_t)0);

	*stopped = host_clock_ns(CLOCK_MONOTONIC) - began - (ns - limit.tv_sec * NS_PER_S - limit.tv_nsec);
	return ready;
}

/* Waits on the host for at most `ns` (negative: no limit). Returns true if an event came. */
static bool wait_on_host(struct process *process, int64_t ns)
{
	struct turn_end end = idle_gather(process);
	int ready;

	if (!end.fds)
		return false;
	ready = ns == 0 ? poll(end.fds, end.count, 0) : poll_for(&end, ns < 0 ? ENDLESS_NS : ns, &process->time.stop.waited_ns);
	if (ready > 0)
		wake_ready(process, end.fds);
	free(end.fds);
	return ready > 0;
}

/* Other processes may write to memory that they share with us, and nothing tells us: so look now and then. In a tree, no other process
 * runs now. */
static int64_t wait_at_most(const struct process *process)
{
	int64_t most;

	if (process->tree)
		return INT64_MAX;
	if (process->turn.lines_watched)
		return SHARED_MEMORY_NS;
	most = futex_wait_at_most(process);
	return wall_may_be_set(process) && most > SHARED_WALL_NS ? SHARED_WALL_NS : most;
}

void idle_wait(struct process *process)
{
	int64_t wait_ns = -1, most_ns;
	bool came, capped, called;

	switch (tk_idle_begin(process->clock, clock_insns(process), external_wait(process), &wait_ns)) {
	case TK_IDLE_DEADLOCK:
		if (!tree_somebody_runs(process))
			report_deadlock(process);
		return;
	case TK_IDLE_FOREVER: wait_ns = -1; break;
	case TK_IDLE_WAIT:
		if (wait_ns == 0)
			wait_ns = shortest_wait(process);
		break;
	}
	most_ns = wait_at_most(process);
	capped = wait_ns < 0 ? most_ns < INT64_MAX : wait_ns > most_ns;
	if (capped)
		wait_ns = most_ns;
	OBSERVE(process, pause, process, wait_ns);
	tree_watch(process, wait_ns != 0);
	if (tree_somebody_runs(process)) /* must come after tree_watch: a process that wants the turn from then on calls us */
		wait_ns = 0;
	process->time.stop.idle = wait_ns != 0;
	called = !process->tree && !peers_begin_wait(process);
	came = wait_on_host(process, called ? 0 : wait_ns) || called;
	peers_end_wait(process);
	tree_watch(process, false);
	tk_idle_end(process->clock, clock_insns(process), came || capped ? TK_WAKE_EXTERNAL : TK_WAKE_TIMER);
	clock_now(process);
	process->time.stop.idle = false;
}

void idle_poll(struct process *process)
{
	futex_collect(process);
	pause_poll_lines(process);
	if (count_fds(process) > 0)
		wait_on_host(process, 0);
}
