/* EFLAGS.TF: a trap after each instruction, the one that clears it included and the one that sets it not; NOPs; each element of a repeated
 * string; none after a load of SS nor after SYSCALL; set and cleared by POPF, by IRET and by a handler's context. */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "show.h"

enum { TRAPS_MAX = 64, FLAG_TF = 0x100 };

static struct {
	long rip;
	int code;
	unsigned long flags, trap;
} trap[TRAPS_MAX];
static volatile int traps;
static volatile uint64_t start;
static volatile int stop_at; /* the handler clears TF at this trap; 0: never */

static void handler(int signal, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	if (traps < TRAPS_MAX) {
		trap[traps].rip = r[REG_RIP] - (long)start;
		trap[traps].code = info->si_addr == (void *)r[REG_RIP] || info->si_code == SI_KERNEL ? info->si_code : -1;
		trap[traps].flags = r[REG_EFL] & FLAG_TF;
		trap[traps].trap = r[REG_TRAPNO];
	}
	if (++traps == stop_at)
		r[REG_EFL] &= ~FLAG_TF;
}

static void show(const char *name)
{
	printf("%s: %d traps:", name, traps);
	for (int k = 0; k < traps && k < TRAPS_MAX; k++)
		printf(" %ld/%d/%lu%s", trap[k].rip, trap[k].code, trap[k].trap, trap[k].flags ? "" : "/off");
	putchar('\n');
	traps = stop_at = 0;
}

/* Runs code that begins with TF set by POPF, and ends with it cleared by POPF, with RSI and RDI as given. The places are told from where it
 * begins. */
#define STEP(name, code, source, destination)                                                     \
	do {                                                                                      \
		char *rsi = (source), *rdi = (destination);                                       \
		__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; sub $256, %%rsp\n\t"       \
				 "pushfq; orl $0x100, (%%rsp); popfq\n1:\t" code                  \
				 "\n\tpushfq; andl $~0x100, (%%rsp); popfq; nop; add $256, %%rsp" \
				 : "+m"(start), "+S"(rsi), "+D"(rdi)                              \
				 :                                                                \
				 : "rax", "rbx", "rcx", "rdx", "r10", "r11", "memory", "cc");     \
		show(name);                                                                       \
	} while (0)

static char from[64], to[64];

static void strings(void)
{
	memset(from, 7, sizeof(from));
	from[5] = 0;
	STEP("rep movsb", "mov $5, %%ecx; cld; rep movsb", from, to);
	STEP("rep stosl backwards", "mov $3, %%ecx; std; rep stosl; cld", from, to + 32);
	STEP("rep lodsw", "mov $4, %%ecx; rep lodsw", from, to);
	STEP("repne scasb", "mov $9, %%ecx; xor %%eax, %%eax; repne scasb", from, from);
	STEP("repe cmpsq", "mov $9, %%ecx; repe cmpsq", from, from + 8);
	STEP("no element", "xor %%ecx, %%ecx; rep movsb", from, to);
	STEP("movsb", "movsb", from, to);
}

static void by_iret(void)
{
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; mov %%rsp, %%rcx; mov %%ss, %%edx; push %%rdx; push %%rcx; pushfq\n\t"
			 "orl $0x100, (%%rsp); mov %%cs, %%edx; push %%rdx; push %%rax; iretq\n1:\t"
			 "nop; nop; lea 2f(%%rip), %%rax; mov %%rsp, %%rcx; mov %%ss, %%edx; push %%rdx; push %%rcx; pushfq\n\t"
			 "andl $~0x100, (%%rsp); mov %%cs, %%edx; push %%rdx; push %%rax; iretq\n2:\tnop"
			 : "+m"(start)
			 :
			 : "rax", "rcx", "rdx", "memory", "cc");
	show("iretq");
}

static void by_context(void)
{
	stop_at = 3;
	STEP("ended by the handler", "nop; nop; nop; nop; nop", from, to);
}

static void pushed_flags(void)
{
	uint64_t flags = 0;

	__asm__ volatile("sub $256, %%rsp; pushfq; orl $0x100, (%%rsp); popfq; pushfq; pop %0\n\t"
			 "pushfq; andl $~0x100, (%%rsp); popfq; add $256, %%rsp"
			 : "=r"(flags)
			 :
			 : "memory", "cc");
	printf("PUSHF pushes TF: %d\n", (flags & FLAG_TF) != 0);
	traps = 0;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &action, NULL);
	STEP("nops", "nop; nop; .byte 0x66, 0x90; .byte 0x0f, 0x1f, 0x00; nop", from, to);
	STEP("jumps", "call 2f; jmp 3f; 2: ret; 3: test %%eax, %%eax; jz 4f; nop; 4: nop", from, to);
	STEP("syscall", "mov $39, %%eax; syscall; nop; nop", from, to);
	STEP("loads of SS", "mov %%ss, %%eax; mov %%eax, %%ss; nop; nop; mov %%eax, %%ss; nop", from, to);
	STEP("int3", "nop; int3; nop", from, to);
	STEP("cpuid, rdtsc", "xor %%eax, %%eax; cpuid; rdtsc; rdtscp; nop", from, to);
	strings();
	by_iret();
	by_context();
	pushed_flags();
	return 0;
}
