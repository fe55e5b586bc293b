/* Threads: creation, thread-local storage, mutexes, conditions, semaphores, barriers, time-outs, signals, exit, fork. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

enum { THREADS = 4, ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore, release;
static long counter, atomic_counter, stage;
static __thread long own = 7;

static void *count(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		__atomic_fetch_add(&atomic_counter, 1, __ATOMIC_SEQ_CST);
		own += (long)argument;
		if (i % 500 == 0)
			sched_yield();
	}
	return (void *)own;
}

static void counting(void)
{
	pthread_t threads[THREADS];
	void *result;

	for (long i = 0; i < THREADS; i++)
		SHOW(pthread_create(&threads[i], NULL, count, (void *)i));
	for (int i = 0; i < THREADS; i++) {
		SHOW(pthread_join(threads[i], &result));
		printf("thread %d: %ld\n", i, (long)result);
	}
	printf("counter %ld, atomic %ld, own %ld\n", counter, atomic_counter, own);
}

/* Each thread waits for its turn. */
static void *in_turn(void *argument)
{
	pthread_mutex_lock(&mutex);
	while (stage != (long)argument)
		pthread_cond_wait(&condition, &mutex);
	printf("turn of %ld\n", stage);
	stage--;
	pthread_cond_broadcast(&condition);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void turns(void)
{
	pthread_t threads[THREADS];

	stage = THREADS;
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, in_turn, (void *)(i + 1));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void *meet(void *argument)
{
	long *serial = argument;

	for (int i = 0; i < 50; i++)
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_fetch_add(serial, 1, __ATOMIC_SEQ_CST);
	sem_post(&semaphore);
	return NULL;
}

static void meetings(void)
{
	pthread_t threads[THREADS];
	long serial = 0;

	pthread_barrier_init(&barrier, NULL, THREADS);
	sem_init(&semaphore, 0, 0);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, meet, &serial);
	for (int i = 0; i < THREADS; i++)
		sem_wait(&semaphore);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("meetings %ld\n", serial);
	SHOW(sem_trywait(&semaphore));
}

static struct timespec after_ms(clockid_t clock, long ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void *hold(void *argument)
{
	pthread_mutex_lock(argument);
	sem_post(&semaphore);
	sem_wait(&release);
	usleep(5000); /* the other one waits, most likely */
	pthread_mutex_unlock(argument);
	return NULL;
}

static void time_outs(void)
{
	struct timespec until = after_ms(CLOCK_REALTIME, 5);
	pthread_t thread;

	SHOW(sem_timedwait(&semaphore, &until));
	pthread_mutex_lock(&mutex);
	until = after_ms(CLOCK_REALTIME, 5);
	SHOW(pthread_cond_timedwait(&condition, &mutex, &until));
	pthread_mutex_unlock(&mutex);
	sem_init(&release, 0, 0);
	pthread_create(&thread, NULL, hold, &mutex);
	sem_wait(&semaphore);
	SHOW(pthread_mutex_trylock(&mutex));
	until = after_ms(CLOCK_REALTIME, 5);
	SHOW(pthread_mutex_timedlock(&mutex, &until));
	sem_post(&release);
	SHOW(pthread_mutex_lock(&mutex));
	SHOW(pthread_mutex_unlock(&mutex));
	pthread_join(thread, NULL);
}

static pthread_t handled_by;
static sigset_t no_signals;

static void handler(int signal)
{
	(void)signal;
	handled_by = pthread_self();
	sem_post(&semaphore);
}

static void *sleep_long(void *argument)
{
	struct timespec ten = { 10, 0 };

	(void)argument; /* the signal is blocked but in here, so it cannot come before */
	return (void *)(long)(ppoll(NULL, 0, &ten, &no_signals) == 0 ? 0 : errno);
}

static void *wait_for_cancel(void *argument)
{
	(void)argument;
	for (;;)
		pause();
	return NULL;
}

static void signals_and_cancellation(void)
{
	pthread_t thread;
	void *result;

	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	signal(SIGUSR1, handler);
	pthread_create(&thread, NULL, sleep_long, NULL);
	usleep(10000);
	SHOW(pthread_kill(thread, SIGUSR1));
	sem_wait(&semaphore);
	pthread_join(thread, &result);
	printf("sleep ended with error %ld\n", (long)result);
	CHECK(pthread_equal(handled_by, thread));
	pthread_create(&thread, NULL, wait_for_cancel, NULL);
	usleep(5000);
	SHOW(pthread_cancel(thread));
	SHOW(pthread_join(thread, &result));
	CHECK(result == PTHREAD_CANCELED);
}

static void *fork_here(void *argument)
{
	pid_t child = fork();
	int status;

	(void)argument;
	if (child == 0)
		_exit(syscall(SYS_gettid) == getpid() ? 11 : 12);
	waitpid(child, &status, 0);
	printf("child of a thread: %d\n", WEXITSTATUS(status));
	CHECK(syscall(SYS_gettid) != getpid());
	return NULL;
}

static void *end_process(void *argument)
{
	(void)argument;
	usleep(5000);
	exit(21);
}

/* Each thread has its own name and clock. */
static void *be_named(void *argument)
{
	char name[16] = "";
	volatile long work = 0;

	SHOW(prctl(PR_GET_NAME, name));
	printf("inherited '%s'\n", name);
	SHOW(prctl(PR_SET_NAME, "a name that is too long"));
	SHOW(prctl(PR_GET_NAME, name));
	printf("own '%s'\n", name);
	while (work < 1000000)
		work++;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	if (fork() == 0) {
		prctl(PR_GET_NAME, name);
		printf("child '%s'\n", name);
		_exit(0);
	}
	wait(NULL);
	return argument;
}

static void identity(void)
{
	struct timespec used = { 0, 0 };
	char name[16] = "";
	pthread_t thread;
	clockid_t clock;

	pthread_barrier_init(&barrier, NULL, 2);
	SHOW(prctl(PR_SET_NAME, "the leader"));
	pthread_create(&thread, NULL, be_named, NULL);
	pthread_barrier_wait(&barrier);
	SHOW(pthread_getcpuclockid(thread, &clock));
	SHOW(clock_gettime(clock, &used));
	CHECK(used.tv_sec > 0 || used.tv_nsec > 0);
	SHOW(clock_gettime(clock - (1 << 20), &used));
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	prctl(PR_GET_NAME, name);
	printf("leader '%s'\n", name);
}

int main(void)
{
	pthread_t thread;

	counting();
	turns();
	meetings();
	time_outs();
	signals_and_cancellation();
	identity();
	pthread_create(&thread, NULL, fork_here, NULL);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, end_process, NULL);
	pause(); /* the other thread's exit ends both */
	return 0;
}
