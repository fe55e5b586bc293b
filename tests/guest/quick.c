/* System calls that only look: with pointers that are wrong in all ways, or were right until now, and with results that land in code. */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

enum { PAGE = 4096 };

static int reads(clockid_t clock, void *where)
{
	return (int)syscall(SYS_clock_gettime, clock, where);
}

static void show_bad_pointers(void)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	SHOW(reads(CLOCK_MONOTONIC, page));
	SHOW(reads(CLOCK_MONOTONIC, (void *)16));
	SHOW(reads(CLOCK_MONOTONIC, (void *)(1UL << 62)));
	SHOW(reads(CLOCK_MONOTONIC, (void *)-8L));
	SHOW(reads(77, page));
	SHOW(syscall(SYS_gettimeofday, 16, NULL));
	SHOW(syscall(SYS_gettimeofday, page, 16));
	SHOW(syscall(SYS_time, 16));
	SHOW(syscall(SYS_getcpu, NULL, 16, NULL));

	/* a page that was just written may no longer be writable */
	SHOW(reads(CLOCK_MONOTONIC, page + PAGE - 16));
	SHOW(mprotect(page, PAGE, PROT_READ));
	SHOW(reads(CLOCK_MONOTONIC, page));
	SHOW(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	SHOW(reads(CLOCK_MONOTONIC, page));
	SHOW(munmap(page + PAGE, PAGE));
	SHOW(reads(CLOCK_MONOTONIC, page + PAGE - 8));
	SHOW(munmap(page, PAGE));
	SHOW(reads(CLOCK_MONOTONIC, page));
	SHOW(reads(CLOCK_MONOTONIC, (void *)16));
}

/* long code(void *zone): gettimeofday, then the 64 bits after the SYSCALL as an immediate. */
/* clang-format off */
static const uint8_t code[] = {
	0x48, 0x89, 0xfe,                               /* mov rsi, rdi */
	0x31, 0xff,                                     /* xor edi, edi */
	0xb8, SYS_gettimeofday, 0, 0, 0,                /* mov eax, SYS_gettimeofday */
	0x0f, 0x05,                                     /* syscall */
	0x48, 0xb8, 1, 0x11, 0x11, 0x11, 0x11, 0, 0, 0, /* movabs rax, 0x1111111101 */
	0xc3,
};
/* clang-format on */
enum { IMMEDIATE_AT = 14 };

/* The time zone, which is all zeros, lands on the instruction that follows. */
static void show_written_code(void)
{
	uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long (*call)(void *) = (long (*)(void *))page;

	memcpy(page, code, sizeof(code));
	SHOW(call(page + 512));
	SHOW(call(page + 512));
	SHOW(call(page + IMMEDIATE_AT));
	page[IMMEDIATE_AT] = 7;
	SHOW(call(page + 512));
	SHOW(munmap(page, PAGE));
}

static int64_t ns(clockid_t clock)
{
	struct timespec t = { 0 };

	reads(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* CPU time goes on from one look to the next, and a thread's is part of its process's. */
static void show_cpu_time(void)
{
	int64_t process = 0, thread = 0, wall = 0;
	int backwards = 0, beyond = 0;

	for (int k = 0; k < 2000; k++) {
		int64_t t = ns(CLOCK_THREAD_CPUTIME_ID), p = ns(CLOCK_PROCESS_CPUTIME_ID), w = ns(CLOCK_MONOTONIC);

		backwards += p < process || t < thread || w < wall;
		beyond += t > p;
		process = p;
		thread = t;
		wall = w;
	}
	CHECK(backwards == 0);
	CHECK(beyond == 0);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

/* A timer comes though nothing is asked for but the time. */
static void show_alarm(void)
{
	struct itimerval soon = { .it_value.tv_usec = 2000 };
	int64_t limit = ns(CLOCK_MONOTONIC) + 10000000000LL;

	signal(SIGALRM, on_alarm);
	SHOW(setitimer(ITIMER_REAL, &soon, NULL));
	while (alarms == 0 && ns(CLOCK_MONOTONIC) < limit)
		;
	CHECK(alarms == 1);
	CHECK(syscall(SYS_getpid) == getpid() && syscall(SYS_gettid) == getpid());
}

int main(void)
{
	show_bad_pointers();
	show_written_code();
	show_cpu_time();
	show_alarm();
	return 0;
}
