/* Sleeps for 2 s, 2 ms at a time, as a program does that mostly waits. */
#include "bench.h"

#include <unistd.h>

int main(int argc, char **argv)
{
	for (long k = work(argc, argv, 1000); k > 0; k--)
		usleep(2000);
	puts("awake");
	return 0;
}
