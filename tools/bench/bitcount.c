/* Integer kernel: population counts by three methods. Shifts, masks and a loop of data-dependent length. */
#include "bench.h"

static int count_by_clearing(uint64_t x)
{
	int n = 0;

	for (; x != 0; n++)
		x &= x - 1;
	return n;
}

static int count_by_adding(uint64_t x)
{
	x = x - ((x >> 1) & 0x5555555555555555u);
	x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (int)((x * 0x0101010101010101u) >> 56);
}

static int count_by_table(uint64_t x)
{
	static const uint8_t nibble[16] = { 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4 };
	int n = 0;

	for (; x != 0; x >>= 4)
		n += nibble[x & 15];
	return n;
}

int main(int argc, char **argv)
{
	uint64_t seed = 3;
	long sum = 0;

	for (long i = work(argc, argv, 7000000); i > 0; i--) {
		uint64_t x = xorshift64(&seed);

		sum += count_by_clearing(x) + 2 * count_by_adding(x) + 3 * count_by_table(x);
	}
	printf("%ld\n", sum);
	return 0;
}
