/* futex(2) as the tests of several processes use it. */
#ifndef TESTS_GUEST_PSHARED_H
#define TESTS_GUEST_PSHARED_H

#include <limits.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

/* As in <linux/futex.h>, which not every C library has. */
/* clang-format off */
enum {
	FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE = 4, FUTEX_WAKE_OP = 5, FUTEX_LOCK_PI = 6, FUTEX_UNLOCK_PI = 7,
	FUTEX_TRYLOCK_PI = 8, FUTEX_WAIT_BITSET = 9, FUTEX_WAKE_BITSET = 10, FUTEX_WAIT_REQUEUE_PI = 11, FUTEX_CMP_REQUEUE_PI = 12,
	FUTEX_PRIVATE_FLAG = 128, FUTEX_CLOCK_REALTIME = 256,
};
/* clang-format on */
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu

static inline long futex(volatile uint32_t *at, int operation, uint32_t value, uintptr_t value2, volatile uint32_t *at2, uint32_t value3)
{
	return syscall(SYS_futex, at, operation, value, value2, at2, value3);
}

static inline void pause_ms(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

/* Returns when so many wait for the word: they are counted by moving them to where they are. */
static inline void await_waiters(volatile uint32_t *word, int count)
{
	while (futex(word, FUTEX_REQUEUE, 0, INT_MAX, word, 0) < count)
		pause_ms(1);
}

static inline void *shared_memory(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* What a child's end says: its status, or the signal. */
static inline void show_end(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child);
	printf("status %#x\n", status);
}

#endif
