/* Quicksort (Hoare's partition) of random integers. Unpredictable branches, swaps in memory. */
#include "bench.h"

enum { N = 200000 };

static uint32_t values[N];

static void quicksort(uint32_t *low, uint32_t *high)
{
	while (low < high) {
		uint32_t pivot = low[(high - low) / 2];
		uint32_t *i = low, *j = high;

		while (i <= j) {
			while (*i < pivot)
				i++;
			while (*j > pivot)
				j--;
			if (i <= j) {
				uint32_t t = *i;

				*i++ = *j;
				*j-- = t;
			}
		}
		quicksort(low, j);
		low = i;
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = 11, check = 0;

	for (long round = work(argc, argv, 18); round > 0; round--) {
		for (int i = 0; i < N; i++)
			values[i] = (uint32_t)xorshift64(&seed);
		quicksort(values, values + N - 1);
		for (int i = 1; i < N; i++)
			if (values[i - 1] > values[i])
				return 1;
		check = check * 31 + values[N / 2];
	}
	printf("%016lx\n", check);
	return 0;
}
