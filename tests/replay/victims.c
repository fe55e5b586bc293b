/* victims WORD: a process that writes to memory which it shares, by system calls too where the word is "calls", until it is killed from
 * outside; without a word, until it has done a little. The first process finds what it has done by then. */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hard.h"

enum { PAGE = 4096, SIZE = 3 * PAGE, WORDS = SIZE / 8, STEPS = 20000 };

/* The last page of the file comes and goes. */
static void write_by_calls(int fd, uint64_t k)
{
	must(pwrite(fd, &k, sizeof(k), (off_t)(k % 512 * 8)) > 0, "pwrite");
	if (k % 1000 == 0)
		must(ftruncate(fd, SIZE - PAGE) == 0 && ftruncate(fd, SIZE) == 0, "ftruncate");
}

static void write_on(volatile uint64_t *anonymous, volatile uint64_t *file, int fd, const char *word)
{
	printf("ready\n");
	for (uint64_t k = 1; word || k < STEPS; k++) {
		anonymous[k % WORDS] += k;
		file[k * 7 % WORDS] ^= k;
		if (word && strcmp(word, "calls") == 0 && k % 50 == 0)
			write_by_calls(fd, k);
	}
}

static uint64_t sum_of(const volatile uint64_t *memory)
{
	uint64_t sum = 0;

	for (int k = 0; k < WORDS; k++)
		mix(&sum, memory[k]);
	return sum;
}

int main(int argc, char **argv)
{
	volatile uint64_t *anonymous = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *file;
	int fd = memfd_create("victims", 0), status;
	pid_t child;

	setbuf(stdout, NULL);
	must(ftruncate(fd, SIZE) == 0, "ftruncate");
	file = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	child = fork();
	if (child == 0) {
		write_on(anonymous, file, fd, argc > 1 ? argv[1] : NULL);
		_exit(0);
	}
	mprotect((void *)anonymous, SIZE, PROT_NONE);
	waitpid(child, &status, 0);
	mprotect((void *)anonymous, SIZE, PROT_READ);
	ftruncate(fd, SIZE);
	printf("status %d, memory %016lx, file %016lx\n", status, (unsigned long)sum_of(anonymous), (unsigned long)sum_of(file));
}
