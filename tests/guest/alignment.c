/* EFLAGS.AC: #AC for an access that is not aligned to its size, of each kind of instruction; none for vectors, bytes, addresses that are
 * not accessed and system calls; what the handler is told. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

#include "show.h"

#define SET_AC "pushfq; orl $0x40000, (%%rsp); popfq\n\t"
#define CLEAR_AC "pushfq; andl $~0x40000, (%%rsp); popfq\n\t"

static sigjmp_buf back;
static _Alignas(64) char buffer[1 << 16];

/* The handler begins with AC set, and the C library's accesses need not be aligned. */
static void handler(int signal, siginfo_t *info, void *context)
{
	__asm__ volatile("sub $128, %%rsp\n\t" CLEAR_AC "add $128, %%rsp" ::: "memory", "cc");
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	printf("signal %d code %d address %lx trap %lld error %lld AC %d\n", signal, info->si_code, (long)info->si_addr, r[REG_TRAPNO],
		r[REG_ERR], (int)(r[REG_EFL] >> 18 & 1));
	siglongjmp(back, 1);
}

/* Runs the code with AC set, RSI = RBX = `at`, RDI aligned, RCX = `count`; RSP is saved in R12. */
#define RUN(code, at, count)                                                                                                     \
	do {                                                                                                                     \
		printf("%s at %d: ", code, (int)((uint64_t)(at) % 64));                                                          \
		if (sigsetjmp(back, 1) == 0) {                                                                                   \
			char *rsi_ = (at), *rdi_ = middle + 256, *rbx_ = (at);                                                   \
			uint64_t rcx_ = (count);                                                                                 \
			__asm__ volatile("sub $128, %%rsp; mov %%rsp, %%r12\n\t" SET_AC code "\n\tmov %%r12, %%rsp\n\t" CLEAR_AC \
					 "add $128, %%rsp"                                                                       \
					 : "+S"(rsi_), "+D"(rdi_), "+c"(rcx_), "+b"(rbx_)                                        \
					 :                                                                                       \
					 : "rax", "rdx", "r11", "r12", "r13", "xmm0", "memory", "cc");                           \
			puts("no fault");                                                                                        \
		}                                                                                                                \
	} while (0)

static char *const middle = buffer + sizeof(buffer) / 2;

static void operands(void)
{
	for (volatile int k = 0; k < 3; k += 2) {
		RUN("movw 1(%%rsi), %%ax", middle + k + 1, 0);
		RUN("movl (%%rsi), %%eax", middle + k, 0);
		RUN("movq %%rax, (%%rsi,%%rcx,4)", middle + k, 1);
		RUN("addl $1, (%%rsi)", middle + k, 0);
		RUN("lock; cmpxchgq %%rax, (%%rsi)", middle + k, 0);
		RUN("movd (%%rsi), %%xmm0", middle + k, 0);
		RUN("fldl (%%rsi); fstp %%st", middle + k, 0);
		RUN("fldt (%%rsi); fstp %%st", middle + k, 0);
		RUN("fnstenv (%%rsi)", middle + k, 0);
		RUN("movzwl (%%rsi), %%eax", middle + k, 0);
	}
	RUN("movw (%%rsi), %%ax", middle + 1, 0);
	RUN("movb (%%rsi), %%al", middle + 1, 0);
	RUN("movups (%%rsi), %%xmm0", middle + 1, 0);
	RUN("lea 1(%%rsi), %%rax", middle, 0);
	RUN("prefetcht0 (%%rsi)", middle + 1, 0);
	RUN("nopl (%%rsi)", middle + 1, 0);
	RUN("movl (%%rsi), %%eax", (char *)((uint64_t)1 << 63 | 1), 0); /* not canonical: #GP */
}

static void strings(void)
{
	RUN("rep movsb", middle + 1, 13);
	RUN("rep movsl", middle + 1, 13);
	RUN("rep movsl", middle + 1, 0);
	RUN("rep movsq", middle + 8, 13);
	RUN("xchg %%rsi, %%rdi; rep stosq", middle + 1, 3);
	RUN("xchg %%rsi, %%rdi; scasw", middle + 1, 3);
	RUN("lodsl", middle + 2, 3);
	RUN("cmpsq", middle + 4, 3);
}

static void stack(void)
{
	for (volatile int k = 0; k < 2; k++) {
		RUN("mov %%rsi, %%rsp; push %%rax", middle + k, 0);
		RUN("mov %%rsi, %%rsp; pop %%rax", middle + k, 0);
		RUN("mov %%rsi, %%rsp; call 1f; 1: nop", middle + k, 0);
		RUN("lea 1f(%%rip), %%rax; mov %%rax, (%%rdi); mov %%rdi, %%rsp; pushq (%%rsi); pop %%rdx; ret; 1: nop", middle + k, 0);
		RUN("mov %%rbp, %%r13; mov %%rsi, %%rbp; leave; mov %%r13, %%rbp", middle, 0);
	}
}

/* The calls do not begin nor end the checking. */
static void calls(void)
{
	RUN("mov $228, %%eax; mov %%rsi, %%rdx; xor %%edi, %%edi; syscall", middle + 1, 0); /* clock_gettime: its second argument is RSI */
	RUN("mov $39, %%eax; syscall; movl (%%rsi), %%eax", middle + 1, 0);
}

/* The blocks and returns are known by the second time. */
static void known_code(void)
{
	for (volatile int k = 0; k < 3; k++)
		RUN("lea 2f(%%rip), %%rax; call *%%rax; call 2f; jmp 3f; 2: nop; ret; 3: movl (%%rsi), %%eax", middle + k, 0);
}

__attribute__((noinline)) static int load(const char *at)
{
	int value;

	__asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(at) : "memory");
	return value;
}

/* Code that has long run without the flag. */
static void hot_code(void)
{
	for (int k = 0; k < 10000; k++)
		load(middle + k % 4);
	if (sigsetjmp(back, 1) == 0) {
		__asm__ volatile("sub $128, %%rsp\n\t" SET_AC "add $128, %%rsp" ::: "memory", "cc");
		load(middle);
		load(middle + 1);
	}
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	operands();
	strings();
	stack();
	calls();
	known_code();
	hot_code();
	return 0;
}
