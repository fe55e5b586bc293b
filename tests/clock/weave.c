/* Two threads that look at clocks by system call, and at each other: what they see depends on every count and every turn. */
#include <pthread.h>
#include <sys/syscall.h>

#include "check.h"

enum { LOOKS = 60000 };

static volatile uint64_t done[2];
static volatile uint64_t seen;

static void *look(void *argument)
{
	static const clockid_t clocks[] = { CLOCK_THREAD_CPUTIME_ID, CLOCK_PROCESS_CPUTIME_ID, CLOCK_MONOTONIC };
	unsigned self = (unsigned)(uintptr_t)argument;

	for (unsigned k = 0; k < LOOKS; k++) {
		struct timespec t;

		syscall(SYS_clock_gettime, clocks[k % 3], &t);
		done[self]++;
		seen = seen * 31 + (uint64_t)t.tv_nsec + done[!self];
	}
	return NULL;
}

int main(void)
{
	pthread_t other;

	CHECK(pthread_create(&other, NULL, look, (void *)1) == 0, "no thread");
	look((void *)0);
	CHECK(pthread_join(other, NULL) == 0, "not joined");
	printf("%llx\n", (unsigned long long)seen);
	return check_result();
}
