/* Instructions of every kind that store, at an address of the kernel: each raises a page fault whose error code says that it was a write (bit 1)
 * by the user (bit 2), wherever the store is: an operand, the stack, a string, a register's address. Loads beside them do not. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "show.h"

static sigjmp_buf back;
static uint64_t error, trap;

static void handler(int number, siginfo_t *info, void *context)
{
	const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)info;
	error = (uint64_t)r[REG_ERR];
	trap = (uint64_t)r[REG_TRAPNO];
	siglongjmp(back, number);
}

/* RAX is the address; RDX keeps RSP for those that move it there. */
#define TRY(CODE)                                                                                                    \
	do {                                                                                                         \
		int number;                                                                                          \
		error = trap = 0;                                                                                    \
		number = sigsetjmp(back, 1);                                                                         \
		if (!number) {                                                                                       \
			__asm__ volatile("mov %%rsp, %%rdx\n\t" CODE "\n\tmov %%rdx, %%rsp"                          \
					 :                                                                           \
					 : "a"(0xffff800000001000), "c"(0)                                           \
					 : "rdx", "rbx", "rsi", "rdi", "r8", "memory", "cc", "xmm0", "xmm1");        \
			number = -1;                                                                                 \
		}                                                                                                    \
		printf("%-44s signal %d trap %d error %#llx\n", CODE, number, (int)trap, (unsigned long long)error); \
	} while (0)

static void integers(void)
{
	TRY("movb %%cl, (%%rax)");
	TRY("movw $5, (%%rax)");
	TRY("movl %%ecx, (%%rax)");
	TRY("movq %%rcx, (%%rax)");
	TRY("movbe %%ecx, (%%rax)");
	TRY("movnti %%rcx, (%%rax)");
	TRY("addl $1, (%%rax)");
	TRY("lock addl $1, (%%rax)");
	TRY("cmpl $1, (%%rax)");
	TRY("testl $1, (%%rax)");
	TRY("incq (%%rax)");
	TRY("notl (%%rax)");
	TRY("negw (%%rax)");
	TRY("shll $3, (%%rax)");
	TRY("shll $0, (%%rax)");
	TRY("rolb %%cl, (%%rax)");
	TRY("shldl $3, %%ecx, (%%rax)");
	TRY("btl $1, (%%rax)");
	TRY("btsl $1, (%%rax)");
	TRY("xchgl %%ecx, (%%rax)");
	TRY("xaddl %%ecx, (%%rax)");
	TRY("cmpxchgl %%ecx, (%%rax)");
	TRY("mov %%rax, %%r8; cmpxchg8b (%%r8)");
	TRY("setne (%%rax)");
	TRY("mov %%ds, (%%rax)");
	TRY("mull (%%rax)");
	TRY("lea (%%rax), %%r8; prefetchw (%%rax)");
}

static void stack_and_strings(void)
{
	TRY("mov %%rax, %%rsp; push %%rcx");
	TRY("mov %%rax, %%rsp; push $5");
	TRY("mov %%rax, %%rsp; pushfq");
	TRY("mov %%rax, %%rsp; call 1f; 1:");
	TRY("mov %%rax, %%rsp; enter $16, $0");
	TRY("mov %%rax, %%rsp; pop %%rcx");
	TRY("mov %%rax, %%rsp; popfq");
	TRY("push %%rcx; popq (%%rax)");
	TRY("pushq (%%rax)");
	TRY("call *(%%rax)");
	TRY("mov %%rax, %%rdi; stosb");
	TRY("mov %%rax, %%rdi; mov $2, %%ecx; rep stosq");
	TRY("mov %%rax, %%rdi; mov %%rsp, %%rsi; movsl");
	TRY("mov %%rax, %%rsi; mov %%rsp, %%rdi; lodsl");
	TRY("mov %%rax, %%rdi; scasb");
}

static void floating(void)
{
	TRY("fldz; fstps (%%rax)");
	TRY("fninit; fldz; fstpt (%%rax)");
	TRY("fninit; fldz; fistpll (%%rax)");
	TRY("fninit; fldz; fbstp (%%rax)");
	TRY("fninit; flds (%%rax)");
	TRY("fnstcw (%%rax)");
	TRY("fldcw (%%rax)");
	TRY("fnstsw (%%rax)");
	TRY("fnstenv (%%rax)");
	TRY("fnsave (%%rax)");
	TRY("fxsave (%%rax)");
	TRY("fxrstor (%%rax)");
	TRY("stmxcsr (%%rax)");
	TRY("ldmxcsr (%%rax)");
}

static void vectors(void)
{
	TRY("movss %%xmm0, (%%rax)");
	TRY("movaps %%xmm0, (%%rax)");
	TRY("movups (%%rax), %%xmm0");
	TRY("movdqu %%xmm0, (%%rax)");
	TRY("movntdq %%xmm0, (%%rax)");
	TRY("movq %%xmm0, (%%rax)");
	TRY("movd %%xmm0, (%%rax)");
	TRY("movhps %%xmm0, (%%rax)");
	TRY("movlpd %%xmm0, (%%rax)");
	TRY("pextrb $1, %%xmm0, (%%rax)");
	TRY("extractps $1, %%xmm0, (%%rax)");
	TRY("pcmpeqd %%xmm0, %%xmm0; mov %%rax, %%rdi; maskmovdqu %%xmm0, %%xmm0");
	TRY("vmovups %%ymm0, (%%rax); vzeroupper");
	TRY("vextractf128 $1, %%ymm0, (%%rax); vzeroupper");
	TRY("vpcmpeqd %%xmm0, %%xmm0, %%xmm0; vmaskmovps %%xmm0, %%xmm0, (%%rax)");
	TRY("vpcmpeqd %%xmm0, %%xmm0, %%xmm0; vpmaskmovd (%%rax), %%xmm0, %%xmm1");
	TRY("vcvtps2ph $0, %%xmm0, (%%rax)");
}

int main(void)
{
	static char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&alternate, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	integers();
	stack_and_strings();
	floating();
	vectors();
	return 0;
}
