/* Integer kernel: a 64-bit generator. Register-only shifts and exclusive ors, one dependency chain. */
#include "bench.h"

int main(int argc, char **argv)
{
	uint64_t state = 88172645463325252u, sum = 0;

	for (long i = work(argc, argv, 130000000); i > 0; i--)
		sum += xorshift64(&state);
	printf("%016lx %016lx\n", state, sum);
	return 0;
}
