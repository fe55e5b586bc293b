/* Restartable sequences: registration and its errors, critical sections that are aborted by a signal, a wait or another thread, broken
 * descriptors, what fork, vfork, threads and execve keep. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

#include "rseq.h"
#include "show.h"

enum { THREADS = 4, ABORTS = 12 };

int main(int, char **);

static struct area other_area;

static void errors(void)
{
	char *crooked = (char *)&own_area + 4;

	SHOW(rseq(&own_area, 31, 0, RSEQ_SIGNATURE));
	SHOW(rseq(&own_area, 0, 0, RSEQ_SIGNATURE));
	SHOW(rseq(crooked, 32, 0, RSEQ_SIGNATURE));
	SHOW(rseq(crooked, 33, 0, RSEQ_SIGNATURE));
	SHOW(rseq((void *)0x7ffffffff000, 32, 0, RSEQ_SIGNATURE));
	SHOW(rseq((void *)-64L, 32, 0, RSEQ_SIGNATURE));
	SHOW(rseq(&own_area, 32, 2, RSEQ_SIGNATURE));
	SHOW(rseq(&own_area, 32, RSEQ_UNREGISTER, RSEQ_SIGNATURE));
	SHOW(rseq(NULL, 32, RSEQ_UNREGISTER, RSEQ_SIGNATURE));
	SHOW(rseq(&own_area, 32, 0, RSEQ_SIGNATURE));
	CHECK(own_area.cpu_id >= 0 && own_area.cpu_id == (int)own_area.cpu_id_start);
	SHOW(rseq(&own_area, 32, 0, RSEQ_SIGNATURE));
	SHOW(rseq(&own_area, 32, 0, 1));
	SHOW(rseq(&own_area, 64, 0, RSEQ_SIGNATURE));
	SHOW(rseq(&other_area, 32, 0, RSEQ_SIGNATURE));
	SHOW(rseq(&own_area, 32, RSEQ_UNREGISTER, 1));
	SHOW(rseq(&own_area, 64, RSEQ_UNREGISTER, RSEQ_SIGNATURE));
	SHOW(rseq(&other_area, 32, RSEQ_UNREGISTER, RSEQ_SIGNATURE));
	SHOW(rseq(&own_area, 32, RSEQ_UNREGISTER | 2, RSEQ_SIGNATURE));
	SHOW(rseq(&own_area, 32, RSEQ_UNREGISTER, RSEQ_SIGNATURE));
	printf("unregistered: cpu_id_start %u, cpu_id %d\n", own_area.cpu_id_start, own_area.cpu_id);
	SHOW(rseq(&own_area, 32, 0, 77));
	SHOW(rseq(&own_area, 32, RSEQ_UNREGISTER, 77));
}

/* --- aborts ------------------------------------------------------------------------------------------ */

static volatile uint64_t interrupted_at, section_in_handler;

static void caught(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	interrupted_at = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	section_in_handler = own_area.section;
}

/* The handler finds that it has interrupted the abort handler, before which the signature stands. The section may have been aborted for
 * another reason before; then it is tried again. */
static void by_signal(void)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
	struct itimerval soon = { .it_value.tv_usec = 2000 };
	volatile long counter = 0;
	enum outcome outcome = COMMITTED;
	int found = 0;

	sigaction(SIGALRM, &action, NULL);
	for (int tries = 0; tries < 100 && !found; tries++) {
		interrupted_at = 0;
		section_in_handler = 1;
		setitimer(ITIMER_REAL, &soon, NULL);
		while (!interrupted_at)
			outcome = increment(&counter, own_area.cpu_id, 1 << 30);
		found = *(uint32_t *)(interrupted_at - 4) == RSEQ_SIGNATURE;
	}
	CHECK(found);
	CHECK(outcome == ABORTED && counter == 0);
	CHECK(section_in_handler == 0 && own_area.section == 0);
}

static pthread_barrier_t barrier;
static volatile long counter;
static long commits;
static int aborts;

static void *count(void *unused)
{
	SHOW(attach());
	pthread_barrier_wait(&barrier);
	while (__atomic_load_n(&aborts, __ATOMIC_SEQ_CST) < ABORTS) {
		enum outcome outcome = increment(&counter, (int)own_area.cpu_id_start, 20000);

		__atomic_fetch_add(&commits, outcome == COMMITTED, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&aborts, outcome == ABORTED, __ATOMIC_SEQ_CST);
	}
	pthread_barrier_wait(&barrier);
	SHOW(detach());
	return unused;
}

/* Threads on one CPU take it from each other. The counter's sum is right all the same. */
static void by_threads(void)
{
	pthread_t threads[THREADS];
	cpu_set_t allowed, one;
	int cpu = 0;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	while (!CPU_ISSET(cpu, &allowed))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	SHOW(sched_setaffinity(0, sizeof(one), &one));
	CHECK(own_area.cpu_id == cpu && own_area.cpu_id_start == (uint32_t)cpu);
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, count, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(aborts >= ABORTS && commits > 0 && counter == commits);
	sched_setaffinity(0, sizeof(allowed), &allowed);
}

