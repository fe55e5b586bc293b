/* libc's memcpy over sizes from a few bytes to 64 KiB. */
#include "bench.h"

#include <string.h>

int main(int argc, char **argv)
{
	static uint8_t source[1 << 17], target[1 << 17];
	void *(*volatile copy)(void *, const void *, size_t) = memcpy; /* a call, whatever the compiler knows */
	uint64_t seed = 29, check = 0;

	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (uint8_t)xorshift64(&seed);
	for (long i = work(argc, argv, 2400000); i > 0; i--) {
		size_t size = (size_t)(xorshift64(&seed) & 0xffff) >> (i & 15);
		size_t from = xorshift64(&seed) & 0xffff, to = xorshift64(&seed) & 0xffff;

		copy(target + to, source + from, size);
	}
	for (size_t i = 0; i < sizeof(target); i++)
		check = check * 31 + target[i];
	printf("%016lx\n", check);
	return 0;
}
