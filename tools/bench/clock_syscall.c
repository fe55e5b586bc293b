/* 2 million clock_gettime(CLOCK_MONOTONIC) past the vDSO, by system call; values must not go backwards. */
#include "bench.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int64_t last = 0;
	long backwards = 0;

	for (long i = work(argc, argv, 2000000); i > 0; i--) {
		struct timespec t;
		int64_t now;

		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
		now = t.tv_sec * 1000000000L + t.tv_nsec;
		backwards += now < last;
		last = now;
	}
	printf("backwards %ld\n", backwards);
	return 0;
}
