/* Between the host's signals and the guest's. All are blocked in the host, and taken one by one with sigtimedwait at the ends of
 * slices: no handler runs, nothing is interrupted. A signalfd lets a wait end when one comes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/linux/child.h"
#include "emu/linux/hidden.h"
#include "emu/linux/pids.h"
#include "emu/linux/process.h"
#include "emu/linux/schedule.h"
#include "emu/linux/signal.h"
#include "emu/linux/tree.h"

/* The host raises these for the emulator's own accesses. */
static const int synchronous[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

static sigset_t collected_signals(void)
{
	sigset_t set;

	memset(&set, 0xff, sizeof(set)); /* sigfillset would leave out those that libc keeps for itself */
	for (size_t i = 0; i < sizeof(synchronous) / sizeof(synchronous[0]); i++)
		sigdelset(&set, synchronous[i]);
	return set;
}

static bool is_synchronous(int number)
{
	sigset_t set = collected_signals();

	return !sigismember(&set, number);
}

void signal_host_take(struct process *process)
{
	sigset_t set = collected_signals(), old;

	sigprocmask(SIG_SETMASK, &set, &old);
	memcpy(&process->tasks->signal_mask, &old, sizeof(uint64_t));
	for (int number = 1; number <= GUEST_SIGNALS; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) != 0)
			continue;
		if (action.sa_handler == SIG_IGN)
			process->action[number].handler = (uint64_t)SIG_IGN;
		if (action.sa_handler == SIG_IGN && !is_synchronous(number))
			signal(number, SIG_DFL);
	}
}

int signal_host_fd(struct process *process)
{
	sigset_t set = collected_signals();
	if (process->signal_fd >= 0 && fcntl(process->signal_fd, F_GETFD) >= 0)
		return process->signal_fd;
	process->signal_fd = hidden_fd(signalfd(-1, &set, SFD_NONBLOCK));
	return process->signal_fd;
}

static void translate_sender(struct process *process, siginfo_t *info)
{
	if (!process->tree)
		return;
	if (info->si_signo == SIGCHLD && info->si_code > 0)
		info->si_utime = info->si_stime = 0;
	if (info->si_signo == SIGCHLD || info->si_code <= 0)
		info->si_pid = pids_from_host(process, info->si_pid);
}

void signal_host_collect(struct process *process)
{
	sigset_t set = collected_signals();
	struct timespec none = { 0 };
	siginfo_t info;

	process->reschedule = false;
	tree_settle_children(process);
	while (sigtimedwait(&set, &info, &none) > 0) {
		if (process->tree && tree_is_doorbell(&info))
			continue;
		translate_sender(process, &info);
		if (info.si_signo == SIGCHLD && !child_signal(process, &info))
			continue;
		signal_send_process(process, &info);
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
