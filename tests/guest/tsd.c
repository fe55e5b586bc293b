/* prctl(PR_SET_TSC): RDTSC and RDTSCP raise SIGSEGV where it is forbidden; children inherit it; RDPID stays allowed. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "show.h"

static sigjmp_buf back;

static void handler(int signal, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	const uint8_t *at = (const uint8_t *)r[REG_RIP];

	printf("signal %d code %d address %#lx trap %llu at %02x %02x rax %llx\n", signal, info->si_code,
	       (unsigned long)info->si_addr, r[REG_TRAPNO], at[0], at[1], r[REG_RAX]);
	siglongjmp(back, 1);
}

static void read_tsc(const char *when)
{
	uint64_t a = 0x1234, d = 0, c = 0;

	printf("%s: ", when);
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

	if (sigsetjmp(back, 1) == 0) {
		__asm__ volatile("rdtscp" : "+a"(a), "+d"(d), "+c"(c));
		puts("rdtscp works");
	}
}

static int allowed(void)
{
	int state = 0;

	SHOW(prctl(PR_GET_TSC, &state, 0, 0, 0));
	return state == PR_TSC_ENABLE;
}

int main(int argc, char **argv)
{
	int status;
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	CHECK(allowed());
	read_tsc(argc > 1 ? "after exec" : "at the start");
	if (argc > 1)
		return 0;
	SHOW(prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0));
	CHECK(!allowed());
	read_tsc("forbidden");
	read_tscp();
	if (fork() == 0) {
		CHECK(!allowed());
		read_tsc("in the child");
		execl(argv[0], argv[0], "again", NULL);
	}
	wait(&status); /* glibc's loader reads the TSC, and dies of it; musl's does not */
	printf("child's status %#x\n", status);
	SHOW(prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0));
	read_tsc("allowed again");
	SHOW(prctl(PR_SET_TSC, 77, 0, 0, 0));
	SHOW(prctl(PR_GET_TSC, 8, 0, 0, 0));
	return 0;
}
