/* TPAUSE and UMWAIT: time passes, and no work is done, until the TSC is where EDX:EAX says or 100000 cycles are over.
 * usage: tpause [LATE], LATE being by how many ticks a wait may end too late */
#include <cpuid.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>

#include "check.h"

enum { LIMIT = 100000 };

static sigjmp_buf back;

static void caught(int number, siginfo_t *info, void *context)
{
	(void)context;
	siglongjmp(back, number == SIGSEGV && info->si_code == SI_KERNEL ? 1 : 2);
}

static int tpause(uint32_t state, uint64_t deadline)
{
	unsigned char carry;

	/* tpause ecx */
	__asm__ volatile(".byte 0x66, 0x0f, 0xae, 0xf1\n\tsetc %0"
			 : "=q"(carry)
			 : "c"(state), "a"((uint32_t)deadline), "d"((uint32_t)(deadline >> 32))
			 : "cc");
	return carry;
}

static int umwait(const volatile void *line, uint64_t deadline)
{
	unsigned char carry;

	/* umonitor rdi; umwait ecx */
	if (line)
		__asm__ volatile(".byte 0xf3, 0x0f, 0xae, 0xf7" : : "D"(line) : "memory");
	__asm__ volatile(".byte 0xf2, 0x0f, 0xae, 0xf1\n\tsetc %0"
			 : "=q"(carry)
			 : "c"(0), "a"((uint32_t)deadline), "d"((uint32_t)(deadline >> 32))
			 : "cc");
	return carry;
}

static int64_t late;

static void lasts(const char *what, uint64_t began, int64_t wanted)
{
	int64_t took = (int64_t)(rdtsc() - began);

	CHECK(took >= wanted && took < wanted + late, "%s: %ld ticks instead of %ld", what, took, wanted);
}

static void waits(void)
{
	volatile int line = 0;
	uint64_t began = rdtsc();

	CHECK(tpause(0, began + 60000) == 0, "TPAUSE: the limit's, not the deadline's");
	lasts("TPAUSE", began, 60000);
	began = rdtsc();
	CHECK(tpause(1, began + 100 * LIMIT) == 1, "TPAUSE: CF");
	lasts("TPAUSE to the limit", began, LIMIT);
	began = rdtsc();
	CHECK(tpause(0, began - 1) == 0, "past");
	lasts("TPAUSE of the past", began, 0);
	began = rdtsc();
	CHECK(umwait(&line, began + 60000) == 0, "UMWAIT");
	lasts("UMWAIT", began, 60000);
	began = rdtsc();
	CHECK(umwait(&line, ~UINT64_C(0)) == 1, "UMWAIT: CF");
	lasts("UMWAIT to the limit", began, LIMIT);
	began = rdtsc();
	CHECK(umwait(NULL, ~UINT64_C(0)) == 0, "UMWAIT without a monitor");
	lasts("UMWAIT without a monitor", began, 0);
}

static int fault_of(void (*call)(void))
{
	int fault = sigsetjmp(back, 1);

	if (!fault)
		call();
	return fault;
}

static void reserved(void)
{
	tpause(2, 0);
}
static void plain(void)
{
	tpause(0, 0);
}
static void no_memory(void)
{
	umwait((void *)16, 0);
}

static void faults(void)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	CHECK(fault_of(reserved) == 1, "reserved bits");
	CHECK(fault_of(no_memory) == 2, "a line that is not there");
	prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
	CHECK(fault_of(plain) == 1, "PR_TSC_SIGSEGV");
	prctl(PR_SET_TSC, PR_TSC_ENABLE);
	CHECK(fault_of(plain) == 0, "allowed again");
}

static volatile int done;

static void *work(void *unused)
{
	(void)unused;
	for (volatile int k = 0; k < 100000; k++)
		;
	done = 1;
	return NULL;
}

/* Another thread works while this one pauses; a signal ends a pause. */
static void others(void)
{
	pthread_t thread;
	int pauses = 0;

	pthread_create(&thread, NULL, work, NULL);
	while (!done && pauses < 1000000)
		pauses += tpause(0, ~UINT64_C(0));
	pthread_join(thread, NULL);
	CHECK(done && pauses < 1000, "%d pauses", pauses);
}

int main(int argc, char **argv)
{
	unsigned a, b, c = 0, d;

	late = argc > 1 ? atol(argv[1]) : 1000;
	CHECK(__get_cpuid_count(7, 0, &a, &b, &c, &d) && c >> 5 & 1, "CPUID 7: WAITPKG");
	waits();
	faults();
	others();
	return check_result();
}
