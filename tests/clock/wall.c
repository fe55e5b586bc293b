/* CLOCK_REALTIME is set while others look: it is one clock for all processes, absolute waits notice, and so do timerfds with
 * TFD_TIMER_CANCEL_ON_SET. */
#include <errno.h>
#include <poll.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "check.h"

static struct timespec spec(int64_t ns)
{
	return (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
}

static void set_wall(int64_t ns)
{
	struct timespec time = spec(ns);

	CHECK(clock_settime(CLOCK_REALTIME, &time) == 0, "errno %d", errno);
}

/* Sets the clock `ns` on in a child, after so many ms. */
static pid_t move_in_child(int64_t ns, int after_ms)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	poll(NULL, 0, after_ms);
	set_wall(clock_ns(CLOCK_REALTIME) + ns);
	exit(check_result());
}

static void join(pid_t pid)
{
	int status = -1;

	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "status %x", status);
}

static void one_clock(void)
{
	int64_t before = clock_ns(CLOCK_REALTIME), moved;

	join(move_in_child(1000 * NS_PER_S, 0));
	moved = clock_ns(CLOCK_REALTIME) - before;
	CHECK(moved >= 1000 * NS_PER_S && moved < 1001 * NS_PER_S, "%ld ns", moved);
	before = clock_ns(CLOCK_REALTIME);
	set_wall(before - 500 * NS_PER_S);
	if (fork() == 0) { /* what was set before it was born counts once */
		moved = clock_ns(CLOCK_REALTIME) - before;
		CHECK(moved < -499 * NS_PER_S && moved >= -500 * NS_PER_S, "%ld ns", moved);
		exit(check_result());
	}
	wait(NULL);
}

static void absolute_wait(void)
{
	int64_t began = clock_ns(CLOCK_MONOTONIC), took;
	struct timespec until = spec(clock_ns(CLOCK_REALTIME) + 3600 * NS_PER_S);
	pid_t pid = move_in_child(3600 * NS_PER_S, 50);

	CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == 0, "interrupted");
	took = clock_ns(CLOCK_MONOTONIC) - began;
	CHECK(took >= 50000000 && took < NS_PER_S, "%ld ns", took);
	join(pid);
}

static int armed(int flags)
{
	int fd = timerfd_create(CLOCK_REALTIME, 0);
	struct itimerspec setting = { .it_value = spec(clock_ns(CLOCK_REALTIME) + 7200 * NS_PER_S) };

	CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME | flags, &setting, NULL) == 0, "errno %d", errno);
	return fd;
}

static int readable(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return poll(&one, 1, 0);
}

static void canceled(void)
{
	int fd = armed(TFD_TIMER_CANCEL_ON_SET), other = armed(0);
	struct itimerspec setting = { .it_value = spec(clock_ns(CLOCK_REALTIME) + 7200 * NS_PER_S) };
	uint64_t count;
	struct iovec whole = { &count, sizeof(count) };
	pid_t pid = move_in_child(5 * NS_PER_S, 50);

	CHECK(read(fd, &count, sizeof(count)) == -1 && errno == ECANCELED, "errno %d", errno);
	CHECK(!readable(fd), "canceled twice");
	CHECK(!readable(other), "canceled without the flag");
	join(pid);

	set_wall(clock_ns(CLOCK_REALTIME) + NS_PER_S);
	CHECK(readable(fd), "not readable");
	CHECK(read(fd, &count, 4) == -1 && errno == EINVAL, "errno %d", errno);
	CHECK(readv(fd, &whole, 1) == -1 && errno == ECANCELED, "errno %d", errno);

	set_wall(clock_ns(CLOCK_REALTIME) + NS_PER_S);
	CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &setting, NULL) == -1 && errno == ECANCELED, "errno %d",
		errno);
	CHECK(!readable(fd), "still canceled");
	CHECK(timerfd_gettime(fd, &setting) == 0 && setting.it_value.tv_sec > 3600, "not set: %ld s", setting.it_value.tv_sec);

	/* The expiration comes with the step, and gives way to it. */
	set_wall(clock_ns(CLOCK_REALTIME) + 10000 * NS_PER_S);
	CHECK(read(fd, &count, sizeof(count)) == -1 && errno == ECANCELED, "errno %d", errno);
	CHECK(read(other, &count, sizeof(count)) == 8 && count == 1, "%lu", count);

	/* A relative timer has no wall clock to be set. */
	setting = (struct itimerspec){ .it_value = { 1, 0 } };
	CHECK(timerfd_settime(fd, TFD_TIMER_CANCEL_ON_SET, &setting, NULL) == 0, "errno %d", errno);
	set_wall(clock_ns(CLOCK_REALTIME) + NS_PER_S);
	CHECK(!readable(fd), "canceled, though relative");
	close(fd);
	close(other);
}

/* Which of the processes sees the step first makes no difference. */
static void canceled_in_two(void)
{
	int fd = armed(TFD_TIMER_CANCEL_ON_SET);
	uint64_t count;
	pid_t pid = fork();

	if (pid == 0) {
		CHECK(read(fd, &count, sizeof(count)) == -1 && errno == ECANCELED, "errno %d", errno);
		exit(check_result());
	}
	poll(NULL, 0, 50);
	set_wall(clock_ns(CLOCK_REALTIME) + NS_PER_S);
	join(pid);
	poll(NULL, 0, 50);
	CHECK(!readable(fd), "canceled twice");
	close(fd);
}

int main(void)
{
	one_clock();
	absolute_wait();
	canceled();
	canceled_in_two();
	return check_result();
}
