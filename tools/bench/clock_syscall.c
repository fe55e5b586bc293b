/* 2 million clock_gettime(CLOCK_MONOTONIC) past the vDSO, by system call. */
#include "bench.h"

#include <sys/syscall.h>
#include <unistd.h>

static inline int by_call(clockid_t id, struct timespec *to)
{
	return (int)syscall(SYS_clock_gettime, id, to);
}

int main(int argc, char **argv)
{
	return read_clock(work(argc, argv, 2000000), by_call);
}
