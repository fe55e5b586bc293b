/* Memory that processes share: semaphores, a robust mutex and a condition variable in it, and what a child of vfork writes. */
/* tests/guest.test: --serial */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5, WORKERS = 3, STEPS = 20000 };

static struct {
	sem_t ping, pong;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int steps, done;
} * shared;

static int global;

static void set_up(void)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t condition;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sem_init(&shared->ping, 1, 0);
	sem_init(&shared->pong, 1, 0);
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shared->mutex, &mutex);
	pthread_condattr_init(&condition);
	pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&shared->changed, &condition);
}

static void semaphores(void)
{
	if (fork() == 0) {
		for (int i = 0; i < ROUNDS; i++) {
			sem_wait(&shared->ping);
			printf("child %d\n", i);
			sem_post(&shared->pong);
		}
		_exit(0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		printf("parent %d\n", i);
		sem_post(&shared->ping);
		sem_wait(&shared->pong);
	}
	wait(NULL);
}

static void work(void)
{
	for (int i = 0; i < STEPS; i++) {
		pthread_mutex_lock(&shared->mutex);
		shared->steps++;
		pthread_mutex_unlock(&shared->mutex);
	}
	pthread_mutex_lock(&shared->mutex);
	shared->done++;
	pthread_cond_signal(&shared->changed);
	pthread_mutex_unlock(&shared->mutex);
	_exit(0);
}

static void mutex_and_condition(void)
{
	for (int i = 0; i < WORKERS; i++)
		if (fork() == 0)
			work();
	pthread_mutex_lock(&shared->mutex);
	while (shared->done < WORKERS)
		pthread_cond_wait(&shared->changed, &shared->mutex);
	pthread_mutex_unlock(&shared->mutex);
	while (wait(NULL) > 0)
		;
	printf("steps %d\n", shared->steps);
	if (fork() == 0) {
		pthread_mutex_lock(&shared->mutex);
		_exit(0);
	}
	wait(NULL);
	printf("owner died: %d\n", pthread_mutex_lock(&shared->mutex) == EOWNERDEAD);
}

static void vfork_memory(void)
{
	enum { HEAP = 1000000 }; /* more than a pipe holds */
	volatile char *heap = calloc(1, HEAP);
	volatile int local = 1;
	int status;
	pid_t child = vfork();

	if (child == 0) {
		local = 42;
		global = 43;
		for (int i = 0; i < HEAP; i++)
			heap[i] = 44;
		_exit(3);
	}
	waitpid(child, &status, 0);
	printf("vfork: %d %d %d %d, status %#x\n", local, global, heap[50000], heap[HEAP - 1], status);
}

/* The child's memory is the parent's again when it ends; what another thread counts is not lost by that. */
static volatile bool counting = true;
static volatile long counted;
static bool lost;

static void *count(void *argument)
{
	for (long i = 0; counting; i++) {
		lost = lost || counted != i;
		counted = i + 1;
		lost = lost || counted != i + 1; /* wherever the turns of threads change */
	}
	return argument;
}

static void vfork_beside_a_thread(void)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	pthread_t thread;

	pthread_create(&thread, NULL, count, NULL);
	while (counted < 1000)
		sched_yield();
	if (vfork() == 0) {
		nanosleep(&moment, NULL);
		_exit(0);
	}
	nanosleep(&moment, NULL);
	counting = false;
	pthread_join(thread, NULL);
	while (wait(NULL) > 0)
		;
	printf("vfork, a thread's count lost: %d\n", lost);
}

int main(void)
{
	setbuf(stdout, NULL);
	set_up();
	semaphores();
	mutex_and_condition();
	vfork_memory();
	vfork_beside_a_thread();
}
