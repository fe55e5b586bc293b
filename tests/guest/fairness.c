/* A thread that makes one system call after the other leaves the others their share. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "show.h"

enum { JOINS = 20, MOST_ROUNDS = 200000, LARGE = 1 << 20 };

static volatile int stop;
static unsigned long rounds;
static char bytes[LARGE];

static void *map_and_unmap(void *argument)
{
	(void)argument;
	while (!stop) {
		char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		*page = 1;
		munmap(page, 4096);
		rounds++;
	}
	return NULL;
}

static void *read_much(void *argument)
{
	int zero = open("/dev/zero", O_RDONLY);

	(void)argument;
	while (!stop && read(zero, bytes, sizeof bytes) == LARGE)
		rounds++;
	close(zero);
	return NULL;
}

static void *open_and_close(void *argument)
{
	int ends[2];

	(void)argument;
	while (!stop && pipe(ends) == 0) {
		close(ends[0]);
		close(ends[1]);
		rounds++;
	}
	return NULL;
}

static void *nothing(void *argument)
{
	return argument;
}

/* Each thread that is made and joined needs a few turns, between which the busy one gets its own. */
static void beside(const char *name, void *busy(void *))
{
	pthread_t thread, other;

	stop = 0;
	rounds = 0;
	pthread_create(&thread, NULL, busy, NULL);
	for (int i = 0; i < JOINS; i++) {
		pthread_create(&other, NULL, nothing, NULL);
		pthread_join(other, NULL);
	}
	stop = 1;
	pthread_join(thread, NULL);
	printf("%s: ", name);
	CHECK(rounds < MOST_ROUNDS);
}

int main(void)
{
	beside("mmap and munmap", map_and_unmap);
	beside("reads", read_much);
	beside("pipes", open_and_close);
	return 0;
}