/* --- descriptors -------------------------------------------------------------------------------------- */

/* nanosleep(2) in a critical section: a system call has no place there, but one that waits shows what becomes of it. */
int sleep_in_section(const struct timespec *time, void *);
extern const char section_end[], landing[], wrong_landing[];
__asm__(".text\n"
	"sleep_in_section:\n\t"
	"mov $35, %eax\n\t"
	"syscall\n\t"
	"ret\n"
	"section_end:\n\t"
	".byte 0x0f, 0xb9, 0x3d\n\t"
	".long 0x53053053\n"
	"landing:\n\t"
	"mov $42, %edi\n\t"
	"mov $231, %eax\n\t"
	"syscall\n"
	"wrong_landing:\n\t"
	"ud2");

static const struct timespec moment = { .tv_nsec = 1000000 };

/* A child waits with the descriptor: how it ends. */
static void wait_with(const char *what, const struct section *section)
{
	int status;

	if (fork() == 0) {
		own_area.section = (uint64_t)section;
		sleep_in_section(&moment, NULL);
		_exit(own_area.section ? 1 : 0);
	}
	wait(&status);
	own_area.flags = 0;
	printf("%s: %s %d\n", what, WIFEXITED(status) ? "status" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static void descriptors(void)
{
	const struct section good = { .start = (uint64_t)sleep_in_section,
		.length = (uint64_t)section_end - (uint64_t)sleep_in_section,
		.abort = (uint64_t)landing };
	struct section s = good;

	wait_with("a critical section", &s);
	own_area.flags = 1;
	wait_with("flags of the thread", &s);
	s.flags = 1;
	wait_with("flags", &s);
	s.start = (uint64_t)main;
	s.length = 1;
	wait_with("flags elsewhere", &s);
	own_area.flags = 1;
	wait_with("flags of the thread elsewhere", &s);
	s = good;
	s.version = 1;
	wait_with("version", &s);
	s = good;
	s.abort = (uint64_t)wrong_landing;
	wait_with("signature", &s);
	s.start = (uint64_t)main;
	s.length = 1;
	wait_with("signature elsewhere", &s);
	s = good;
	s.abort = s.start;
	wait_with("abort handler inside", &s);
	s = good;
	s.start = UINT64_C(1) << 47;
	wait_with("start", &s);
	s = good;
	s.abort = UINT64_C(1) << 47;
	wait_with("abort handler", &s);
	s = good;
	s.abort = 8;
	wait_with("abort handler that is not there", &s);
	s = good;
	s.length = ~UINT64_C(0);
	wait_with("length", &s);
	s.length = 0;
	wait_with("no length", &s);
	wait_with("a descriptor that is not there", (struct section *)0x100000);
	wait_with("a descriptor of the kernel's", (struct section *)-4096L);
	wait_with("none", NULL);
}

static void ignored(int number)
{
	(void)number;
}

/* SIGSEGV cannot be caught then: its handler's frame has the same difficulty. */
static void with_handler(void)
{
	int status;

	signal(SIGSEGV, ignored);
	signal(SIGUSR1, ignored);
	wait_with("a descriptor that is not there, and a handler", (struct section *)0x100000);
	if (fork() == 0) {
		own_area.section = 0x100000;
		raise(SIGUSR1);
		_exit(0);
	}
	wait(&status);
	printf("its frame: status %x\n", status);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
}

static void area_gone(int protection)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;

	if (fork() == 0) {
		detach();
		SHOW(rseq(page, RSEQ_SIZE, 0, RSEQ_SIGNATURE));
		mprotect(page, 4096, protection);
		nanosleep(&moment, NULL);
		_exit(0);
	}
	wait(&status);
	printf("an area with protection %d: status %x\n", protection, status);
}

/* --- who keeps it ------------------------------------------------------------------------------------- */

static volatile long in_child;

static void keeping(char *name)
{
	char again[] = "again", *words[] = { name, again, NULL };

	if (fork() == 0) {
		SHOW(rseq(&own_area, RSEQ_SIZE, 0, RSEQ_SIGNATURE));
		SHOW(detach());
		_exit(0);
	}
	wait(NULL);
	if (vfork() == 0) {
		in_child = rseq(&own_area, RSEQ_SIZE, 0, RSEQ_SIGNATURE);
		detach();
		_exit(0);
	}
	wait(NULL);
	printf("in vfork's child: %ld\n", in_child);
	SHOW(rseq(&own_area, RSEQ_SIZE, 0, RSEQ_SIGNATURE));
	execv("/proc/self/exe", words);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		SHOW(attach());
		return 0;
	}
	leave_libc();
	errors();
	SHOW(rseq(&own_area, RSEQ_SIZE, 0, RSEQ_SIGNATURE));
	by_signal();
	by_threads();
	descriptors();
	with_handler();
	area_gone(PROT_NONE);
	area_gone(PROT_READ);
	area_gone(PROT_READ | PROT_WRITE);
	keeping(argv[0]);
	return 1;
}
