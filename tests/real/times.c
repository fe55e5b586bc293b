/* Prints RDTSC, RDTSCP and every clock's value around computing and sleeping: under icount the same in every run. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <x86intrin.h>

static void show_clocks(void)
{
	struct timeval day;
	struct rusage usage;
	unsigned cpu;

	for (clockid_t clock = CLOCK_REALTIME; clock <= CLOCK_BOOTTIME; clock++) {
		struct timespec t;

		clock_gettime(clock, &t);
		printf("%ld.%09ld ", (long)t.tv_sec, t.tv_nsec);
	}
	gettimeofday(&day, NULL);
	getrusage(RUSAGE_SELF, &usage);
	printf("%ld.%06ld %ld.%06ld %llu %llu %u\n", (long)day.tv_sec, (long)day.tv_usec, (long)usage.ru_utime.tv_sec,
		(long)usage.ru_utime.tv_usec, __rdtsc(), __rdtscp(&cpu), cpu);
}

int main(void)
{
	volatile long sum = 0;

	for (int round = 0; round < 5; round++) {
		show_clocks();
		for (int i = 0; i < 10000; i++)
			sum += i;
		nanosleep(&(struct timespec){ 0, 1500000 }, NULL);
	}
	show_clocks();
	return 0;
}
