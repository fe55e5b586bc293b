/* The time-stamp counter against the system's clocks: one frequency, never backwards, agreement over any interval. */
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "show.h"

struct sample {
	uint64_t tsc;
	int64_t ns;
};

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* Both clocks at nearly the same moment: the closest of 20 tries, so that an interruption in between does no harm. */
static struct sample sample(void)
{
	struct sample best = { 0, 0 };
	uint64_t narrowest = UINT64_MAX;

	for (int i = 0; i < 20; i++) {
		uint64_t before = __rdtsc();
		int64_t ns = nanoseconds(CLOCK_MONOTONIC);
		uint64_t after = __rdtsc();

		if (after - before < narrowest) {
			narrowest = after - before;
			best = (struct sample){ before + (after - before) / 2, ns };
		}
	}
	return best;
}

/* The counter's frequency in kHz, measured over this many ms of monotonic time: as programs calibrate it. */
static double calibrate(int ms, int asleep)
{
	struct sample a = sample(), b;

	if (asleep)
		usleep((useconds_t)ms * 1000);
	else
		while (nanoseconds(CLOCK_MONOTONIC) - a.ns < ms * 1000000L)
			;
	b = sample();
	return (double)(b.tsc - a.tsc) / (double)(b.ns - a.ns) * 1e6;
}

static int within(double a, double b, double relative)
{
	double difference = a > b ? a - b : b - a;

	return difference <= b * relative;
}

static void frequency(void)
{
	double spun = calibrate(40, 0), slept = calibrate(40, 1), longer = calibrate(80, 1);

	CHECK(spun > 100e3 && spun < 10e6); /* 100 MHz to 10 GHz */
	CHECK(within(spun, slept, 0.01));
	CHECK(within(slept, longer, 0.01));
}

static void order(void)
{
	uint64_t last = __rdtsc(), now;
	int64_t last_ns = nanoseconds(CLOCK_MONOTONIC), now_ns;
	unsigned cpu;
	int backwards = 0, ns_backwards = 0, mixed = 0;

	for (int i = 0; i < 20000; i++) {
		now = i % 2 ? __rdtsc() : __rdtscp(&cpu);
		backwards += now < last;
		last = now;
		now_ns = nanoseconds(i % 3 ? CLOCK_MONOTONIC : CLOCK_MONOTONIC_RAW);
		mixed += i % 3 == 0 && now_ns <= 0;
		if (i % 3) {
			ns_backwards += now_ns < last_ns;
			last_ns = now_ns;
		}
	}
	printf("backwards %d, in ns %d, bad %d\n", backwards, ns_backwards, mixed);
}

static void upper_halves(void)
{
	uint64_t a = ~0ul, d = ~0ul, c = ~0ul;

	__asm__ volatile("rdtscp" : "+a"(a), "+d"(d), "+c"(c));
	CHECK(a >> 32 == 0 && d >> 32 == 0 && c >> 32 == 0);
	a = d = ~0ul;
	__asm__ volatile("rdtsc" : "+a"(a), "+d"(d));
	CHECK(a >> 32 == 0 && d >> 32 == 0);
}

/* Returns 1 if the clock gains 20 ms while this computes: at most as much as the monotonic one, and a tick. It may take long, since the
 * clocks of CPU time stand still while other programs use the CPU. */
static int advances(clockid_t clock)
{
	const int64_t tick = 10000000;
	int64_t begin = nanoseconds(CLOCK_MONOTONIC), first = nanoseconds(clock), gained, passed;

	do {
		gained = nanoseconds(clock) - first;
		passed = nanoseconds(CLOCK_MONOTONIC) - begin;
	} while (gained < 20000000 && passed < 10000000000);
	return gained >= 20000000 && gained <= passed + passed / 8 + tick;
}

static void clocks(void)
{
	static const struct {
		clockid_t clock;
		const char *name;
	} known[] = {
		{ CLOCK_REALTIME, "REALTIME" },
		{ CLOCK_MONOTONIC, "MONOTONIC" },
		{ CLOCK_MONOTONIC_RAW, "MONOTONIC_RAW" },
		{ CLOCK_REALTIME_COARSE, "REALTIME_COARSE" },
		{ CLOCK_MONOTONIC_COARSE, "MONOTONIC_COARSE" },
		{ CLOCK_BOOTTIME, "BOOTTIME" },
		{ CLOCK_TAI, "TAI" },
		{ CLOCK_PROCESS_CPUTIME_ID, "PROCESS_CPUTIME" },
		{ CLOCK_THREAD_CPUTIME_ID, "THREAD_CPUTIME" },
	};
	struct timespec t;
	time_t seconds;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		printf("%s %s", known[i].name, advances(known[i].clock) ? "advances" : "DOES NOT ADVANCE");
		clock_getres(known[i].clock, &t);
		if (known[i].clock == CLOCK_REALTIME_COARSE || known[i].clock == CLOCK_MONOTONIC_COARSE)
			printf(", resolution %s\n", t.tv_nsec >= 1000000 && t.tv_nsec <= 10000000 ? "a tick" : "NO TICK");
		else
			printf(", resolution %ld\n", t.tv_nsec);
	}
	SHOW(clock_gettime(12345, &t));
	SHOW(clock_getres(12345, &t));
	seconds = time(NULL);
	CHECK(seconds <= nanoseconds(CLOCK_REALTIME) / 1000000000);
	SHOW(clock_settime(CLOCK_MONOTONIC, &t));
}

int main(void)
{
	frequency();
	order();
	upper_halves();
	clocks();
	return 0;
}
