/* timeinsns [READS]: the time instructions and what stands for them: RDTSC and RDTSCP, in loops and with signals in between, CPUID, RDPID-like calls,
 * the vDSO, and RDTSC where PR_SET_TSC forbids it. */
#include <cpuid.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <x86intrin.h>

#include "hard.h"

static int reads = 20000;
static volatile uint64_t sum;
static volatile int faults;

static void note(int number)
{
	uint64_t mixed = sum;

	(void)number;
	mix(&mixed, __rdtsc());
	sum = mixed;
}

/* RDTSC is 2 bytes long. */
static void skip(int number, siginfo_t *info, void *context)
{
	uint64_t *registers = (uint64_t *)context + 5;

	(void)number;
	mix((uint64_t *)&sum, (uint64_t)(uint32_t)info->si_code);
	registers[16] += 2;
	faults++;
}

static void counters(void)
{
	uint64_t seen = 0, last = 0;
	unsigned auxiliary, back = 0;

	timer_every(1000);
	for (int k = 0; k < reads; k++) {
		uint64_t now = k % 3 ? __rdtsc() : __rdtscp(&auxiliary);

		back += now < last;
		last = now;
		mix(&seen, now);
	}
	timer_every(0);
	printf("counter: %016lx, signals' %016lx, backwards %u\n", (unsigned long)seen, (unsigned long)sum, back);
}

static void identification(void)
{
	uint64_t seen = 0;
	unsigned a, b, c, d;

	for (unsigned leaf = 0; leaf < 0x18; leaf++) {
		__cpuid_count(leaf, 0, a, b, c, d);
		mix(&seen, (uint64_t)a << 32 | b);
		mix(&seen, (uint64_t)c << 32 | d);
	}
	printf("cpuid: %016lx, cpu %d\n", (unsigned long)seen, sched_getcpu() >= 0);
}

static void clocks(void)
{
	uint64_t seen = 0;

	for (int k = 0; k < reads / 10; k++) {
		struct timespec now;
		struct timeval time;

		clock_gettime(k % 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME, &now);
		mix(&seen, (uint64_t)now.tv_nsec);
		gettimeofday(&time, NULL);
		mix(&seen, (uint64_t)time.tv_usec);
		mix(&seen, (uint64_t)time.tv_sec + (uint64_t)clock());
	}
	printf("clocks: %016lx, vDSO %d\n", (unsigned long)seen, getauxval(AT_SYSINFO_EHDR) != 0);
}

static void forbidden(void)
{
	sigaction(SIGSEGV, &(struct sigaction){ .sa_sigaction = skip, .sa_flags = SA_SIGINFO }, NULL);
	must(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0, "PR_SET_TSC");
	for (int k = 0; k < 10; k++)
		__rdtsc();
	must(prctl(PR_SET_TSC, PR_TSC_ENABLE) == 0, "PR_SET_TSC");
	mix((uint64_t *)&sum, __rdtsc());
	printf("forbidden: %d faults, %016lx\n", faults, (unsigned long)sum);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		reads = atoi(argv[1]);
	setbuf(stdout, NULL);
	signal(SIGALRM, note);
	counters();
	identification();
	clocks();
	forbidden();
}
