/* Timers: arming, firing, creating and freeing them. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/time/cpu_limit.h"
#include "emu/linux/time/timer.h"
#include "timekeep/timekeep.h"

static bool on_cpu_clock(const struct timer *timer)
{
	return timer->clock == CLOCK_PROCESS_CPUTIME_ID || timer->clock == CLOCK_THREAD_CPUTIME_ID;
}

uint64_t timer_now(const struct process *process, const struct timer *timer)
{
	if (timer->clock == CLOCK_THREAD_CPUTIME_ID) {
		const struct task *task = task_find((struct process *)process, timer->tid);

		return task ? (uint64_t)clock_task_cpu(task) : 0;
	}
	if (timer->clock == CLOCK_PROCESS_CPUTIME_ID)
		return (uint64_t)clock_process_cpu(process);
	return (uint64_t)clock_now(process);
}

/* --- firing ------------------------------------------------------------------------------------------ */

static bool signal_queued(const struct pending_signal *list, const struct timer *timer)
{
	for (; list; list = list->next)
		if (list->info.si_code == SI_TIMER && list->info.si_timerid == timer->id)
			return true;
	return false;
}

static void send_process(struct process *process, const struct timer *timer, const siginfo_t *info)
{
	if (on_cpu_clock(timer))
		signal_send_running(process, info);
	else
		signal_send_process(process, info);
}

static void notify_posix(struct process *process, struct timer *timer, uint64_t expirations)
{
	siginfo_t info = { .si_signo = timer->signal, .si_code = SI_TIMER };
	struct task *task = timer->notify == SIGEV_THREAD_ID ? task_find(process, timer->tid) : NULL;

	if (timer->notify == SIGEV_NONE || (timer->notify == SIGEV_THREAD_ID && !task))
		return;
	if (signal_queued(task ? task->signals.pending : process->signals.pending, timer)) {
		timer->overrun += expirations;
		return;
	}
	timer->overrun = expirations - 1;
	info.si_timerid = timer->id;
	info.si_value = timer->value;
	if (task)
		signal_send_task(task, &info);
	else
		send_process(process, timer, &info);
}

static void notify(struct process *process, struct timer *timer, uint64_t expirations)
{
	siginfo_t info = { .si_signo = timer->signal, .si_code = SI_KERNEL };

	switch (timer->kind) {
	case TIMER_POSIX: notify_posix(process, timer, expirations); break;
	case TIMER_INTERVAL: send_process(process, timer, &info); break;
	case TIMER_FD:
		/* The eventfd counts as a timerfd does; it cannot overflow. */
		if (write(timer->host_fd, &expirations, sizeof(expirations)) < 0)
			timer->run->deadline = WAIT_FOREVER;
	}
}

