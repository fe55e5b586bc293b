/* Sleeping, relative and absolute, interrupted and wrong; processor time while asleep and while computing. */
/* tests/guest.test: --serial */
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static struct timespec after(clockid_t clock, int64_t ns)
{
	ns += now(clock);
	return (struct timespec){ ns / 1000000000, ns % 1000000000 };
}

static void handler(int signal)
{
	(void)signal;
}

static void sleeping(void)
{
	struct timespec ten = { 0, 10000000 }, at;
	int64_t start = now(CLOCK_MONOTONIC), real;

	SHOW(nanosleep(&ten, NULL));
	CHECK(now(CLOCK_MONOTONIC) - start >= 10000000);
	CHECK(now(CLOCK_MONOTONIC) - start < 5000000000);
	start = now(CLOCK_MONOTONIC);
	SHOW(clock_nanosleep(CLOCK_REALTIME, 0, &ten, NULL));
	CHECK(now(CLOCK_MONOTONIC) - start >= 9900000);
	at = after(CLOCK_MONOTONIC, 10000000);
	SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL));
	CHECK(now(CLOCK_MONOTONIC) >= at.tv_sec * 1000000000 + at.tv_nsec);
	at = after(CLOCK_REALTIME, 10000000);
	SHOW(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL));
	real = now(CLOCK_REALTIME);
	CHECK(real >= at.tv_sec * 1000000000 + at.tv_nsec);
	at = (struct timespec){ 0, 1 };
	start = now(CLOCK_MONOTONIC);
	SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL)); /* long past */
	CHECK(now(CLOCK_MONOTONIC) - start < 5000000000);
	SHOW(usleep(1000));
	ten.tv_nsec = 1000000000;
	SHOW(nanosleep(&ten, NULL));
	ten.tv_nsec = 0;
	ten.tv_sec = -1;
	SHOW(nanosleep(&ten, NULL));
	SHOW(clock_nanosleep(12345, 0, &ten, NULL));
	SHOW(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &at, NULL));
}

/* The timer goes off again and again: its first signal may come before the sleep on a busy machine. */
static void interrupted(void)
{
	const struct itimerval often = { .it_value.tv_usec = 10000, .it_interval.tv_usec = 10000 };
	const int64_t hundred_s = 100000000000;
	struct timespec hundred = { 100, 0 }, left = { 0, 0 };
	int64_t start, left_ns, slept;

	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int k = 0; k < 2; k++) {
		start = now(CLOCK_MONOTONIC);
		if (k == 0)
			SHOW(nanosleep(&hundred, &left));
		else
			SHOW(clock_nanosleep(CLOCK_MONOTONIC, 0, &hundred, &left));
		slept = now(CLOCK_MONOTONIC) - start;
		left_ns = left.tv_sec * 1000000000 + left.tv_nsec;
		CHECK(left_ns < hundred_s && left_ns + slept >= hundred_s && left_ns + slept < hundred_s + 5000000000);
	}
	hundred.tv_sec = INT64_MAX; /* longer than any clock goes */
	SHOW(nanosleep(&hundred, &left));
	CHECK(left.tv_sec > 1000000000);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
}

static int64_t used_us(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void spin(int64_t ns)
{
	int64_t start = now(CLOCK_PROCESS_CPUTIME_ID);

	while (now(CLOCK_PROCESS_CPUTIME_ID) - start < ns)
		;
}

static void processor_time(void)
{
	struct tms before, between;
	int64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID), start;
	clock_t c = clock();

	usleep(100000);
	CHECK(now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 80000000);
	start = used_us(RUSAGE_SELF);
	CHECK(times(&before) != -1);
	spin(60000000);
	times(&between);
	CHECK(used_us(RUSAGE_SELF) - start >= 50000 && used_us(RUSAGE_SELF) - start < 5000000);
	CHECK(between.tms_utime + between.tms_stime - before.tms_utime - before.tms_stime >= 4);
	CHECK(clock() - c >= 50000);
	CHECK(used_us(RUSAGE_CHILDREN) == 0);
	start = used_us(RUSAGE_SELF);
	if (fork() == 0) {
		CHECK(used_us(RUSAGE_SELF) < start / 2); /* begins anew */
		spin(50000000);
		_exit(0);
	}
	wait(NULL);
	CHECK(used_us(RUSAGE_CHILDREN) >= 40000);
	times(&between);
	CHECK(between.tms_cutime + between.tms_cstime >= 4);
	SHOW(getrusage(77, &(struct rusage){ 0 }));
}

static void time_of_day(void)
{
	struct timeval tv;
	int64_t difference;

	SHOW(gettimeofday(&tv, NULL));
	difference = tv.tv_sec * 1000000L + tv.tv_usec - now(CLOCK_REALTIME) / 1000;
	CHECK(difference <= 0 && difference > -5000000);
	CHECK(time(NULL) >= tv.tv_sec && time(NULL) <= tv.tv_sec + 5);
}

/* What is left of adjtime(3)'s adjustment may be asked for by anybody. */
static void adjustment(void)
{
	struct timex state = { .modes = ADJ_OFFSET_SS_READ };

	CHECK(adjtimex(&state) >= 0);
	state.modes = 0x8000;
	SHOW(adjtimex(&state));
}

/* sysinfo(2) rounds CLOCK_BOOTTIME up. */
static void time_since_boot(void)
{
	struct timespec before, after;
	struct sysinfo info;

	clock_gettime(CLOCK_BOOTTIME, &before);
	sysinfo(&info);
	clock_gettime(CLOCK_BOOTTIME, &after);
	CHECK((long)info.uptime >= before.tv_sec + (before.tv_nsec > 0) && (long)info.uptime <= after.tv_sec + 1);
}

int main(void)
{
	sleeping();
	interrupted();
	processor_time();
	time_of_day();
	adjustment();
	time_since_boot();
	return 0;
}
