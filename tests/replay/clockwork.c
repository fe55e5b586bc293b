/* Prints its time each 100 ms, sleeping half of that and computing the other half, for 3 s. */
#include <unistd.h>

#include "hard.h"

enum { STEP_NS = 100000000, STEPS = 30 };

int main(void)
{
	int64_t start = now_ns();

	setbuf(stdout, NULL);
	for (int step = 1; step <= STEPS; step++) {
		int64_t next = start + (int64_t)step * STEP_NS;

		usleep(STEP_NS / 2000);
		while (now_ns() < next)
			;
		printf("%ld ms\n", (long)((now_ns() - start) / 1000000));
	}
}
