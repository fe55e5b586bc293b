/* Four threads that all compute, each on its own numbers, and count together. */
#include "bench.h"

#include <pthread.h>

enum { THREADS = 4 };

static long rounds;
static uint64_t found;

static void *compute(void *seed)
{
	uint64_t state = (uint64_t)(uintptr_t)seed;

	for (long n = rounds; n > 0; n--)
		if (xorshift64(&state) % 1024 == 0)
			__atomic_fetch_add(&found, 1, __ATOMIC_RELAXED);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS];

	rounds = work(argc, argv, 40000000);
	for (int k = 0; k < THREADS; k++)
		pthread_create(&thread[k], NULL, compute, (void *)(uintptr_t)(k + 1));
	for (int k = 0; k < THREADS; k++)
		pthread_join(thread[k], NULL);
	printf("%lu\n", found);
	return 0;
}
