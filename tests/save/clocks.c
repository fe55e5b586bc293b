/* All clocks, then some work or a sleep, then all clocks again: what passed by each, in ns, a line. clocks WORK|sleep */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

struct clocks {
	int64_t monotonic, real, cpu;
	uint64_t tsc;
};

static int64_t ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

/* All at one moment: again if something came in between. */
static struct clocks look(void)
{
	enum { MOMENT_NS = 200000, TRIES = 100 };
	struct clocks now;
	int tries = 0;

	do
		now = (struct clocks){ ns(CLOCK_MONOTONIC), ns(CLOCK_REALTIME), ns(CLOCK_PROCESS_CPUTIME_ID), __rdtsc() };
	while (ns(CLOCK_MONOTONIC) - now.monotonic > MOMENT_NS && ++tries < TRIES);
	return now;
}

int main(int argc, char **argv)
{
	struct timespec sleep = { 1, 0 };
	struct clocks before, after;
	volatile long turns = argc > 1 ? atol(argv[1]) : 0;

	write(1, "begun\n", 6);
	before = look();
	if (turns == 0)
		nanosleep(&sleep, NULL);
	while (turns > 0)
		turns--;
	after = look();
	printf("monotonic %ld real %ld cpu %ld tsc %ld pid %d\n", after.monotonic - before.monotonic, after.real - before.real,
		after.cpu - before.cpu, after.tsc - before.tsc, getpid());
	return 0;
}
