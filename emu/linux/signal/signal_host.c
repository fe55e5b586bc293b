/* Carries signals from the host to the guest. All are blocked in the host and taken one by one with sigtimedwait at the ends of slices,
 * so no handler runs and nothing is interrupted. A signalfd ends a wait on the host when a signal comes. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/kernel/upcalls.h"
#include "emu/linux/signal/rseq.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/kernel/observer.h"
#include "emu/mem/doorbell.h"

/* The host raises these for accesses of the emulator. */
static const int synchronous[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };

static uint64_t host_signals(void)
{
	uint64_t set = ~0ULL;

	for (size_t i = 0; i < sizeof(synchronous) / sizeof(synchronous[0]); i++)
		set &= ~signal_bit(synchronous[i]);
	return set;
}

/* libc's functions would leave out the signals 32 and 33, which are needed here. */
static sigset_t sigset_of(uint64_t bits)
{
	sigset_t set;

	sigemptyset(&set);
	memcpy(&set, &bits, sizeof(bits));
	return set;
}

/* The signals that end the thread's wait, blocked or not. */
static uint64_t awaited_signals(const struct task *task)
{
	return task->wait.signals | (task->wait.child ? signal_bit(SIGCHLD) : 0);
}

/* The signals that stay in the host for a signalfd: every thread blocks them and none waits for them. */
static uint64_t held_signals(const struct process *process)
{
	uint64_t held = process->signals.signalfd_set & host_signals();

	for (const struct task *task = process->tasks; task && held; task = task->next)
		if (task->state != TASK_DEAD)
			held &= task->signals.mask & ~awaited_signals(task);
	return held;
}

uint64_t signal_host_held(const struct process *process)
{
	sigset_t pending;
	uint64_t set;

	sigpending(&pending);
	memcpy(&set, &pending, sizeof(set));
	return set & held_signals(process);
}

/* Sends a signal to ourselves. The host has a queue for the process and one for each of its threads; `task` is NULL for the first. */
static bool send_to_host(const siginfo_t *info, const struct task *task)
{
	if (task)
		return syscall(SYS_rt_tgsigqueueinfo, getpid(), host_thread_id(task), info->si_signo, info) == 0;
	return syscall(SYS_rt_sigqueueinfo, getpid(), info->si_signo, info) == 0;
}

bool signal_host_hold(const struct process *process, const siginfo_t *info, const struct task *task)
{
	return held_signals(process) & signal_bit(info->si_signo) && send_to_host(info, task);
}

static void give_back(struct pending_signal **list, uint64_t set, const struct task *task)
{
	while (*list) {
		struct pending_signal *entry = *list;

		if (!(set & signal_bit(entry->info.si_signo)) || !send_to_host(&entry->info, task)) {
			list = &entry->next;
			continue;
		}
		*list = entry->next;
		free(entry);
	}
}

/* Sends signals back to the host that no thread waits for any more, that all block now, or that came before there was a signalfd. */
static void give_back_held(struct process *process)
{
	uint64_t held = held_signals(process);

	if (!held)
		return;
	give_back(&process->signals.pending, held, NULL);
	for (struct task *task = process->tasks; task; task = task->next)
		give_back(&task->signals.pending, held, task);
}

void signal_host_take(struct process *process)
{
	sigset_t set = sigset_of(host_signals()), old;

	sigprocmask(SIG_SETMASK, &set, &old);
	memcpy(&process->tasks->signals.mask, &old, sizeof(uint64_t));
	for (int number = 1; number <= GUEST_SIGNALS; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) != 0)
			continue;
		if (action.sa_handler == SIG_IGN)
			process->signals.action[number].handler = (uint64_t)SIG_IGN;
		if (action.sa_handler == SIG_IGN && (host_signals() & signal_bit(number)))
			signal(number, SIG_DFL);
	}
}

int signal_host_fd(struct process *process)
{
	uint64_t wanted = host_signals() & ~held_signals(process);
	sigset_t set = sigset_of(wanted);

	if (process->signals.fd < 0)
		process->signals.fd = hidden_fd(signalfd(-1, &set, SFD_NONBLOCK));
	else if (wanted != process->signals.fd_set)
		signalfd(process->signals.fd, &set, 0);
	process->signals.fd_set = wanted;
	return process->signals.fd;
}

void signal_host_begin_child(struct process *process, bool shares_files)
{
	if (!shares_files)
		close(process->signals.fd);
	process->signals.fd = -1;
	signal_host_fd(process);
}

static void translate_sender(struct process *process, siginfo_t *info)
{
	if (!process->tree)
		return;
	if (info->si_signo == SIGCHLD && info->si_code > 0 && clock_counts_cpu(process))
		info->si_utime = info->si_stime = 0;
	if (info->si_signo == SIGCHLD || info->si_code <= 0)
		info->si_pid = pids_from_host(process, info->si_pid);
}

void signal_host_deliver(struct process *process, siginfo_t *info)
{
	enum doorbell message = doorbell_take(info);

	if (message == DOORBELL_SAVE)
		observe_claim(process, message, info);
	if (message != DOORBELL_NONE && message != DOORBELL_FORWARDED)
		return;
	if (info->si_signo == SIGCONT)
		tree_stop_asked(process);
	if (observe_claim(process, DOORBELL_NONE, info))
		return;
	translate_sender(process, info);
	if (info->si_signo == SIGCHLD && !process->up->child_changed(process, info))
		return;
	if (info->si_signo == SIGXCPU && info->si_code == SI_KERNEL)
		signal_send_running(process, info);
	else
		signal_send_process(process, info);
}

void signal_host_collect(struct process *process)
{
	sigset_t set = sigset_of(host_signals() & ~held_signals(process));
	struct timespec none = { 0 };
	siginfo_t info;

	process->signals.due = false;
	give_back_held(process);
	tree_settle_children(process);
	while (sigtimedwait(&set, &info, &none) > 0) {
		if (info.si_signo == SIGCONT)
			clock_continued(process);
		signal_host_deliver(process, &info);
	}
}

void signal_host_default(int number)
{
	sigset_t set, old;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	kill(getpid(), number);
	sigprocmask(SIG_UNBLOCK, &set, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

void process_stop(struct process *process, int number)
{
	rseq_interrupt(process->current);
	tree_stop(process);
	signal_host_default(number);
	tree_continue(process);
	signal_host_collect(process);
}
