/* futex(2) without libc: moved waiters, counts, clocks, and a wait for the owner of a lock with priority inheritance, across a signal. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

/* As in <linux/futex.h>, which not every C library has. */
/* clang-format off */
enum {
	FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129, FUTEX_REQUEUE_PRIVATE = 131, FUTEX_CMP_REQUEUE_PRIVATE = 132,
	FUTEX_LOCK_PI_PRIVATE = 134, FUTEX_UNLOCK_PI_PRIVATE = 135, FUTEX_WAIT_BITSET_PRIVATE = 137, FUTEX_CLOCK_REALTIME = 256,
};
/* clang-format on */
enum { WAITERS = 3, PAUSE_US = 30000 };

static uint32_t word, other, lock;
static int woken_order[WAITERS], woken, interrupted;
static volatile int released;

static long futex(uint32_t *at, int operation, uint32_t value, uintptr_t value2, uint32_t *at2, uint32_t value3)
{
	return syscall(SYS_futex, at, operation, value, value2, at2, value3);
}

static void *wait_here(void *argument)
{
	futex(&word, FUTEX_WAIT_PRIVATE, 0, 0, NULL, 0);
	woken_order[woken++] = (int)(intptr_t)argument;
	return NULL;
}

static void start_waiters(pthread_t threads[WAITERS])
{
	woken = 0;
	for (intptr_t i = 0; i < WAITERS; i++) {
		pthread_create(&threads[i], NULL, wait_here, (void *)i);
		usleep(PAUSE_US);
	}
}

static void join(pthread_t threads[WAITERS])
{
	for (int i = 0; i < WAITERS; i++)
		pthread_join(threads[i], NULL);
}

static void moving(void)
{
	pthread_t threads[WAITERS];

	start_waiters(threads);
	SHOW(futex(&word, FUTEX_REQUEUE_PRIVATE, 0, INT32_MAX, &word, 0)); /* to where they are */
	SHOW(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 0, INT32_MAX, &other, 1));
	SHOW(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 0, 1, &other, 0));
	SHOW(futex(&word, FUTEX_REQUEUE_PRIVATE, 0, INT32_MAX, &other, 0));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, NULL, 0));
	for (int i = 0; i < WAITERS; i++) {
		SHOW(futex(&other, FUTEX_WAKE_PRIVATE, (uint32_t)i - 1, 0, NULL, 0)); /* a count below 1 is one */
		usleep(PAUSE_US);
		printf("woken: %d\n", woken_order[woken - 1]);
	}
	SHOW(futex(&other, FUTEX_WAKE_PRIVATE, 1, 0, NULL, 0));
	join(threads);
}

static void clocks(void)
{
	struct timespec moment = { 0, 1000 };

	SHOW(futex(&word, FUTEX_WAIT_PRIVATE, 0, (uintptr_t)&moment, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT_PRIVATE | FUTEX_CLOCK_REALTIME, 0, (uintptr_t)&moment, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE | FUTEX_CLOCK_REALTIME, 1, 0, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, (uintptr_t)&moment, NULL, 1));
}

static void handler(int number)
{
	(void)number;
	interrupted++;
}

static void *hold(void *argument)
{
	(void)argument;
	SHOW(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, 0, NULL, 0));
	usleep(6 * PAUSE_US);
	released = 1;
	futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, 0, NULL, 0);
	return NULL;
}

/* A handler that does not restart calls must not end the wait for the lock. */
static void inheriting(struct timespec *limit)
{
	struct sigaction action = { .sa_handler = handler };
	struct itimerval soon = { .it_value.tv_usec = 2 * PAUSE_US };
	sigset_t alarms;
	pthread_t thread;

	released = 0;
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	pthread_create(&thread, NULL, hold, NULL);
	usleep(PAUSE_US);
	sigaction(SIGALRM, &action, NULL);
	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	SHOW(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, (uintptr_t)limit, NULL, 0));
	printf("released %d, interrupted %d\n", released, interrupted);
	pthread_join(thread, NULL);
	SHOW(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, 0, NULL, 0));
}

int main(void)
{
	struct timespec limit;

	moving();
	clocks();
	inheriting(NULL);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 60;
	inheriting(&limit);
	return 0;
}
