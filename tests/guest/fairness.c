/* A thread that makes one system call after the other leaves the others their share; policies and nice values say how large that is. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
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
	while (!stop && read(zero, bytes, sizeof(bytes)) == LARGE)
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

static void *create_and_join(void *argument)
{
	pthread_t other;

	while (!stop && pthread_create(&other, NULL, nothing, NULL) == 0)
		pthread_join(other, NULL);
	return argument;
}

/* Threads that end do not take the turn of the first one. */
static void among_creators(void)
{
	pthread_t thread[6];

	stop = 0;
	for (int i = 0; i < 6; i++)
		pthread_create(&thread[i], NULL, create_and_join, NULL);
	for (int i = 0; i < 100; i++)
		sched_yield();
	stop = 1;
	for (int i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	puts("the first thread has run");
}

/* --- policies ---------------------------------------------------------------------------------------- */

enum { NICE = 10, LONG_MS = 300, SHORT_MS = 50 };

static volatile unsigned long count[2];
static volatile int ready;

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *compute(void *argument)
{
	long number = (long)argument;

	if (number == 1) {
		SHOW(setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE));
		SHOW(getpriority(PRIO_PROCESS, 0));
	}
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	while (ready < 2)
		sched_yield();
	for (long end = milliseconds() + LONG_MS; milliseconds() < end;)
		count[number]++;
	return NULL;
}

static void nice_values(void)
{
	pthread_t thread[2];

	for (long i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, compute, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	SHOW(getpriority(PRIO_PROCESS, 0));
	CHECK(count[0] > 2 * count[1]);
}

static int way[2]; /* a pipe */

static void *wait_below(void *argument)
{
	char byte;

	count[0] = read(way[0], &byte, 1) == 1;
	return argument;
}

/* While a real-time thread computes, one without such a policy does not go on. */
static void real_time(void)
{
	struct sched_param high = { .sched_priority = 10 }, param = { 0 };
	pthread_t thread;
	int refused;

	count[0] = 0;
	if (pipe(way) != 0 || pthread_create(&thread, NULL, wait_below, NULL) != 0)
		return;
	refused = sched_setscheduler(0, SCHED_FIFO, &high) != 0;
	CHECK(refused || sched_getscheduler(0) == SCHED_FIFO);
	CHECK(refused || (sched_getparam(0, &param) == 0 && param.sched_priority == high.sched_priority));
	if (write(way[1], "a", 1) != 1)
		return;
	for (long end = milliseconds() + SHORT_MS; milliseconds() < end;)
		;
	CHECK(refused || !count[0]);
	param.sched_priority = 0;
	SHOW(sched_setscheduler(0, SCHED_OTHER, &param));
	pthread_join(thread, NULL);
	CHECK(count[0]);
}

static void *set_wrong(void *argument)
{
	struct sched_param some = { .sched_priority = 5 }, none = { 0 };

	SHOW(sched_setscheduler(0, SCHED_OTHER, &some));
	SHOW(sched_setscheduler(0, SCHED_FIFO, &none));
	SHOW(sched_setscheduler(0, 77, &none));
	SHOW(sched_setscheduler(0, -1, &none));
	SHOW(sched_setscheduler(0, SCHED_BATCH, &none));
	SHOW(sched_getscheduler(0));
	return argument;
}

int main(void)
{
	cpu_set_t first;
	pthread_t thread;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	beside("mmap and munmap", map_and_unmap);
	beside("reads", read_much);
	beside("pipes", open_and_close);
	among_creators();
	sched_setaffinity(0, sizeof(first), &first);
	pthread_create(&thread, NULL, set_wrong, NULL);
	pthread_join(thread, NULL);
	SHOW(sched_getscheduler(0));
	nice_values();
	real_time();
	return 0;
}
