/* Critical sections of rseq(2) that a timer's signals abort, on changing vCPUs: each outcome, and what the area says. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "../guest/rseq.h"

enum { ROUNDS = 60, VCPUS = 3 };

static void caught(int number)
{
	(void)number;
}

int main(void)
{
	struct itimerval interval = { { 0, 700 }, { 0, 500 } };
	volatile long counter = 0;

	signal(SIGALRM, caught);
	attach();
	setitimer(ITIMER_REAL, &interval, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(round / 4 % VCPUS, &set);
		sched_setaffinity(0, sizeof(set), &set);
		printf("%d %d", increment(&counter, own_area.cpu_id, 10000), own_area.cpu_id);
		printf(" %d%c", sched_getcpu(), round % 8 == 7 ? '\n' : ',');
	}
	printf(" %ld\n", counter);
	return detach();
}
