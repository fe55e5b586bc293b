/* Integer kernel: lengths of Collatz sequences. Short dependent operations and unpredictable branches. */
#include "bench.h"

int main(int argc, char **argv)
{
	long limit = work(argc, argv, 1500000);
	long longest = 0, best = 0, total = 0;

	for (long start = 1; start <= limit; start++) {
		uint64_t n = start;
		long steps = 0;

		for (; n != 1; steps++)
			n = n & 1 ? 3 * n + 1 : n / 2;
		total += steps;
		if (steps > longest) {
			longest = steps;
			best = start;
		}
	}
	printf("%ld %ld %ld\n", best, longest, total);
	return 0;
}
