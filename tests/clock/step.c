/* CLOCK_REALTIME is stepped while absolute and relative waits are under way. Run with --clock-step=1000000000:NS.
 * usage: step NS TOLERANCE_MS */
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "check.h"

static struct timespec in(int64_t ns)
{
	int64_t until = clock_ns(CLOCK_REALTIME) + ns;

	return (struct timespec){ until / NS_PER_S, until % NS_PER_S };
}

static int64_t tolerance_ns;

/* A wait of `ms` on the wall clock lasts by the monotonic one as long as the step leaves of it. */
static void expect(const char *name, int64_t began, int64_t wanted)
{
	int64_t took = clock_ns(CLOCK_MONOTONIC) - began;

	CHECK(took >= wanted - 10000000 && took < wanted + tolerance_ns, "%s: %ld ns instead of %ld", name, took, wanted);
}

int main(int argc, char **argv)
{
	int64_t step = argc > 1 ? atoll(argv[1]) : 0, began = clock_ns(CLOCK_MONOTONIC);
	int64_t left = 5 * NS_PER_S - step, wanted = left > NS_PER_S - began ? left : NS_PER_S - began;
	struct timespec until = in(5 * NS_PER_S);
	int status, fd;
	uint64_t count;

	tolerance_ns = (argc > 2 ? atoll(argv[2]) : 10) * 1000000;
	if (fork() == 0) {
		fd = timerfd_create(CLOCK_REALTIME, 0);
		timerfd_settime(fd, TFD_TIMER_ABSTIME, &(struct itimerspec){ .it_value = until }, NULL);
		CHECK(read(fd, &count, 8) == 8, "timerfd");
		expect("timerfd", began, wanted);
		return check_result();
	}
	if (fork() == 0) {
		sleep(4);
		expect("sleep", began, 4 * NS_PER_S);
		return check_result();
	}
	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
	expect("clock_nanosleep", began, wanted);
	while (wait(&status) > 0)
		CHECK(status == 0, "a child: status %x", status);
	return check_result();
}
