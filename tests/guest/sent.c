/* Signals that others send, as they arrive: the last one with any value, the CPU's own ones from a process, and as the exit signal of a
 * child. */
/* tests/guest.test: --serial */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { LAST = 64 };

static sigset_t watched, before;
static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

static void show_next(pid_t sender)
{
	const struct timespec limit = { .tv_sec = 5 };
	siginfo_t info;
	int number;

	memset(&info, 0, sizeof(info));
	number = sigtimedwait(&watched, &info, &limit);
	printf("got %d, code %d, value %#x, of its sender %d\n", number, info.si_code,
		info.si_code == SI_QUEUE ? (unsigned)info.si_value.sival_int : 0, info.si_pid == sender);
}

/* `gap` is what stands between si_code and what follows: the kernel copies it. */
static int queue(pid_t target, int number, int value, int error, int gap)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = number;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_value.sival_int = value;
	info.si_errno = error;
	memcpy((char *)&info + 12, &gap, sizeof(gap));
	return (int)syscall(SYS_rt_sigqueueinfo, target, number, &info);
}

static void queue_from_child(int number, int value, int error, int gap)
{
	pid_t child = fork();

	if (child == 0)
		_exit(queue(getppid(), number, value, error, gap) != 0);
	waitpid(child, NULL, 0);
	show_next(child);
}

static void last_signal(void)
{
	static const int values[] = { 0, 7, 0x5a5e0b00, 0x5a5e0900, 0x7469636b, 0x736b0000, -1 };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		queue_from_child(LAST, values[i], 0, 0);
		SHOW(queue(getpid(), LAST, values[i], 0, 0));
		show_next(getpid());
	}
	for (int message = 0; message < 5; message++) {
		queue_from_child(LAST, 3, message | SIGUSR1 << 8, 0x7469636b);
		SHOW(queue(getpid(), LAST, 3, message | SIGUSR1 << 8, 0x7469636b));
		show_next(getpid());
	}
}

/* Several at once, while the receiver waits: none is lost, none comes first. */
static void many(void)
{
	enum { MANY = 20 };
	pid_t child = fork();

	if (child == 0) {
		for (int i = 0; i < MANY; i++)
			sigqueue(getppid(), LAST, (union sigval){ .sival_int = i });
		_exit(0);
	}
	for (int i = 0; i < MANY; i++)
		show_next(child);
	waitpid(child, NULL, 0);
}

static void from_processes(void)
{
	for (int i = 0; i < FAULTS; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(kill(getppid(), faults[i]) != 0);
		waitpid(child, NULL, 0);
		show_next(child);
		queue_from_child(faults[i], 0x12345678, 0, 0);
	}
}

/* With the same positive codes that faults have. */
static void exit_signals(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGUSR1, LAST };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		pid_t child = (pid_t)syscall(SYS_clone, numbers[i], NULL, NULL, NULL, NULL);
		const struct timespec limit = { .tv_sec = 5 };
		siginfo_t info = { 0 };

		if (child == 0)
			_exit(3);
		SHOW(sigtimedwait(&watched, &info, &limit));
		printf("code %d\n", info.si_code);
		CHECK(waitpid(child, NULL, __WALL) == child);
	}
}

int main(void)
{
	sigemptyset(&watched);
	sigaddset(&watched, LAST);
	sigaddset(&watched, SIGUSR1);
	for (int i = 0; i < FAULTS; i++)
		sigaddset(&watched, faults[i]);
	sigprocmask(SIG_BLOCK, &watched, &before);
	last_signal();
	many();
	from_processes();
	exit_signals();
	return 0;
}
