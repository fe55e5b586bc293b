/* prctl(PR_SET_TSC): RDTSC and RDTSCP raise SIGSEGV where it is forbidden; children inherit it; RDPID stays allowed.
 * Where the host's kernel does not do so, this says it (a line that begins with "host: " counts for the native run only) and prints what
 * prctl(2) documents. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "show.h"

static sigjmp_buf back, quiet;
static volatile sig_atomic_t is_quiet;

static void handler(int signal, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	const uint8_t *at = (const uint8_t *)r[REG_RIP];

	if (is_quiet)
		siglongjmp(quiet, 1);
	printf("signal %d code %d address %#lx trap %llu at %02x %02x rax %llx\n", signal, info->si_code, (unsigned long)info->si_addr,
		r[REG_TRAPNO], at[0], at[1], r[REG_RAX]);
	siglongjmp(back, 1);
}

/* The host's kernel does not enforce PR_SET_TSC; this is what it would have set. */
static bool by_the_book;
static int documented = PR_TSC_ENABLE;

static int set_tsc(int state)
{
	if (!by_the_book)
		return prctl(PR_SET_TSC, state, 0, 0, 0);
	errno = EINVAL;
	if (state != PR_TSC_ENABLE && state != PR_TSC_SIGSEGV)
		return -1;
	documented = state;
	return 0;
}

static int get_tsc(int *state)
{
	if (!by_the_book)
		return prctl(PR_GET_TSC, state, 0, 0, 0);
	errno = EFAULT;
	if (state == (int *)8)
		return -1;
	*state = documented;
	return 0;
}

/* True if the kernel lets it come to a signal. Leaves reading allowed. */
static bool is_enforced(void)
{
	volatile bool stopped = true;

	if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0)
		return false;
	if (sigsetjmp(quiet, 1) == 0) {
		is_quiet = 1;
		__asm__ volatile("rdtsc" ::: "rax", "rdx");
		stopped = false;
	}
	is_quiet = 0;
	prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0);
	return stopped;
}

/* Prints what the handler would have. */
static bool refused_by_the_book(const char *instruction)
{
	if (by_the_book && documented == PR_TSC_SIGSEGV)
		printf("signal 11 code 128 address 0 trap 13 at %s rax 1234\n", instruction);
	return by_the_book && documented == PR_TSC_SIGSEGV;
}

static void read_tsc(const char *when)
{
	uint64_t a = 0x1234, d = 0, c = 0;

	printf("%s: ", when);
	if (refused_by_the_book("0f 31"))
		return;
	if (sigsetjmp(back, 1) == 0) {
		__asm__ volatile("rdtsc" : "+a"(a), "+d"(d));
		printf("rdtsc %s, ", a == 0x1234 ? "did nothing" : "works");
		a = 0x1234;
		__asm__ volatile("rdtscp" : "+a"(a), "+d"(d), "+c"(c));
		puts(a == 0x1234 ? "rdtscp did nothing" : "rdtscp works");
	}
}

static void read_tscp(void)
{
	uint64_t a = 0x1234, d = 0, c = 0;

	if (refused_by_the_book("0f 01"))
		return;
	if (sigsetjmp(back, 1) == 0) {
		__asm__ volatile("rdtscp" : "+a"(a), "+d"(d), "+c"(c));
		puts("rdtscp works");
	}
}

static int allowed(void)
{
	int state = 0;

	SHOW(get_tsc(&state));
	return state == PR_TSC_ENABLE;
}

/* glibc's loader reads the TSC, and dies of it; musl's does not. */
static bool dies_in_the_loader(void)
{
#ifdef __GLIBC__
	return getauxval(AT_BASE) != 0;
#else
	return false;
#endif
}

static int again(void)
{
	CHECK(allowed());
	read_tsc("after exec");
	return 0;
}

static void child(char **argv)
{
	CHECK(!allowed());
	read_tsc("in the child");
	fflush(stdout);
	if (!by_the_book)
		execl(argv[0], argv[0], "again", NULL);
	if (dies_in_the_loader()) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	exit(again());
}

int main(int argc, char **argv)
{
	int status;
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	if (argc > 1)
		return again();
	by_the_book = !is_enforced();
	if (by_the_book)
		puts("host: the kernel does not enforce PR_SET_TSC");
	CHECK(allowed());
	read_tsc("at the start");
	SHOW(set_tsc(PR_TSC_SIGSEGV));
	CHECK(!allowed());
	read_tsc("forbidden");
	read_tscp();
	fflush(stdout);
	if (fork() == 0)
		child(argv);
	wait(&status);
	printf("child's status %#x\n", status);
	SHOW(set_tsc(PR_TSC_ENABLE));
	read_tsc("allowed again");
	SHOW(set_tsc(77));
	SHOW(get_tsc((int *)8));
	return 0;
}
