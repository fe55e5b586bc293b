/* Timers that send signals: alarm, setitimer of all three kinds, timer_create. */
/* tests/guest.test: --serial */
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

static volatile sig_atomic_t calls, last_signal, last_code, last_value;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)context;
	calls++;
	last_signal = signal;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
}

static int64_t now_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

/* Compute until the handler has been called so many times. */
static void spin_until(int wanted)
{
	volatile unsigned x = 1;

	while (calls < wanted)
		x = x * 3 + 1;
}

static void interval(int which, clockid_t clock, const char *name)
{
	struct itimerval timer = { .it_value.tv_usec = 20000, .it_interval.tv_usec = 10000 }, off = { 0 }, old;
	int64_t start = now_us(clock), used;

	calls = 0;
	SHOW(setitimer(which, &timer, NULL));
	spin_until(3);
	used = now_us(clock) - start;
	setitimer(which, &off, &old);
	printf("%s: signal %d code %d, interval %ld\n", name, last_signal, last_code, (long)old.it_interval.tv_usec);
	CHECK(used >= (which == ITIMER_REAL ? 39000 : 10000)); /* the kernel counts processor time in whole ticks */
	CHECK(used < 5000000);
	CHECK(old.it_value.tv_usec <= 10000 && old.it_value.tv_sec == 0);
	getitimer(which, &old);
	CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
}

static void posix_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42 };
	struct itimerspec once = { .it_value.tv_nsec = 10000000 }, old;
	timer_t timer;
	int64_t start = now_us(CLOCK_MONOTONIC);

	calls = 0;
	SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
	SHOW(timer_settime(timer, 0, &once, NULL));
	timer_gettime(timer, &old);
	CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_nsec <= 10000000);
	spin_until(1);
	CHECK(now_us(CLOCK_MONOTONIC) - start >= 10000);
	printf("timer: signal %d code %d value %d\n", last_signal, last_code, last_value);
	SHOW(timer_getoverrun(timer));
	clock_gettime(CLOCK_MONOTONIC, &once.it_value);
	once.it_value.tv_nsec += 5000000;
	if (once.it_value.tv_nsec >= 1000000000) {
		once.it_value.tv_nsec -= 1000000000;
		once.it_value.tv_sec++;
	}
	SHOW(timer_settime(timer, TIMER_ABSTIME, &once, NULL));
	spin_until(2);
	SHOW(timer_delete(timer));
	SHOW(timer_create(12345, &event, &timer));
}

/* An interval without a first time arms nothing. ITIMER_REAL forgets it, the others do not. */
static void interval_alone(int which)
{
	const struct itimerval alone = { .it_interval = { 10, 20 } };
	struct itimerval now;

	SHOW(setitimer(which, &alone, NULL));
	getitimer(which, &now);
	printf("%ld %ld, interval is kept: %d\n", now.it_value.tv_sec, now.it_value.tv_usec, now.it_interval.tv_sec == 10);
	SHOW(setitimer(which, &(struct itimerval){ 0 }, NULL));
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGVTALRM, &action, NULL);
	sigaction(SIGPROF, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	SHOW(alarm(100));
	SHOW(alarm(50));
	SHOW(alarm(0));
	SHOW(alarm(0));
	interval(ITIMER_REAL, CLOCK_MONOTONIC, "ITIMER_REAL");
	interval(ITIMER_VIRTUAL, CLOCK_PROCESS_CPUTIME_ID, "ITIMER_VIRTUAL");
	interval(ITIMER_PROF, CLOCK_PROCESS_CPUTIME_ID, "ITIMER_PROF");
	interval_alone(ITIMER_REAL);
	interval_alone(ITIMER_VIRTUAL);
	interval_alone(ITIMER_PROF);
	SHOW(setitimer(7, &(struct itimerval){ 0 }, NULL));
	SHOW(setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_sec = 100 }, NULL));
	posix_timer();
	/* again and again: the first may come before the call, on a busy machine */
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 5000, .it_interval.tv_usec = 5000 }, NULL);
	SHOW(pause());
	return 0;
}
