/* futex(2) with priority inheritance: what the word holds, wrong calls, bad timeouts, owners that are gone, condition variables. */
/* tests/guest.test: --serial */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "pshared.h"

static struct {
	volatile uint32_t lock, condition, ready;
} * shared;

static uint32_t self(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

/* The word without the owner's id, and whose that is. */
static void show_word(uint32_t owner)
{
	uint32_t word = shared->lock;

	printf("waiters %d, died %d, %s\n", !!(word & FUTEX_WAITERS), !!(word & FUTEX_OWNER_DIED),
		(word & FUTEX_TID_MASK) == 0               ? "free"
			: (word & FUTEX_TID_MASK) == owner ? "owned"
							   : "another's");
}

static void timeouts(void)
{
	const struct timespec bad[] = { { 0, -1 }, { 0, 1000000000 }, { -1, 0 } }, past = { 1, 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, (uintptr_t)&bad[i], NULL, 0));
	SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, 8, NULL, 0));
	show_word(self());
	SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, (uintptr_t)&past, NULL, 0));
	show_word(self());
	if (fork() == 0) {
		SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, (uintptr_t)&bad[1], NULL, 0));
		SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, (uintptr_t)&past, NULL, 0));
		SHOW(futex(&shared->lock, FUTEX_TRYLOCK_PI, 0, 8, NULL, 0));
		SHOW(futex(&shared->lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
		_exit(0);
	}
	wait(NULL);
	show_word(self());
	SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	SHOW(futex(&shared->lock, FUTEX_WAKE, 1, 0, NULL, 0));
	SHOW(futex(&shared->lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	show_word(self());
	SHOW(futex(&shared->lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	SHOW(futex((void *)((uintptr_t)&shared->lock + 1), FUTEX_LOCK_PI, 0, 0, NULL, 0));
	SHOW(futex((void *)8, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	SHOW(futex((void *)8, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	SHOW(futex(&shared->lock, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, 0, NULL, 0));
}

/* An id that nobody has, that of a process that has ended, and of one that was killed. */
static void no_owner(void)
{
	pid_t child = fork();

	shared->lock = FUTEX_TID_MASK - 1;
	if (child == 0)
		_exit(0);
	SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	SHOW(futex(&shared->lock, FUTEX_TRYLOCK_PI, 0, 0, NULL, 0));
	waitpid(child, NULL, 0);
	shared->lock = (uint32_t)child;
	SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	shared->lock = FUTEX_OWNER_DIED;
	SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	show_word(self());
	SHOW(futex(&shared->lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	show_word(self());
}

/* Each in turn gets the lock from the one before it. */
static void handed_over(void)
{
	enum { CHILDREN = 3 };
	pid_t child[CHILDREN];

	shared->ready = 0;
	SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	for (int i = 0; i < CHILDREN; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			if (futex(&shared->lock, FUTEX_LOCK_PI, 0, 0, NULL, 0) != 0)
				_exit(1);
			shared->ready++;
			pause_ms(2);
			_exit((shared->lock & FUTEX_TID_MASK) != self() || futex(&shared->lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0) != 0);
		}
	}
	while (!(shared->lock & FUTEX_WAITERS))
		pause_ms(1);
	SHOW(futex(&shared->lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	for (int i = 0; i < CHILDREN; i++)
		show_end(child[i]);
	printf("locked %u times\n", shared->ready);
	show_word(0);
}

/* The one that waits has what its owner leaves: one that ends, and one that is killed. */
static void left_over(bool killed)
{
	pid_t owner = fork(), waiter;

	shared->ready = 0;
	if (owner == 0) {
		futex(&shared->lock, FUTEX_LOCK_PI, 0, 0, NULL, 0);
		shared->ready = 1;
		while (!(shared->lock & FUTEX_WAITERS))
			pause_ms(1);
		if (!killed)
			_exit(0);
		pause();
	}
	while (!shared->ready)
		pause_ms(1);
	waiter = fork();
	if (waiter == 0) {
		SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
		show_word(self());
		SHOW(futex(&shared->lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
		_exit(0);
	}
	if (killed) {
		while (!(shared->lock & FUTEX_WAITERS))
			pause_ms(1);
		pause_ms(10);
		kill(owner, SIGKILL);
	}
	waitpid(owner, NULL, 0);
	show_end(waiter);
	show_word(0);
	shared->lock = 0;
}

/* --- condition variables ------------------------------------------------------------------------------ */

static pid_t start_waiter(void)
{
	pid_t child = fork();

	if (child == 0) {
		__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
		if (futex(&shared->condition, FUTEX_WAIT_REQUEUE_PI, 0, 0, &shared->lock, 0) != 0
			|| (shared->lock & FUTEX_TID_MASK) != self())
			_exit(1);
		_exit(futex(&shared->lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0) != 0);
	}
	return child;
}

static void conditions(bool locked)
{
	pid_t child[2];
	long moved = 0;

	shared->ready = 0;
	for (int i = 0; i < 2; i++)
		child[i] = start_waiter();
	while (shared->ready < 2)
		pause_ms(1);
	pause_ms(30);
	SHOW(futex(&shared->condition, FUTEX_WAKE, 1, 0, NULL, 0));
	SHOW(futex(&shared->condition, FUTEX_REQUEUE, 0, 1, &shared->lock, 0));
	SHOW(futex(&shared->condition, FUTEX_CMP_REQUEUE_PI, 1, 2, &shared->ready, 0));
	if (locked)
		SHOW(futex(&shared->lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
	moved = futex(&shared->condition, FUTEX_CMP_REQUEUE_PI, 1, INT_MAX, &shared->lock, 0);
	printf("moved %ld\n", moved);
	if (locked) {
		show_word(self());
		SHOW(futex(&shared->lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
	}
	for (int i = 0; i < 2; i++)
		show_end(child[i]);
	show_word(0);
}

static void wrong_conditions(void)
{
	const struct timespec past = { 0, 1 };

	SHOW(futex(&shared->condition, FUTEX_WAIT_REQUEUE_PI, 0, (uintptr_t)&past, &shared->lock, 0));
	SHOW(futex(&shared->condition, FUTEX_WAIT_REQUEUE_PI, 1, 0, &shared->lock, 0));
	SHOW(futex(&shared->condition, FUTEX_WAIT_REQUEUE_PI, 0, 0, &shared->condition, 0));
	SHOW(futex(&shared->condition, FUTEX_WAIT_REQUEUE_PI, 0, 0, (void *)8, 0));
	SHOW(futex(&shared->condition, FUTEX_CMP_REQUEUE_PI, 1, 0, &shared->lock, 0));
	SHOW(futex(&shared->condition, FUTEX_CMP_REQUEUE_PI, 1, 0, &shared->lock, 1));
	SHOW(futex(&shared->condition, FUTEX_CMP_REQUEUE_PI, 2, 0, &shared->lock, 0));
	SHOW(futex(&shared->condition, FUTEX_CMP_REQUEUE_PI, 1, 0, &shared->condition, 0));
}

int main(void)
{
	shared = shared_memory(4096);
	timeouts();
	no_owner();
	handed_over();
	left_over(false);
	left_over(true);
	conditions(true);
	conditions(false);
	wrong_conditions();
	return 0;
}
