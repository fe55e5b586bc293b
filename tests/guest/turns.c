/* Processes that wait while others compute, stop or end: each goes on when what it waits for has come. */
/* tests/guest.test: --serial */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

enum { WAIT_MS = 30, LATE_MS = 1000 };

static volatile int64_t *came; /* shared: when a child's wait was over, or 0 */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) != 0)
		;
}

static void note(int signal)
{
	(void)signal;
	*came = now_ms();
}

/* The children: each waits for WAIT_MS in its own way. */
static void sleeps(void)
{
	sleep_ms(WAIT_MS);
	note(0);
}

static void has_alarm(void)
{
	struct itimerval timer = { .it_value.tv_usec = WAIT_MS * 1000 };
	volatile unsigned x = 1;

	signal(SIGALRM, note);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (!*came)
		x = x * 3 + 1;
}

static void pauses(void)
{
	struct itimerval timer = { .it_value.tv_usec = WAIT_MS * 1000 };

	signal(SIGALRM, note);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (!*came)
		pause();
}

static void polls(void)
{
	struct pollfd fd = { .fd = timerfd_create(CLOCK_MONOTONIC, 0), .events = POLLIN };
	struct itimerspec timer = { .it_value.tv_nsec = WAIT_MS * 1000000 };

	timerfd_settime(fd.fd, 0, &timer, NULL);
	poll(&fd, 1, -1);
	note(0);
}

/* The parent computes until the child's wait is over. */
static void while_computing(const char *name, void child(void))
{
	int64_t began = now_ms();
	volatile unsigned x = 1;
	int status;

	*came = 0;
	if (fork() == 0) {
		child();
		_exit(0);
	}
	while (!*came)
		x = x * 3 + 1;
	printf("a child that %s:\n", name);
	CHECK(*came - began >= WAIT_MS);
	CHECK(*came - began < WAIT_MS + LATE_MS);
	CHECK(wait(&status) > 0 && status == 0);
}

/* A child of a child: its parent is gone. */
static pid_t orphan(void what(void))
{
	volatile pid_t *pid = (volatile pid_t *)(came + 1);
	int status;

	*pid = 0;
	if (fork() == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0) {
			what();
			_exit(0);
		}
		*pid = grandchild;
		_exit(0);
	}
	wait(&status);
	return *pid;
}

static void stops(void)
{
	sleep_ms(WAIT_MS);
	raise(SIGSTOP);
	note(0);
}

/* Whoever ends or stops last leaves only processes that sleep. */
static void while_sleeping(void)
{
	pid_t pid;

	*came = 0;
	orphan(sleeps);
	sleep_ms(3 * WAIT_MS);
	CHECK(*came > 0);
	*came = 0;
	pid = orphan(stops);
	sleep_ms(4 * WAIT_MS);
	CHECK(*came == 0);
	SHOW(kill(pid, SIGCONT));
	while (!*came)
		sleep_ms(WAIT_MS);
}

static int64_t cpu_ms(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* No process computes, so none uses a CPU. */
static void all_sleep(void)
{
	int64_t before = cpu_ms(RUSAGE_SELF) + cpu_ms(RUSAGE_CHILDREN);
	int fd[2], status;
	char byte;

	SHOW(pipe(fd));
	if (fork() == 0) {
		sleep_ms(5 * WAIT_MS);
		_exit(write(fd[1], "", 1) != 1);
	}
	if (fork() == 0)
		_exit(read(fd[0], &byte, 1) != 1);
	CHECK(wait(&status) > 0 && status == 0);
	CHECK(wait(&status) > 0 && status == 0);
	CHECK(cpu_ms(RUSAGE_SELF) + cpu_ms(RUSAGE_CHILDREN) - before < 2 * WAIT_MS);
}

int main(void)
{
	came = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	while_computing("sleeps", sleeps);
	while_computing("computes with an alarm", has_alarm);
	while_computing("pauses with an alarm", pauses);
	while_computing("polls a timer", polls);
	while_sleeping();
	all_sleep();
	return 0;
}
