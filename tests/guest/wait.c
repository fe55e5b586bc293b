/* Waiting for descriptors: poll, ppoll, select, pselect, epoll: readiness, time-outs, signals, errors. */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

static int ends[2];

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static void handler(int signal)
{
	(void)signal;
}

/* A child that writes one byte into the pipe after 10 ms. */
static void write_later(void)
{
	if (fork() == 0) {
		usleep(10000);
		_exit(write(ends[1], "x", 1) != 1);
	}
}

static void take(void)
{
	char byte;

	SHOW(read(ends[0], &byte, 1));
	wait(NULL);
}

static void polls(void)
{
	struct pollfd fds[4] = { { ends[0], POLLIN, 0 }, { ends[1], POLLOUT, 0 }, { 99, POLLIN, 0 }, { -1, POLLIN, 0 } };
	struct timespec ten = { .tv_nsec = 10000000 };
	int64_t start = now_us();

	SHOW(poll(fds, 4, 0));
	printf("%d %d %d %d\n", fds[0].revents, fds[1].revents, fds[2].revents, fds[3].revents);
	SHOW(poll(fds, 1, 10));
	CHECK(now_us() - start >= 10000);
	start = now_us();
	SHOW(ppoll(fds, 1, &ten, NULL));
	CHECK(now_us() - start >= 10000);
	SHOW(poll(NULL, 0, 5));
	write_later();
	SHOW(poll(fds, 1, -1));
	printf("%d\n", fds[0].revents);
	take();
	ten.tv_nsec = -1;
	SHOW(ppoll(fds, 1, &ten, NULL));
	SHOW(poll((struct pollfd *)8, 1, 0));
}

static void selects(void)
{
	fd_set read_set, write_set;
	struct timeval long_time = { .tv_sec = 20 }, ten = { .tv_usec = 10000 }, negative = { .tv_sec = -1 };
	int most = ends[1] + 1;

	FD_ZERO(&read_set);
	FD_ZERO(&write_set);
	FD_SET(ends[0], &read_set);
	FD_SET(ends[1], &write_set);
	SHOW(select(most, &read_set, &write_set, NULL, &long_time));
	printf("%d %d\n", FD_ISSET(ends[0], &read_set), FD_ISSET(ends[1], &write_set));
	CHECK(long_time.tv_sec > 10 && long_time.tv_sec * 1000000 + long_time.tv_usec <= 20000000);
	FD_SET(ends[0], &read_set);
	SHOW(select(most, &read_set, NULL, NULL, &ten));
	CHECK(ten.tv_sec == 0 && ten.tv_usec == 0);
	FD_SET(ends[0], &read_set);
	write_later();
	SHOW(pselect(most, &read_set, NULL, NULL, NULL, NULL));
	take();
	SHOW(select(0, NULL, NULL, NULL, &(struct timeval){ .tv_usec = 2000 }));
	SHOW(select(-1, NULL, NULL, NULL, &ten));
	SHOW(select(0, NULL, NULL, NULL, &negative));
	FD_SET(63, &read_set);
	SHOW(select(64, &read_set, NULL, NULL, &ten));
}

static void interrupted(void)
{
	struct pollfd fd = { ends[0], POLLIN, 0 };
	struct itimerval soon = { .it_value.tv_usec = 5000 }, often = { .it_value.tv_usec = 5000, .it_interval.tv_usec = 5000 };
	sigset_t alarm_set, none;

	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = handler, .sa_flags = SA_RESTART }, NULL);
	setitimer(ITIMER_REAL, &often, NULL); /* the first may come too early, on a busy machine */
	SHOW(poll(&fd, 1, -1));               /* is not restarted, whatever the flags */
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	sigemptyset(&none);
	sigemptyset(&alarm_set);
	sigaddset(&alarm_set, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm_set, NULL);
	raise(SIGALRM);
	SHOW(poll(&fd, 1, 1));
	SHOW(ppoll(&fd, 1, NULL, &none));
	setitimer(ITIMER_REAL, &soon, NULL);
	SHOW(pselect(0, NULL, NULL, NULL, NULL, &none));
	sigprocmask(SIG_UNBLOCK, &alarm_set, NULL);
}

static void epolls(void)
{
	struct epoll_event in = { .events = EPOLLIN, .data.u64 = 0x1234567887654321 }, got[4];
	int set = epoll_create1(EPOLL_CLOEXEC), file = open("file", O_CREAT | O_RDWR, 0600);
	int64_t start = now_us();

	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &in));
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &in));
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, file, &in));
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, 99, &in));
	SHOW(epoll_ctl(set, EPOLL_CTL_DEL, ends[1], NULL));
	SHOW(epoll_wait(set, got, 4, 0));
	SHOW(epoll_wait(set, got, 4, 10));
	CHECK(now_us() - start >= 10000);
	SHOW(epoll_wait(set, got, 0, 0));
	write_later();
	SHOW(epoll_wait(set, got, 4, -1));
	printf("events %#x data %#lx\n", got[0].events, (unsigned long)got[0].data.u64);
	SHOW(epoll_wait(set, got, 4, 0));
	in.events = EPOLLIN | EPOLLET | EPOLLONESHOT;
	SHOW(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &in));
	SHOW(epoll_wait(set, got, 4, 100));
	SHOW(epoll_wait(set, got, 4, 0));
	take();
	SHOW(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL));
	in.events = EPOLLOUT;
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, ends[1], &in));
	SHOW(epoll_pwait(set, got, 4, 100, NULL));
	printf("events %#x\n", got[0].events);
	SHOW(poll(&(struct pollfd){ set, POLLIN, 0 }, 1, 0));
	close(ends[0]);
	SHOW(epoll_wait(set, got, 4, 0));
	printf("events %#x\n", got[0].events);
	SHOW(epoll_create(0));
}

/* The same signal wakes wait(2) and goes to a signalfd, which a child has inherited. */
static void child_and_signalfd(void)
{
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SHOW(signalfd(-1, &set, SFD_NONBLOCK) >= 0);
	if (fork() == 0) {
		if (fork() == 0)
			usleep(20000), _exit(4);
		CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 4);
		_exit(5);
	}
	SHOW(wait(&status) > 0 && WEXITSTATUS(status) == 5);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int main(void)
{
	if (pipe(ends) != 0)
		return 1;
	polls();
	selects();
	interrupted();
	epolls();
	child_and_signalfd();
	return 0;
}