static void fire_if_due(struct process *process, struct timer *timer)
{
	struct timer_run *run = timer->run;
	uint64_t due = run->deadline, next = WAIT_FOREVER, expirations = 1, now;

	if (due == WAIT_FOREVER || (now = timer_now(process, timer)) < due)
		return;
	if (run->interval) {
		expirations += (now - due) / run->interval;
		next = due + expirations * run->interval;
	}
	/* one of the processes that share a timerfd handles the expiration */
	if (!__atomic_compare_exchange_n(&run->deadline, &due, next, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	run->wall += (int64_t)(expirations * run->interval);
	notify(process, timer, expirations);
}

void timer_expire(struct process *process)
{
	for (struct timer *timer = process->timers; timer; timer = timer->next)
		if (!on_cpu_clock(timer))
			fire_if_due(process, timer);
}

void timer_expire_cpu(struct process *process)
{
	for (struct timer *timer = process->timers; timer; timer = timer->next)
		if (on_cpu_clock(timer))
			fire_if_due(process, timer);
	cpu_limit_expire(process);
}

uint64_t timer_next_deadline(const struct process *process)
{
	uint64_t next = WAIT_FOREVER;

	for (const struct timer *timer = process->timers; timer; timer = timer->next)
		if (!on_cpu_clock(timer) && timer->run->deadline < next)
			next = timer->run->deadline;
	return next;
}

bool timer_may_be_set(const struct process *process)
{
	for (const struct timer *timer = process->timers; timer; timer = timer->next)
		if (timer->kind == TIMER_FD)
			return process->show_pids;
	return false;
}

/* Returns the CPU time left until `due` on the timer's clock; without a timer, on the process's. */
static uint64_t cpu_time_left(const struct process *process, const struct timer *timer, uint64_t due)
{
	uint64_t now;

	if (due == WAIT_FOREVER)
		return WAIT_FOREVER;
	now = timer ? timer_now(process, timer) : (uint64_t)clock_process_cpu(process);
	return due > now ? due - now : 0;
}

uint64_t timer_cpu_budget(const struct process *process)
{
	uint64_t left = cpu_time_left(process, NULL, cpu_limit_due(process)), rate = tk_ns_per_insn(process->clock);

	for (const struct timer *timer = process->timers; timer; timer = timer->next) {
		uint64_t own = on_cpu_clock(timer) ? cpu_time_left(process, timer, timer->run->deadline) : WAIT_FOREVER;

		if (own < left)
			left = own;
	}
	if (left == 0)
		return 0;
	if (left == WAIT_FOREVER || rate == 0)
		return UINT64_MAX;
	return (uint64_t)((((unsigned __int128)left << 32) + rate - 1) / rate);
}

/* Wakes the timerfd's reader, which gets ECANCELED from one read (timerfd_canceled()). Only the first process that sees the change does
 * this. */
static void cancel(struct timer *timer, int64_t shift)
{
	int64_t before = timer->run->wall_offset;

	if (before == shift
		|| !__atomic_compare_exchange_n(&timer->run->wall_offset, &before, shift, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	timer->run->canceled = true;
	eventfd_write(timer->host_fd, 1);
}

void timer_wall_changed(struct process *process, int64_t shift)
{
	for (struct timer *timer = process->timers; timer; timer = timer->next) {
		if (timer->run->on_wall && timer->run->deadline != WAIT_FOREVER)
			timer->run->deadline = timer->run->wall > shift ? (uint64_t)(timer->run->wall - shift) : 0;
		if (timer->run->cancel_on_set)
			cancel(timer, shift);
	}
}

bool timer_minds_wall(const struct process *process)
{
	for (const struct timer *timer = process->timers; timer; timer = timer->next)
		if (timer->run->on_wall || timer->run->cancel_on_set)
			return true;
	return false;
}

unsigned timer_count(const struct process *process)
{
	unsigned count = 0;

	for (const struct timer *timer = process->timers; timer; timer = timer->next)
		count += timer->kind == TIMER_POSIX;
	return count;
}

struct timer *timer_find(struct process *process, enum timer_kind kind, int id)
{
	for (struct timer *timer = process->timers; timer; timer = timer->next)
		if (timer->kind == kind && timer->id == id)
			return timer;
	return NULL;
}

void timer_signal_taken(struct process *process, siginfo_t *info)
{
	struct timer *timer = timer_find(process, TIMER_POSIX, info->si_timerid);

	if (!timer)
		return;
	timer->last_overrun = timer->overrun > INT_MAX ? INT_MAX : (int)timer->overrun;
	timer->overrun = 0;
	info->si_overrun = timer->last_overrun;
}

/* --- creating and freeing ---------------------------------------------------------------------------- */

struct timer *timer_new(struct process *process, enum timer_kind kind, int id, clockid_t clock)
{
	struct timer *timer = calloc(1, sizeof(*timer)), **end = &process->timers;

	if (!timer)
		return NULL;
	*timer = (struct timer){ .kind = kind, .id = id, .clock = clock, .host_fd = -1, .run = &timer->own };
	if (kind == TIMER_FD)
		timer->run = mmap(NULL, sizeof(*timer->run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (timer->run == MAP_FAILED) {
		free(timer);
		return NULL;
	}
	timer->run->deadline = WAIT_FOREVER;
	while (*end)
		end = &(*end)->next;
	*end = timer;
	return timer;
}

void timer_free(struct process *process, struct timer **link)
{
	struct timer *timer = *link;

	*link = timer->next;
	if (timer->host_fd >= 0)
		close(timer->host_fd);
	if (timer->run != &timer->own)
		munmap(timer->run, sizeof(*timer->run));
	free(timer);
	process->time.deadlines_changed = true;
}

static void forget(struct process *process, enum timer_kind kind)
{
	struct timer **link = &process->timers;

	while (*link) {
		if ((*link)->kind != kind)
			link = &(*link)->next;
		else
			timer_free(process, link);
	}
}

void timer_forget_but_fds(struct process *process)
{
	forget(process, TIMER_POSIX);
	forget(process, TIMER_INTERVAL);
	process->time.deadlines_changed = true;
}

void timer_forget_posix(struct process *process)
{
	forget(process, TIMER_POSIX);
}

void timer_set(struct process *process, struct timer *timer, const struct timer_setting *setting)
{
	timer->run->deadline = setting->value ? setting->deadline : WAIT_FOREVER;
	timer->run->interval = setting->interval;
	timer->run->on_wall = setting->on_wall;
	timer->run->wall = (int64_t)setting->value;
	timer->overrun = 0;
	process->time.deadlines_changed = true;
}

/* Returns the time left in ns, at least 1 while the timer is armed, otherwise 0. */
uint64_t timer_left(const struct process *process, const struct timer *timer)
{
	uint64_t now;

	if (!timer || timer->run->deadline == WAIT_FOREVER)
		return 0;
	now = timer_now(process, timer);
	return timer->run->deadline > now ? timer->run->deadline - now : 1;
}
