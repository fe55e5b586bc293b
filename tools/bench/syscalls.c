/* 100,000 rounds of what programs that work with files do: write, lseek, read, fstat. */
#include "bench.h"

#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	FILE *file = tmpfile();
	int fd = file ? fileno(file) : -1;
	uint64_t sum = 0, word = 1;
	struct stat status;

	for (long k = work(argc, argv, 100000); k > 0; k--) {
		if (pwrite(fd, &word, sizeof(word), k % 512 * 8) != sizeof(word) || lseek(fd, k % 512 * 8, SEEK_SET) < 0
			|| read(fd, &word, sizeof(word)) != sizeof(word) || fstat(fd, &status) != 0)
			return 1;
		sum += xorshift64(&word);
	}
	printf("%016lx\n", (unsigned long)sum);
	return 0;
}
