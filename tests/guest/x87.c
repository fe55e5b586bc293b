/* x87 exceptions as signals: which instruction takes #MF, what the handler finds in its frame, and that an access which faults
 * leaves the stack as it was. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "show.h"

enum { MASK_NONE = 0x340, MASK_ALL = 0x37f };

static sigjmp_buf back;
static char *hole;    /* a page that is not there */
static int undefined; /* the state after the next fault is */

static void handler(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	const uint8_t *rip = (const uint8_t *)uc->uc_mcontext.gregs[REG_RIP];
	const __typeof__(*uc->uc_mcontext.fpregs) *fp = uc->uc_mcontext.fpregs;

	printf("  signal %d code %d trap %lld at %02x %02x\n", signal, info->si_code, (long long)uc->uc_mcontext.gregs[REG_TRAPNO], rip[0],
		rip[1]);
	if (!undefined)
		printf("  cwd %04x swd %04x ftw %02x\n", fp->cwd, fp->swd, fp->ftw & 0xff);
	siglongjmp(back, 1);
}

static void set_control(uint16_t control)
{
	__asm__ volatile("fldcw %0" : : "m"(control));
}

static void show_state(void)
{
	struct {
		uint32_t control, status, tag, pointers[4];
	} environment;

	__asm__ volatile("fnstenv %0" : "=m"(environment));
	if (undefined)
		return;
	printf("  control %04x status %04x tag %04x\n", environment.control & 0xffff, environment.status & 0xffff,
		environment.tag & 0xffff);
}

/* Runs the instructions and what follows them; the handler ends it. */
#define RUN(control, ...)                                                              \
	do {                                                                           \
		puts(#__VA_ARGS__);                                                    \
		__asm__ volatile("fninit");                                            \
		set_control(control);                                                  \
		if (!sigsetjmp(back, 1))                                               \
			__asm__ volatile(__VA_ARGS__ : : "r"(hole) : "rax", "memory"); \
		show_state();                                                          \
	} while (0)

static void pending(void)
{
	RUN(MASK_NONE, "fldz\n fldz\n fdivp\n fwait");
	RUN(MASK_NONE, "fld1\n fldz\n fdivrp\n fnop\n");
	RUN(MASK_NONE, "fld1\n fldz\n fdivrp\n fnstsw %%ax\n fldz");
	RUN(MASK_NONE, "fld1\n fldz\n fdivrp\n fnclex\n fwait");
	RUN(MASK_NONE, "fldpi\n fldl2e\n fmulp\n fchs"); /* inexact: the result is written */
	RUN(MASK_NONE, "fadd %%st(3), %%st\n fwait");    /* stack underflow */
	RUN(MASK_NONE, "fld1\n fldz\n fdivrp\n movd %%eax, %%mm0");
	RUN(MASK_NONE, "fld1\n fldz\n fdivrp\n fldt (%0)"); /* #MF comes before #PF */
	RUN(MASK_ALL, "fld1\n fldz\n fdivrp\n fwait");
}

static void faulting(void)
{
	RUN(MASK_ALL, "fld1\n fldpi\n fstpt (%0)");
	RUN(MASK_ALL, "fld1\n fldpi\n fstpl 4092(%0)");
	RUN(MASK_ALL, "fld1\n fldt (%0)");
	RUN(MASK_ALL, "fld1\n fadds (%0)");
	RUN(MASK_NONE, "fld1\n fadds (%0)");
	RUN(MASK_ALL, "fld1\n fldenv (%0)");
	RUN(MASK_ALL, "fld1\n fnsave -54(%0)");
	undefined = 1; /* FRSTOR may have loaded a part */
	RUN(MASK_ALL, "fld1\n frstor -54(%0)");
	undefined = 0;
}

/* More faults than the stack is deep, in the middle of a sum. */
static void fault_often(void)
{
	volatile long double sum = 0;

	for (volatile int k = 0; k < 20; k++) {
		if (!sigsetjmp(back, 1))
			__asm__ volatile("fld1\n\tfldpi\n\tfaddl (%0)" : : "r"(hole) : "memory");
		__asm__ volatile("fninit");
		sum += k / 3.0L;
	}
	printf("sum %La\n", sum);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	long page = sysconf(_SC_PAGESIZE);

	hole = (char *)mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + page;
	munmap(hole, (size_t)page);
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	pending();
	faulting();
	fault_often();
	return 0;
}
