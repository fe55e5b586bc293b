/* libc's strlen over lengths from 0 to 1000 at every alignment. */
#include "bench.h"

#include <string.h>

int main(int argc, char **argv)
{
	static char text[2048];
	size_t (*volatile length)(const char *) = strlen; /* a call, whatever the compiler knows */
	uint64_t seed = 31, sum = 0;

	memset(text, 'x', sizeof(text) - 1);
	for (long i = work(argc, argv, 8000000); i > 0; i--) {
		uint64_t random = xorshift64(&seed);
		size_t start = random & 63, end = start + (random >> 8) % 1000;

		text[end] = '\0';
		sum += length(text + start);
		text[end] = 'x';
	}
	printf("%lu\n", sum);
	return 0;
}
