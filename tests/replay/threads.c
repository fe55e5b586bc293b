/* Many threads: a mutex and condition variables, races without locks, a storm of creations, an exec by one that is not the leader. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "hard.h"

enum { THREADS = 12, ITEMS = 300, STORM = 100, SLOTS = 4 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static int slots[SLOTS], used, produced, consumed;
static uint64_t order;
static volatile uint64_t racy;
static atomic_int finished;
static volatile sig_atomic_t signals;

static void tick(int number)
{
	(void)number;
	signals++;
}

static void *produce(void *argument)
{
	for (;;) {
		pthread_mutex_lock(&mutex);
		while (used == SLOTS)
			pthread_cond_wait(&emptied, &mutex);
		if (produced == ITEMS) {
			pthread_cond_broadcast(&filled);
			pthread_mutex_unlock(&mutex);
			return NULL;
		}
		mix(&order, (uint64_t)(uintptr_t)argument);
		slots[used++] = produced++;
		pthread_cond_signal(&filled);
		pthread_mutex_unlock(&mutex);
	}
}

static void *consume(void *argument)
{
	pthread_mutex_lock(&mutex);
	while (consumed < ITEMS) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec = (until.tv_nsec + 2000000) % 1000000000;
		if (used == 0) {
			pthread_cond_timedwait(&filled, &mutex, &until);
			continue;
		}
		mix(&order, (uint64_t)slots[--used] + (uint64_t)(uintptr_t)argument * 1000);
		consumed++;
		pthread_cond_broadcast(&emptied);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void *race(void *argument)
{
	for (uint64_t k = 0; k < 20000; k++) {
		uint64_t value = racy;

		mix(&value, (uint64_t)(uintptr_t)argument + k);
		racy = value;
	}
	finished++;
	return NULL;
}

static void *nothing(void *argument)
{
	mix(&order, (uint64_t)(uintptr_t)argument);
	return argument;
}

static void run_all(void *(*even)(void *), void *(*odd)(void *))
{
	pthread_t thread[THREADS];

	for (uintptr_t k = 0; k < THREADS; k++)
		must(pthread_create(&thread[k], NULL, k % 2 ? odd : even, (void *)k) == 0, "pthread_create");
	for (int k = 0; k < THREADS; k++)
		pthread_join(thread[k], NULL);
}

static void *execute(void *program)
{
	usleep(1000);
	execl(program, "threads", "executed", (char *)NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	setbuf(stdout, NULL);
	if (argc > 1) {
		printf("%s, thread %s the leader\n", argv[1], gettid() == getpid() ? "is" : "is not");
		return 7;
	}
	signal(SIGALRM, tick);
	timer_every(900);
	run_all(produce, consume);
	printf("items %d, order %016lx\n", consumed, (unsigned long)order);
	run_all(race, race);
	printf("race %016lx, finished %d\n", (unsigned long)racy, finished);
	for (uintptr_t k = 0; k < STORM; k++) {
		must(pthread_create(&thread, NULL, nothing, (void *)k) == 0, "pthread_create");
		if (k % 3)
			pthread_join(thread, NULL);
		else
			pthread_detach(thread);
	}
	timer_every(0);
	printf("storm %016lx, signals %s\n", (unsigned long)order, signals ? "came" : "did not come");
	must(pthread_create(&thread, NULL, execute, "/proc/self/exe") == 0, "pthread_create");
	for (;;)
		racy++;
}
