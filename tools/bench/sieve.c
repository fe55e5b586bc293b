/* Integer kernel: the sieve of Eratosthenes. Strided byte stores. */
#include "bench.h"

#include <string.h>

enum { LIMIT = 1000000 };

static uint8_t composite[LIMIT + 1];

static long count_primes(void)
{
	long primes = 0;

	memset(composite, 0, sizeof(composite));
	for (long i = 2; i <= LIMIT; i++) {
		if (composite[i])
			continue;
		primes++;
		for (long j = i * i; j <= LIMIT; j += i)
			composite[j] = 1;
	}
	return primes;
}

int main(int argc, char **argv)
{
	long sum = 0;

	for (long i = work(argc, argv, 110); i > 0; i--)
		sum += count_primes();
	printf("%ld\n", sum);
	return 0;
}
