/* 10 million RDTSC. Eight in a row, so that the loop itself weighs little; values must not go backwards. */
#include "bench.h"

#include <x86intrin.h>

static inline void rdtsc(void)
{
	__asm__ volatile("rdtsc" ::: "eax", "edx");
}

int main(int argc, char **argv)
{
	uint64_t last = __rdtsc();
	long backwards = 0;

	for (long i = work(argc, argv, 10000000) / 8; i > 0; i--) {
		uint64_t now;

		rdtsc(), rdtsc(), rdtsc(), rdtsc(), rdtsc(), rdtsc(), rdtsc();
		now = __rdtsc();
		backwards += now < last;
		last = now;
	}
	printf("backwards %ld\n", backwards);
	return 0;
}
