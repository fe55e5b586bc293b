/* The application of the pvtsc proposal: it installs a handler, probes by the special RDMSR, gets the page, turns emulation off,
 * and computes ns from RDTSC; where the probe faults it falls back to plain RDTSC. usage: pvclock on|off [SLACK],
 * SLACK being by how many ns the page may differ from the system call */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>

#include "pvpage.h"

enum { MSR_PAGE = 0x4b564d01, MSR_NATIVE = 0x4b564dff };

static sigjmp_buf back;
static volatile int faulted;

static void caught(int number, siginfo_t *info, void *context)
{
	(void)context;
	faulted = number;
	CHECK(number == SIGSEGV && info->si_code == SI_KERNEL, "signal %d, code %d", number, info->si_code);
	siglongjmp(back, 1);
}

static volatile struct page *probe(void)
{
	uint64_t address;

	if (sigsetjmp(back, 1))
		return NULL;
	address = rdmsr(MSR_PAGE);
	CHECK(address & 1, "%lx: not enabled", address);
	CHECK(rdmsr(MSR_NATIVE) == 1, "emulation off");
	return (volatile struct page *)(address & ~1ul);
}

static int64_t monotonic(void)
{
	struct timespec t;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Works, makes a system call and sleeps between readings: the page is refreshed, and no reader notices. */
static void compare(const volatile struct page *page, int64_t slack)
{
	int64_t last = 0;
	uint32_t first = page->version;

	for (int k = 0; k < 400; k++) {
		int64_t before = monotonic(), ns = page_ns(page), after = monotonic();

		CHECK(before - slack <= ns && ns <= after + slack, "round %d: %ld, page %ld, %ld", k, before, ns, after);
		CHECK(ns >= last, "round %d: back from %ld to %ld", k, last, ns);
		last = ns;
		for (volatile int work = 0; work < 2000; work++)
			;
		if (k % 40 == 0)
			usleep(1000);
	}
	CHECK(page->version != first, "never refreshed");
}

int main(int argc, char **argv)
{
	int expected = argc > 1 && !strcmp(argv[1], "on");
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
	int64_t slack = argc > 2 ? atol(argv[2]) : 2; /* its multiplier is rounded down, and a refresh makes up 1 ns at most */
	const volatile struct page *page;
	cpu_set_t set;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	page = probe();
	CHECK(!page == !expected, "page %p", (void *)page);
	CHECK(faulted == (expected ? 0 : SIGSEGV), "signal %d", faulted);
	if (!page) { /* the fallback is plain RDTSC */
		uint64_t first = rdtsc();

		CHECK(rdtsc() > first, "RDTSC does not move");
		return check_result();
	}
	CHECK(page->version && !(page->version & 1), "version %u", page->version);
	compare(page, slack);
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) { /* each has its own */
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
		page = (const volatile struct page *)(rdmsr(MSR_PAGE) & ~1ul);
		compare(page, slack);
	}
	return check_result();
}
