/* Guest signals: generation, the pending queues, delivery. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/fatal.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/upcalls.h"
#include "emu/linux/rows/syscall.h"
#include "emu/linux/signal/rseq.h"
#include "emu/linux/signal/death.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/kernel/observer.h"

enum { SYNCHRONOUS_SIGNALS = 1 << (SIGSEGV - 1) | 1 << (SIGBUS - 1) | 1 << (SIGILL - 1) | 1 << (SIGTRAP - 1) | 1 << (SIGFPE - 1) };
enum { RESTART_SYSCALL_NUMBER = 219, SYSCALL_LENGTH = 2 };
enum { FIRST_QUEUED_SIGNAL = 32 }; /* the kernel's SIGRTMIN; libc reserves the first two */

static const uint64_t stop_signals = 1ULL << (SIGSTOP - 1) | 1ULL << (SIGTSTP - 1) | 1ULL << (SIGTTIN - 1) | 1ULL << (SIGTTOU - 1);

enum default_action signal_default_action(int number)
{
	switch (number) {
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH: return ACTION_IGNORE;
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU: return ACTION_STOP;
	default: return ACTION_TERMINATE;
	}
}

static bool ignored(const struct process *process, int number)
{
	uint64_t handler = process->signals.action[number].handler;

	return handler == (uint64_t)SIG_IGN || (handler == (uint64_t)SIG_DFL && signal_default_action(number) == ACTION_IGNORE);
}

/* --- queues ------------------------------------------------------------------------------------------ */

static uint64_t queue_set(const struct pending_signal *list)
{
	uint64_t set = 0;

	for (; list; list = list->next)
		set |= signal_bit(list->info.si_signo);
	return set;
}

static void queue_remove(struct pending_signal **list, uint64_t set)
{
	while (*list) {
		struct pending_signal *entry = *list;

		if (set & signal_bit(entry->info.si_signo)) {
			*list = entry->next;
			free(entry);
		} else {
			list = &entry->next;
		}
	}
}

static void queue_append(struct pending_signal **list, const siginfo_t *info)
{
	struct pending_signal *entry;

	CHECK(info->si_signo >= 1 && info->si_signo <= GUEST_SIGNALS);
	if (info->si_signo < FIRST_QUEUED_SIGNAL && (queue_set(*list) & signal_bit(info->si_signo)))
		return;
	while (*list)
		list = &(*list)->next;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return; /* as in the kernel when memory is short: the signal is lost */
	entry->info = *info;
	*list = entry;
}

static bool queue_take(struct pending_signal **list, int number, siginfo_t *info)
{
	for (; *list; list = &(*list)->next) {
		struct pending_signal *entry = *list;

		if (entry->info.si_signo == number) {
			*info = entry->info;
			*list = entry->next;
			free(entry);
			return true;
		}
	}
	return false;
}

uint64_t signal_pending_set(const struct task *task)
{
	return queue_set(task->signals.pending) | queue_set(task->process->signals.pending);
}

bool signal_deliverable(const struct task *task)
{
	if (!task->signals.pending && !task->process->signals.pending)
		return false;
	return signal_pending_set(task) & ~task->signals.mask;
}

int signal_dequeue(struct task *task, uint64_t set, siginfo_t *info)
{
	uint64_t own = queue_set(task->signals.pending) & set;
	uint64_t shared = queue_set(task->process->signals.pending) & set;
	uint64_t first = own & SYNCHRONOUS_SIGNALS ? own & SYNCHRONOUS_SIGNALS : own ? own : shared;
	int number;

	if (!first)
		return 0;
	number = __builtin_ctzll(first) + 1;
	if (!queue_take(first & own ? &task->signals.pending : &task->process->signals.pending, number, info))
		return 0;
	if (info->si_code == SI_TIMER)
		task->process->up->timer_signal_taken(task->process, info);
	return number;
}

/* --- generation -------------------------------------------------------------------------------------- */

