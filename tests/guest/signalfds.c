/* Signals in a signalfd, whatever the threads are waiting for, and whenever the signalfd was made. */
/* tests/guest.test: --serial */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

static void show(int fd)
{
	struct signalfd_siginfo info;
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	printf("poll %d:", poll(&ready, 1, 0));
	while (read(fd, &info, sizeof(info)) == sizeof(info))
		printf(" signal %u, code %d, status %d", info.ssi_signo, info.ssi_code, info.ssi_status);
	printf("\n");
}

static sigset_t set_of(int first, int second)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, first);
	sigaddset(&set, second);
	return set;
}

/* A thread's call waits for the child; the signal that told it is still there. */
static void waits_for_child(int fd)
{
	siginfo_t info;
	int status;
	pid_t child = fork();

	if (child == 0) {
		usleep(20000);
		_exit(3);
	}
	CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3);
	show(fd);
	child = fork();
	if (child == 0) {
		usleep(20000);
		_exit(4);
	}
	memset(&info, 0, sizeof(info));
	CHECK(waitid(P_PID, (id_t)child, &info, WEXITED) == 0 && info.si_status == 4);
	show(fd);
}

static void *wait_for_signal(void *argument)
{
	int number = 0;

	sigwait(argument, &number);
	printf("sigwait %d\n", number);
	return NULL;
}

/* One of two signals ends a sigwait; the other is the signalfd's. */
static void waits_for_signal(void)
{
	sigset_t both = set_of(SIGUSR1, SIGUSR2);
	int fd = signalfd(-1, &both, SFD_NONBLOCK);
	pid_t child;
	pthread_t thread;

	pthread_create(&thread, NULL, wait_for_signal, &both);
	usleep(20000);
	child = fork();
	if (child == 0) {
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	pthread_join(thread, NULL);
	waitpid(child, NULL, 0);
	show(fd);
	kill(getpid(), SIGUSR2);
	show(fd);
	close(fd);
}

/* It was pending before there was a signalfd. */
static void made_later(void)
{
	sigset_t set = set_of(SIGHUP, SIGRTMIN + 3);
	int fd;

	kill(getpid(), SIGHUP);
	sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ 0 });
	sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ 0 });
	raise(SIGHUP);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	show(fd);
	close(fd);
}

int main(void)
{
	sigset_t child = set_of(SIGCHLD, SIGCHLD), all;
	int fd;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setbuf(stdout, NULL);
	fd = signalfd(-1, &child, SFD_NONBLOCK);
	waits_for_child(fd);
	waits_for_signal();
	show(fd);
	made_later();
	return 0;
}
