/* UMWAIT ends by a store to the line that UMONITOR has named, whoever makes it, and CF tells that from the limit. Prints how long it took.
 * usage: umwait [exact]: the clock counts instructions, so nothing disturbs */
#include <cpuid.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "check.h"

enum { LIMIT = 100000, LINE = 64, PAGE = 4096, HANDOVERS = 1000, MOMENT_NS = 20000, ANY = -1 };

static void monitor(const volatile void *line)
{
	__asm__ volatile(".byte 0xf3, 0x0f, 0xae, 0xf7" : : "D"(line) : "memory"); /* umonitor rdi */
}

/* Returns CF. */
static int umwait(uint64_t deadline)
{
	unsigned char carry;

	__asm__ volatile(".byte 0xf2, 0x0f, 0xae, 0xf1\n\tsetc %0" /* umwait ecx */
			 : "=q"(carry)
			 : "c"(0), "a"((uint32_t)deadline), "d"((uint32_t)(deadline >> 32))
			 : "cc", "memory");
	return carry;
}

static int exact;

static void ended(const char *what, int carry, int wanted_carry, uint64_t began, uint64_t least, uint64_t most)
{
	uint64_t took = rdtsc() - began;

	CHECK(carry == wanted_carry || wanted_carry == ANY, "%s: CF is %d", what, carry);
	CHECK(took >= least && (took < most || !exact), "%s: %lu ticks", what, took);
	printf("%s: %lu\n", what, took);
}

/* --- the other thread's part ------------------------------------------------------------------------------- */

static volatile uint8_t *page;
static pthread_t waiter;
static sem_t wanted;
static void (*volatile action)(void);

static void first_byte(void)
{
	page[0]++;
}
static void last_byte(void)
{
	page[LINE - 1]++;
}
static void next_line(void)
{
	page[LINE]++;
}
static void send_signal(void)
{
	pthread_kill(waiter, SIGUSR1);
}
static void unmap(void)
{
	munmap((void *)(page + PAGE), PAGE);
}

/* The store is early, its thread does not let go before the limit. */
static void store_and_work(void)
{
	uint64_t began = rdtsc();

	page[8]++;
	while (rdtsc() - began < 2 * LIMIT)
		;
}

static void *other(void *unused)
{
	for (;;) {
		sem_wait(&wanted);
		if (!action)
			return unused;
		action();
	}
}

static void handler(int number)
{
	(void)number;
}

static void while_other(const char *what, void (*does)(void), const volatile void *line, int carry, uint64_t least, uint64_t most)
{
	uint64_t began = rdtsc();

	action = does;
	monitor(line);
	sem_post(&wanted);
	ended(what, umwait(UINT64_MAX), carry, began, least, most);
}

static void by_thread(void)
{
	pthread_t thread;

	waiter = pthread_self();
	signal(SIGUSR1, handler);
	sem_init(&wanted, 0, 0);
	pthread_create(&thread, NULL, other, NULL);
	while_other("first byte", first_byte, page, 0, 0, LIMIT / 2);
	while_other("last byte, monitored in the middle", last_byte, page + 17, 0, 0, LIMIT / 2);
	while_other("next line", next_line, page, 1, LIMIT, LIMIT * 3 / 2);
	while_other("signal", send_signal, page, exact ? 0 : ANY, 0, LIMIT / 2);
	while_other("no memory any more", unmap, page + PAGE, 0, 0, LIMIT / 2);
	while_other("and work", store_and_work, page, 0, 0, LIMIT * 3 / 2);
	action = NULL;
	sem_post(&wanted);
	pthread_join(thread, NULL);
}

/* --- two that wait for each other ------------------------------------------------------------------------ */

static volatile struct {
	long turn;
} __attribute__((aligned(LINE))) turns[2];

static long limits;

static void *take_turns(void *number)
{
	long own = (long)number;

	for (long turn = 1; turn <= HANDOVERS; turn++) {
		while (turns[own].turn < turn) {
			monitor(&turns[own]);
			if (turns[own].turn < turn)
				__atomic_fetch_add(&limits, umwait(UINT64_MAX), __ATOMIC_SEQ_CST);
		}
		turns[!own].turn = own ? turn + 1 : turn;
	}
	return NULL;
}

static void handovers(void)
{
	uint64_t began = rdtsc();
	pthread_t threads[2];

	turns[0].turn = 1;
	for (long k = 0; k < 2; k++)
		pthread_create(&threads[k], NULL, take_turns, (void *)k);
	for (int k = 0; k < 2; k++)
		pthread_join(threads[k], NULL);
	CHECK(limits < HANDOVERS / 10, "%ld waits to the limit", limits);
	ended("handovers", 0, 0, began, 0, HANDOVERS * LIMIT / 10);
}

/* --- another process -------------------------------------------------------------------------------------- */

static void by_process(void)
{
	volatile long *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct timespec moment = { .tv_nsec = MOMENT_NS };
	uint64_t began = rdtsc();
	int stores = 0, waits = 0, status;
	pid_t child = fork();

	if (child == 0) {
		for (;;) {
			nanosleep(&moment, NULL);
			++*shared;
		}
	}
	for (; stores < 3 && waits < 100000; waits++) {
		monitor(shared);
		stores += !umwait(UINT64_MAX);
	}
	CHECK(stores == 3, "in %d waits", waits);
	ended("another process", 0, 0, began, 0, 30 * LIMIT);
	kill(child, SIGKILL);
	wait(&status);
}

int main(int argc, char **argv)
{
	unsigned a = 0, b = 0, c, d;
	uint64_t began;

	(void)argv;
	exact = argc > 1;
	__get_cpuid(5, &a, &b, &c, &d);
	CHECK((a & 0xffff) == LINE && (b & 0xffff) == LINE, "CPUID 5: %x, %x", a, b);
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	began = rdtsc();
	monitor(page);
	page[3]++;
	ended("stored before", umwait(UINT64_MAX), 0, began, 0, LIMIT / 2);
	began = rdtsc();
	ended("not monitored again", umwait(UINT64_MAX), 0, began, 0, LIMIT / 2);
	by_thread();
	handovers();
	by_process();
	return check_result();
}