/* Stop signals and SIGCONT remove each other from every queue of the process, blocked or not. */
static void cancel_opposite(struct process *process, int number)
{
	uint64_t opposite = number == SIGCONT ? stop_signals : stop_signals & signal_bit(number) ? signal_bit(SIGCONT) : 0;

	if (!opposite)
		return;
	queue_remove(&process->signals.pending, opposite);
	for (struct task *task = process->tasks; task; task = task->next)
		queue_remove(&task->signals.pending, opposite);
}

/* Wakes a waiting thread that the signal concerns: it returns to its system call. */
static void interrupt(struct task *task, int number)
{
	if (task->state == TASK_WAITING && !(task->signals.mask & signal_bit(number)))
		task_wake(task, WAKE_SIGNAL);
}

void signal_send_task(struct task *task, const siginfo_t *info)
{
	int number = info->si_signo;

	if (signal_host_hold(task->process, info, task))
		return;
	cancel_opposite(task->process, number);
	if (ignored(task->process, number) && !(task->signals.mask & signal_bit(number)) && !(task->wait.signals & signal_bit(number)))
		return;
	queue_append(&task->signals.pending, info);
	interrupt(task, number);
	if (task->wait.signals & signal_bit(number))
		task_wake(task, WAKE_READY);
}

static uint64_t queued(const struct pending_signal *list)
{
	uint64_t count = 0;

	for (; list; list = list->next)
		count++;
	return count;
}

bool signal_queue_full(const struct process *process)
{
	uint64_t count = queued(process->signals.pending) + process->up->timer_count(process);

	for (const struct task *task = process->tasks; task; task = task->next)
		count += queued(task->signals.pending);
	return count >= limit_of(process, RLIMIT_SIGPENDING);
}

/* Returns a thread that may take a signal for the process: `first` if it may, otherwise the first one from the leader on
 * (complete_signal()). */
static struct task *taker(struct process *process, struct task *first, int number)
{
	if (first && first->state != TASK_DEAD && !(first->signals.mask & signal_bit(number)))
		return first;
	for (struct task *task = process->tasks; task; task = task->next)
		if (task->state != TASK_DEAD && !(task->signals.mask & signal_bit(number)))
			return task;
	return NULL;
}

static void send_process(struct process *process, const siginfo_t *info, struct task *first)
{
	struct task *leader = process->tasks, *chosen = NULL;
	int number = info->si_signo;

	if (signal_host_hold(process, info, NULL))
		return;
	cancel_opposite(process, number);
	for (struct task *task = leader; task && !chosen; task = task->next)
		if (task->wait.signals & signal_bit(number))
			chosen = task;
	if (chosen) {
		queue_append(&process->signals.pending, info);
		task_wake(chosen, WAKE_READY);
		return;
	}
	if (ignored(process, number) && !(leader->signals.mask & signal_bit(number)))
		return;
	queue_append(&process->signals.pending, info);
	chosen = taker(process, first, number);
	if (chosen)
		interrupt(chosen, number);
	if (chosen && chosen == first)
		process->turn.favoured = first;
}

void signal_send_process(struct process *process, const siginfo_t *info)
{
	send_process(process, info, NULL);
}

void signal_send_running(struct process *process, const siginfo_t *info)
{
	send_process(process, info, process->current);
}

void signal_force(struct task *task, siginfo_t *info)
{
	struct guest_sigaction *action = &signal_actions(task)[info->si_signo];
	uint64_t bit = signal_bit(info->si_signo);

	if (action->handler == (uint64_t)SIG_IGN || (task->signals.mask & bit)) {
		action->handler = (uint64_t)SIG_DFL;
		task->signals.mask &= ~bit;
	}
	queue_append(&task->signals.pending, info);
}

void signal_set_mask(struct task *task, uint64_t mask)
{
	task->signals.mask = mask & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
	task->process->signals.due |= task->process->signals.signalfd_set != 0;
}

void signal_drop_ignored(struct process *process, int number)
{
	if (!ignored(process, number))
		return;
	queue_remove(&process->signals.pending, signal_bit(number));
	for (struct task *task = process->tasks; task; task = task->next)
		queue_remove(&task->signals.pending, signal_bit(number));
}

