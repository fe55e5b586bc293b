/* 10 million clock_gettime(CLOCK_MONOTONIC). */
#include "bench.h"

int main(int argc, char **argv)
{
	return read_clock(work(argc, argv, 10000000), clock_gettime);
}
