/* The C library's locks between processes, of each kind, and what becomes of those whose owner ends or is killed. */
/* tests/guest.test: --serial */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

enum { WORKERS = 3, ROUNDS = 200 };
enum ending { BY_EXIT, BY_KILL, BY_EXEC, ENDINGS };

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_barrier_t barrier;
	pthread_rwlock_t guard;
	sem_t ready, go;
	volatile int steps, done, serial;
} * shared;

/* Where the C library lacks a kind, the default one does. */
static void make_mutex(int protocol, bool robust)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	if (robust)
		pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	SHOW(pthread_mutexattr_setprotocol(&attributes, protocol) == 0 || protocol != PTHREAD_PRIO_NONE);
	pthread_mutex_init(&shared->mutex, &attributes);
}

static void make_others(void)
{
	pthread_condattr_t condition;
	pthread_barrierattr_t barrier;
	pthread_rwlockattr_t guard;

	pthread_condattr_init(&condition);
	pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&shared->changed, &condition);
	pthread_barrierattr_init(&barrier);
	pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->barrier, &barrier, WORKERS);
	pthread_rwlockattr_init(&guard);
	pthread_rwlockattr_setpshared(&guard, PTHREAD_PROCESS_SHARED);
	pthread_rwlock_init(&shared->guard, &guard);
	sem_init(&shared->ready, 1, 0);
	sem_init(&shared->go, 1, 0);
}

static void in_processes(void (*work)(int))
{
	int status, failed = 0;

	shared->steps = shared->done = shared->serial = 0;
	for (int i = 0; i < WORKERS; i++)
		if (fork() == 0) {
			work(i);
			_exit(0);
		}
	while (wait(&status) > 0)
		failed += status != 0;
	printf("steps %d, done %d, serial %d, failed %d\n", shared->steps, shared->done, shared->serial, failed);
}

/* One counts on from where another was interrupted, if the lock does not hold. */
static void step(void)
{
	int now = shared->steps;

	for (volatile int i = 0; i < 20; i++)
		;
	shared->steps = now + 1;
}

static void lock_often(int number)
{
	(void)number;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&shared->mutex);
		step();
		if (i % 50 == 0)
			usleep(200); /* others wait meanwhile */
		pthread_mutex_unlock(&shared->mutex);
	}
}

static void write_often(int number)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (number == 0 && i % 2) {
			pthread_rwlock_rdlock(&shared->guard);
		} else {
			pthread_rwlock_wrlock(&shared->guard);
			step();
		}
		if (i % 50 == 0)
			usleep(200);
		pthread_rwlock_unlock(&shared->guard);
	}
}

static void meet(int number)
{
	(void)number;
	for (int i = 0; i < 20; i++)
		if (pthread_barrier_wait(&shared->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&shared->serial, 1, __ATOMIC_SEQ_CST);
}

/* In turn, by one condition. */
static void take_turns(int number)
{
	for (int i = 0; i < 20; i++) {
		pthread_mutex_lock(&shared->mutex);
		while (shared->done % WORKERS != number)
			pthread_cond_wait(&shared->changed, &shared->mutex);
		shared->done++;
		pthread_cond_broadcast(&shared->changed);
		pthread_mutex_unlock(&shared->mutex);
	}
}

static void kinds(void)
{
	/* clang-format off */
	static const struct { int protocol; bool robust; } kind[] = {
		{ PTHREAD_PRIO_NONE, false }, { PTHREAD_PRIO_NONE, true }, { PTHREAD_PRIO_INHERIT, false }, { PTHREAD_PRIO_INHERIT, true },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		make_mutex(kind[i].protocol, kind[i].robust);
		make_others();
		in_processes(lock_often);
		in_processes(take_turns);
	}
	in_processes(write_often);
	in_processes(meet);
}

/* --- owners that are gone ----------------------------------------------------------------------------- */

static void own_and_end(enum ending ending)
{
	pthread_mutex_lock(&shared->mutex);
	sem_post(&shared->ready);
	while (sem_wait(&shared->go) != 0)
		;
	if (ending == BY_EXEC)
		execl("/bin/true", "true", NULL);
	if (ending == BY_KILL)
		pause();
	_exit(0);
}

static void *wait_for_lock(void *argument)
{
	int error = pthread_mutex_lock(&shared->mutex);

	(void)argument;
	printf("a waiter's lock: %d\n", error);
	if (error == EOWNERDEAD)
		pthread_mutex_consistent(&shared->mutex);
	pthread_mutex_unlock(&shared->mutex);
	return NULL;
}

static void end_owner(int protocol, enum ending ending, bool waits)
{
	pthread_t waiter;
	pid_t owner;
	int error;

	make_mutex(protocol, true);
	make_others();
	owner = fork();
	if (owner == 0)
		own_and_end(ending);
	while (sem_wait(&shared->ready) != 0)
		;
	SHOW(pthread_mutex_trylock(&shared->mutex));
	if (waits) {
		pthread_create(&waiter, NULL, wait_for_lock, NULL);
		usleep(20000);
	}
	sem_post(&shared->go);
	if (ending == BY_KILL) {
		usleep(10000);
		kill(owner, SIGKILL);
	}
	waitpid(owner, NULL, 0);
	if (waits) {
		pthread_join(waiter, NULL);
	} else {
		error = pthread_mutex_lock(&shared->mutex);
		printf("lock: %d\n", error);
		if (error == EOWNERDEAD)
			SHOW(pthread_mutex_consistent(&shared->mutex));
		SHOW(pthread_mutex_unlock(&shared->mutex));
	}
	SHOW(pthread_mutex_trylock(&shared->mutex));
	SHOW(pthread_mutex_unlock(&shared->mutex));
}

/* A thread that ends, of the same process. */
static void *own(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&shared->mutex);
	return NULL;
}

static void end_thread(int protocol)
{
	pthread_t thread;

	make_mutex(protocol, true);
	pthread_create(&thread, NULL, own, NULL);
	pthread_join(thread, NULL);
	SHOW(pthread_mutex_lock(&shared->mutex));
	SHOW(pthread_mutex_consistent(&shared->mutex));
	SHOW(pthread_mutex_unlock(&shared->mutex));
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	kinds();
	for (int ending = 0; ending < ENDINGS; ending++)
		for (int waits = 0; waits < 2; waits++) {
			end_owner(PTHREAD_PRIO_NONE, ending, waits);
			end_owner(PTHREAD_PRIO_INHERIT, ending, waits);
		}
	end_thread(PTHREAD_PRIO_NONE);
	end_thread(PTHREAD_PRIO_INHERIT);
	return 0;
}
