/* timerfds that several processes share. */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

static struct itimerspec after(long ms, long interval_ms)
{
	return (struct itimerspec){ { 0, interval_ms * 1000000 }, { 0, ms * 1000000 } };
}

static void report(const char *who, int fd)
{
	uint64_t count = 0;
	long size = read(fd, &count, 8);

	printf("%s: %ld bytes, %lu expirations\n", who, size, count);
	fflush(stdout);
}

/* Waits for whatever holds the other end of the pipe: orphans too. */
static void until_closed(int end)
{
	char byte;

	while (read(end, &byte, 1) > 0)
		;
	close(end);
}

/* The child's own wait, whether its parent is there or gone. */
static void inherited(int orphan)
{
	struct itimerspec setting = after(50, 0);
	int fd = timerfd_create(CLOCK_MONOTONIC, 0), ends[2];

	SHOW(pipe(ends));
	SHOW(timerfd_settime(fd, 0, &setting, NULL));
	fflush(stdout);
	if (fork() == 0) {
		if (!orphan || fork() == 0)
			report(orphan ? "orphan" : "child", fd);
		_exit(0);
	}
	close(ends[1]);
	close(fd);
	until_closed(ends[0]);
	while (wait(NULL) > 0)
		;
}

/* One setting for all: what the child sets, the parent sees and reads. */
static void set_by_child(void)
{
	struct itimerspec setting = after(0, 0), old;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0), status;

	SHOW(timerfd_settime(fd, 0, &setting, NULL));
	fflush(stdout);
	if (fork() == 0) {
		setting = after(60, 40);
		_exit(timerfd_settime(fd, 0, &setting, NULL) != 0);
	}
	wait(&status);
	SHOW(status);
	SHOW(timerfd_gettime(fd, &old));
	SHOW(old.it_interval.tv_nsec);
	SHOW(old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 60000000);
	report("parent", fd);
	setting = after(0, 0);
	SHOW(timerfd_settime(fd, 0, &setting, NULL));
	close(fd);
}

/* One expiration goes to one reader. */
static void fired_once(void)
{
	struct itimerspec setting = after(30, 0);
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), status, readers = 0;
	uint64_t count;

	timerfd_settime(fd, 0, &setting, NULL);
	for (int k = 0; k < 3; k++) {
		if (fork() == 0) {
			poll(NULL, 0, 100);
			_exit(read(fd, &count, 8) == 8);
		}
	}
	while (wait(&status) > 0)
		readers += WEXITSTATUS(status);
	SHOW(readers);
	close(fd);
}

static void survives_exec(const char *self)
{
	struct itimerspec setting = after(30, 0);
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	char number[12];

	timerfd_settime(fd, 0, &setting, NULL);
	snprintf(number, sizeof(number), "%d", fd);
	fflush(stdout);
	if (fork() == 0) {
		execl(self, self, number, NULL);
		_exit(127);
	}
	close(fd);
	wait(NULL);
}

static void by_vector(void)
{
	struct itimerspec setting = after(20, 0);
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t count = 0;
	struct iovec whole = { &count, 8 };

	timerfd_settime(fd, 0, &setting, NULL);
	SHOW(readv(fd, &whole, 1));
	SHOW(count);
	close(fd);
}

/* Many at once; closed ones use nothing any more. */
static void many(void)
{
	int fds[90], made = 0;

	for (int round = 0; round < 2; round++) {
		for (int k = 0; k < 90; k++)
			made += (fds[k] = timerfd_create(CLOCK_MONOTONIC, 0)) >= 0;
		for (int k = 0; k < 90; k++)
			close(fds[k]);
	}
	SHOW(made);
}

/* Only who may wake the machine has timers that do; without a clock that runs meanwhile the kernel knows none. */
static void without_privileges(void)
{
	struct timespec first = { 0, 1000000 };
	timer_t timer;

	if (fork() == 0) {
		if (setuid(65534) != 0)
			_exit(0);
		SHOW(timerfd_create(CLOCK_REALTIME_ALARM, 0));
		SHOW(timerfd_create(CLOCK_BOOTTIME_ALARM, 0));
		SHOW(timerfd_create(CLOCK_REALTIME_ALARM, 1));
		CHECK(timer_create(CLOCK_BOOTTIME_ALARM, NULL, &timer) == -1);
		CHECK(clock_nanosleep(CLOCK_REALTIME_ALARM, 0, &first, NULL) > 0);
		_exit(0);
	}
	wait(NULL);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		report("another program", atoi(argv[1]));
		return 0;
	}
	inherited(0);
	inherited(1);
	set_by_child();
	fired_once();
	survives_exec("/proc/self/exe");
	by_vector();
	many();
	without_privileges();
	return 0;
}
