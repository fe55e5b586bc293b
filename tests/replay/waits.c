/* The kernel writes memory while a call waits, before the call has a result: FUTEX_WAITERS in a lock with priority inheritance, and the
 * first part of what a receive with MSG_WAITALL waits for. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hard.h"

enum { FUTEX_LOCK_PI = 6, FUTEX_UNLOCK_PI = 7, FUTEX_PRIVATE_FLAG = 128 };
enum { THREADS = 3, ROUNDS = 30, WAITERS = 0x80000000, TID = 0x3fffffff };

static unsigned lock;
static uint64_t seen;
static unsigned char text[8];
static int pair[2];

static void take(void)
{
	unsigned free = 0, own = (unsigned)syscall(SYS_gettid);

	if (!__atomic_compare_exchange_n(&lock, &free, own, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		must(syscall(SYS_futex, &lock, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0) == 0, "FUTEX_LOCK_PI");
}

static void give(void)
{
	unsigned own = (unsigned)syscall(SYS_gettid);

	mix(&seen, __atomic_load_n(&lock, __ATOMIC_SEQ_CST) & WAITERS);
	if (!__atomic_compare_exchange_n(&lock, &own, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		must(syscall(SYS_futex, &lock, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0) == 0, "FUTEX_UNLOCK_PI");
}

static void *contend(void *unused)
{
	for (int k = 0; k < ROUNDS; k++) {
		take();
		sched_yield();
		give();
	}
	return unused;
}

static void *receive(void *unused)
{
	must(recv(pair[1], text, sizeof(text), MSG_WAITALL) == sizeof(text), "recv");
	return unused;
}

/* Other threads see the first half while the receiver waits for the second. */
static void received_in_parts(void)
{
	pthread_t receiver;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	pthread_create(&receiver, NULL, receive, NULL);
	must(write(pair[0], "half", 4) == 4, "write");
	while (!*(volatile unsigned char *)&text[3])
		sched_yield();
	printf("%.4s, then %d\n", (const char *)text, text[4]);
	must(write(pair[0], "more", 4) == 4, "write");
	pthread_join(receiver, NULL);
	printf("%.8s\n", (const char *)text);
}

int main(void)
{
	pthread_t thread[THREADS];

	for (int k = 0; k < THREADS; k++)
		pthread_create(&thread[k], NULL, contend, NULL);
	for (int k = 0; k < THREADS; k++)
		pthread_join(thread[k], NULL);
	printf("%016lx %u\n", (unsigned long)seen, lock & TID);
	received_in_parts();
	return 0;
}
