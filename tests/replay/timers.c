/* Every kind of timer and clock, and where the program was when they came. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <unistd.h>

#include "hard.h"

static volatile uint64_t count, sum;
static volatile int signals, overruns;

static void note(int number, siginfo_t *info, void *context)
{
	uint64_t mixed = sum;

	(void)context;
	mix(&mixed, count);
	mix(&mixed, (uint64_t)number);
	mix(&mixed, (uint64_t)now_ns());
	sum = mixed;
	if (info->si_code == SI_TIMER)
		overruns += info->si_overrun;
	signals++;
}

static void spin_until(int wanted)
{
	for (signals = 0; signals < wanted; count++)
		;
}

static void interval(int which, int number, const char *what)
{
	const struct itimerval on = { { 0, 2000 }, { 0, 3000 } }, off = { 0 };
	struct itimerval left;

	sigaction(number, &(struct sigaction){ .sa_sigaction = note, .sa_flags = SA_SIGINFO }, NULL);
	setitimer(which, &on, NULL);
	spin_until(4);
	getitimer(which, &left);
	setitimer(which, &off, NULL);
	printf("%s: count %lu, left %ld us, sum %016lx\n", what, (unsigned long)count, (long)left.it_value.tv_usec, (unsigned long)sum);
}

static void posix_timer(clockid_t clock, const char *what)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	const struct itimerspec every = { { 0, 1700000 }, { 0, 1000000 } };
	timer_t timer;

	sigaction(SIGUSR2, &(struct sigaction){ .sa_sigaction = note, .sa_flags = SA_SIGINFO }, NULL);
	must(timer_create(clock, &event, &timer) == 0, "timer_create");
	timer_settime(timer, 0, &every, NULL);
	spin_until(4);
	timer_delete(timer);
	printf("%s: count %lu, overruns %d, sum %016lx\n", what, (unsigned long)count, overruns, (unsigned long)sum);
}

static void descriptors(void)
{
	const struct itimerspec every = { { 0, 3000000 }, { 0, 2000000 } };
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK);
	uint64_t expirations = 0, all = 0;

	timerfd_settime(fd, 0, &every, NULL);
	for (int k = 0; k < 3; k++) {
		struct pollfd wanted = { .fd = fd, .events = POLLIN };

		poll(&wanted, 1, 1000);
		must(read(fd, &expirations, sizeof(expirations)) == sizeof(expirations), "read of a timerfd");
		all += expirations;
		for (volatile int spin = 0; spin < 100000; spin++)
			;
	}
	printf("timerfd: %lu expirations or more, now %ld\n", (unsigned long)all, (long)now_ns());
}

static void clocks(void)
{
	static const clockid_t ids[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_REALTIME_COARSE,
		CLOCK_MONOTONIC_COARSE, CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
	struct rusage usage;
	struct tms times_now;
	struct timespec left;

	for (size_t k = 0; k < sizeof(ids) / sizeof(ids[0]); k++) {
		struct timespec now;

		clock_gettime(ids[k], &now);
		printf("clock %d: %ld.%09ld\n", (int)ids[k], (long)now.tv_sec, now.tv_nsec);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("usage: %ld us, times %ld %ld\n", (long)usage.ru_utime.tv_usec, (long)times(&times_now), (long)times_now.tms_utime);
	timer_every(4000);
	errno = 0;
	if (nanosleep(&(struct timespec){ 5, 0 }, &left) < 0)
		printf("sleep interrupted, %d, left %ld.%09ld\n", errno, (long)left.tv_sec, left.tv_nsec);
	timer_every(0);
	printf("time() %ld\n", (long)time(NULL));
}

int main(void)
{
	setbuf(stdout, NULL);
	interval(ITIMER_REAL, SIGALRM, "real");
	interval(ITIMER_VIRTUAL, SIGVTALRM, "virtual");
	interval(ITIMER_PROF, SIGPROF, "profiling");
	posix_timer(CLOCK_MONOTONIC, "timer_create");
	posix_timer(CLOCK_PROCESS_CPUTIME_ID, "timer_create of CPU time");
	descriptors();
	clocks();
}