void signal_reset_handlers(struct process *process)
{
	for (int number = 1; number <= GUEST_SIGNALS; number++) {
		struct guest_sigaction *action = &process->signals.action[number];
		bool keep = action->handler == (uint64_t)SIG_IGN;

		*action = (struct guest_sigaction){ .handler = (uint64_t)(keep ? SIG_IGN : SIG_DFL) };
	}
}

/* --- delivery ---------------------------------------------------------------------------------------- */

/* A handler interrupts the system call: it is restarted, or fails with EINTR (signal(7)). */
static void settle_interrupted_call(struct task *task, const struct guest_sigaction *action)
{
	if (!task->call.restartable)
		return;
	task->call.restartable = false;
	switch (-(int64_t)task->cpu.r[RAX]) {
	case ERESTARTSYS:
		if (!(action->flags & SA_RESTART)) {
			task->cpu.r[RAX] = (uint64_t)-EINTR;
			return;
		}
		/* fall through */
	case ERESTARTNOINTR:
		task->cpu.r[RAX] = task->call.number;
		task->cpu.rip -= SYSCALL_LENGTH;
		return;
	case ERESTART_RESTARTBLOCK:
		task->call.restart_number = 0;
		/* fall through */
	case ERESTARTNOHAND: task->cpu.r[RAX] = (uint64_t)-EINTR;
	}
}

/* No handler ran: the system call continues. */
static void resume_interrupted_call(struct task *task)
{
	if (!task->call.restartable)
		return;
	task->call.restartable = false;
	switch (-(int64_t)task->cpu.r[RAX]) {
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
		task->cpu.r[RAX] = task->call.number;
		task->cpu.rip -= SYSCALL_LENGTH;
		break;
	case ERESTART_RESTARTBLOCK:
		if (task->call.number != RESTART_SYSCALL_NUMBER)
			task->call.restart_number = task->call.number;
		task->cpu.r[RAX] = RESTART_SYSCALL_NUMBER;
		task->cpu.rip -= SYSCALL_LENGTH;
	}
}

void signal_force_segv(struct task *task, int failed)
{
	siginfo_t info = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };

	if (failed == SIGSEGV)
		signal_actions(task)[SIGSEGV].handler = (uint64_t)SIG_DFL;
	signal_force(task, &info);
}

static void enter_handler(struct task *task, const siginfo_t *info)
{
	int number = info->si_signo;
	struct guest_sigaction *slot = &signal_actions(task)[number], action = *slot;
	uint64_t mask = task->signals.restore_mask ? task->signals.saved_mask : task->signals.mask;

	if (action.flags & SA_RESETHAND)
		slot->handler = (uint64_t)SIG_DFL;
	settle_interrupted_call(task, &action);
	if (!rseq_resume(task) || !signal_frame_push(task, info, &action, mask)) {
		signal_force_segv(task, number);
		return;
	}
	task->signals.restore_mask = false;
	signal_set_mask(task, task->signals.mask | action.mask | (action.flags & SA_NODEFER ? 0 : signal_bit(number)));
}

void signal_deliver(struct task *task)
{
	struct process *process = task->process;
	siginfo_t info;
	int number;

	while (!process->exiting && (number = signal_dequeue(task, ~task->signals.mask, &info))) {
		uint64_t handler = process->signals.action[number].handler;

		task->process->up->signal_taken(task, &info);
		OBSERVE(process, signal, task, &info);
		if (handler == (uint64_t)SIG_IGN)
			continue;
		if (handler != (uint64_t)SIG_DFL) {
			enter_handler(task, &info);
			continue;
		}
		switch (signal_default_action(number)) {
		case ACTION_IGNORE: break;
		case ACTION_STOP: process_stop(process, number); break;
		case ACTION_TERMINATE: death_report(task, &info); process_end(process, number);
		}
	}
	if (process->exiting)
		return;
	resume_interrupted_call(task);
	if (task->signals.restore_mask) {
		task->signals.restore_mask = false;
		signal_set_mask(task, task->signals.saved_mask);
	}
}
