/* The kernel's promises about registers: across system calls, into handlers, and out of them. */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "show.h"

enum { ARCH_SET_GS = 0x1001, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004 };

static volatile int calls;

/* SYSCALL changes RAX, RCX (the return address) and R11 (the flags) only. */
static void across_system_calls(void)
{
	uint64_t rax = SYS_getpid, rcx = 1, r11, rbx = 3, rdx = 4, rsi = 5, rdi = 6, flags, here;
	register uint64_t r8 __asm__("r8") = 8, r9 __asm__("r9") = 9, r10 __asm__("r10") = 10, r12 __asm__("r12") = 12;

	__asm__ volatile("stc\n\tsyscall\n1:\tpushf\n\tpop %[flags]\n\tlea 1b(%%rip), %[here]"
			 : "+a"(rax), "+c"(rcx), "+b"(rbx), "+d"(rdx), "+S"(rsi), "+D"(rdi), "+r"(r8), "+r"(r9), "+r"(r10),
			 "+r"(r12), [flags] "=&r"(flags), [here] "=&r"(here)
			 :
			 : "r11", "memory", "cc");
	uint64_t kept[] = { rbx, rdx, rsi, rdi, r8, r9, r10, r12 }; /* before a call changes them */
	CHECK(rax == (uint64_t)getpid());
	CHECK(rcx == here);
	CHECK((flags & 1) == 1);
	for (int i = 0; i < 8; i++)
		printf("%lu%c", kept[i], i < 7 ? ' ' : '\n');
	__asm__ volatile("stc\n\tstd\n\tsyscall\n\tcld\n\tmov %%r11, %0" : "=r"(r11) : "a"(SYS_getpid) : "rcx", "r11", "memory", "cc");
	printf("r11 has carry %lu, direction %lu\n", r11 & 1, r11 >> 10 & 1);
	__asm__ volatile("syscall" : "=a"(rax) : "a"(0x100000000ul + SYS_getpid) : "rcx", "r11", "memory");
	CHECK((int)rax == getpid() || (int)rax == -ENOSYS);
}

static void base_registers(void)
{
	static uint64_t word[2] = { 0x1111, 0x2222 };
	uint64_t fs = 0, gs = 0, seen;

	SHOW(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs));
	CHECK(fs != 0 && *(uint64_t *)fs == fs); /* both libcs keep a pointer to the thread there */
	SHOW(syscall(SYS_arch_prctl, ARCH_SET_GS, word));
	__asm__ volatile("mov %%gs:8, %0" : "=r"(seen));
	printf("gs:8 %#lx\n", seen);
	SHOW(syscall(SYS_arch_prctl, ARCH_GET_GS, &gs));
	CHECK(gs == (uint64_t)word);
	SHOW(syscall(SYS_arch_prctl, ARCH_SET_GS, 1ul << 63));
	SHOW(syscall(SYS_arch_prctl, 0x9999, 0));
	__asm__ volatile("mov %%fs:0, %0" : "=r"(seen));
	CHECK(seen == fs);
}

static void handler(int signal, siginfo_t *info, void *context)
{
	uint64_t flags;
	uint32_t mxcsr;
	uint16_t control;

	(void)signal, (void)info, (void)context;
	__asm__ volatile("pushf\n\tpop %0" : "=r"(flags));
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(control));
	printf("in the handler: direction %lu, mxcsr %#x, x87 control %#x\n", flags >> 10 & 1, mxcsr, control);
	mxcsr = 0x1f80 | 0x6000;
	__asm__ volatile("ldmxcsr %0\n\tpxor %%xmm6, %%xmm6\n\tfninit\n\tfld1\n\tstc" : : "m"(mxcsr) : "xmm6", "st");
	calls++;
}

/* Everything is as it was when a handler returns: flags, vectors, x87, MXCSR and the red zone. */
static void across_signals(void)
{
	uint64_t rax = SYS_kill, flags, low, red;
	uint32_t before = 0x1f80 | 0x2000, after = 0;
	double st;

	sigaction(SIGUSR1, &(struct sigaction){ .sa_sigaction = handler, .sa_flags = SA_SIGINFO }, NULL);
	__asm__ volatile("ldmxcsr %[before]\n\tfldpi\n\tmovq %[pattern], %%xmm6\n\tpunpcklqdq %%xmm6, %%xmm6\n\t"
			 "movq %[pattern], -64(%%rsp)\n\tstd\n\tstc\n\tsyscall\n\t"
			 "mov -64(%%rsp), %[red]\n\tlea -128(%%rsp), %%rsp\n\tpushf\n\tpop %[flags]\n\tlea 128(%%rsp), %%rsp\n\t"
			 "cld\n\tstmxcsr %[after]\n\tfstpl %[st]\n\tpunpckhqdq %%xmm6, %%xmm6\n\tmovq %%xmm6, %[low]"
			 : "+a"(rax), [flags] "=&r"(flags), [low] "=&r"(low), [red] "=&r"(red), [after] "=m"(after), [st] "=m"(st)
			 : [before] "m"(before), [pattern] "r"(0x0123456789abcdeful), "D"((uint64_t)getpid()), "S"((uint64_t)SIGUSR1)
			 : "rcx", "r11", "xmm6", "memory", "cc");
	printf("result %ld, calls %d, carry %lu, direction %lu, mxcsr %#x, st %.10f, xmm6 %#lx, red zone %#lx\n", (long)rax, calls,
		flags & 1, flags >> 10 & 1, after, st, low, red);
	before = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(before));
}

static void step_handler(int signal, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	calls++;
	if (calls == 1)
		printf("first trap: code %d, rax %lld\n", info->si_code, r[REG_RAX]);
}

/* The trap flag: a SIGTRAP after each instruction until it is cleared. */
static void single_step(void)
{
	long rax = 0;

	calls = 0;
	sigaction(SIGTRAP, &(struct sigaction){ .sa_sigaction = step_handler, .sa_flags = SA_SIGINFO }, NULL);
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tinc %0\n\tinc %0\n\tnop\n\t"
			 "pushf\n\tandl $~0x100, (%%rsp)\n\tpopf\n\tinc %0\n\tlea 128(%%rsp), %%rsp"
			 : "+a"(rax)
			 :
			 : "memory", "cc");
	printf("steps %d, rax %ld\n", calls, rax);
}

int main(void)
{
	across_system_calls();
	base_registers();
	across_signals();
	single_step();
	return 0;
}
