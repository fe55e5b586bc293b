/* Faults: the signal, its si_code and address, and the registers that the handler sees, for each kind of wrong instruction. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "show.h"

enum { PAGE = 4096 };

static sigjmp_buf back;
static char *page;     /* what the tests touch; addresses are printed relative to it */
static uintptr_t code; /* where the instruction under test is */

static void show_address(uintptr_t address)
{
	if (address - (uintptr_t)page < 4 * PAGE)
		printf("page+%#lx", address - (uintptr_t)page);
	else if (address - code < 16)
		printf("code+%lu", address - code);
	else
		printf("%#lx", address);
}

static void handler(int signal, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	printf("signal %d code %d address ", signal, info->si_code);
	show_address((uintptr_t)info->si_addr);
	printf(" rip ");
	show_address((uintptr_t)r[REG_RIP]);
	printf(" rax ");
	show_address((uintptr_t)r[REG_RAX]);
	printf(" rcx ");
	show_address((uintptr_t)r[REG_RCX]);
	printf(" trap %llu error %#llx", r[REG_TRAPNO], r[REG_ERR] & ~1ull); /* bit 0: was the page there yet? */
	printf(" cf %llu rf %llu\n", r[REG_EFL] & 1, r[REG_EFL] >> 16 & 1);
	siglongjmp(back, 1);
}

/* Run an instruction with given RAX and RCX and the carry set; the label marks its address for the report. */
#define TRY(name, instruction, rax, rcx)                                                                  \
	do {                                                                                              \
		printf("%s: ", name);                                                                     \
		if (sigsetjmp(back, 1) == 0) {                                                            \
			unsigned long a = (unsigned long)(rax), c = (unsigned long)(rcx);                 \
			__asm__ volatile("lea 1f(%%rip), %%rdx\n\tmov %%rdx, %2\n\tstc\n1:\t" instruction \
					 : "+a"(a), "+c"(c), "=m"(code)                                   \
					 :                                                                \
					 : "rdx", "rbx", "rdi", "rsi", "memory", "cc");                   \
			printf("no fault, rax ");                                                         \
			show_address(a);                                                                  \
			printf(" rcx %#lx\n", c);                                                         \
		}                                                                                         \
	} while (0)

/* As TRY, but the fault is at the target of a jump. */
#define TRY_JUMP(name, target)                                                                                               \
	do {                                                                                                                 \
		printf("%s: ", name);                                                                                        \
		if (sigsetjmp(back, 1) == 0) {                                                                               \
			__asm__ volatile("lea 1f(%%rip), %%rax\n\tmov %%rax, %0\n\tmov $0x11, %%eax\n\tmov $0x22, %%ecx\n\t" \
					 "clc\n1:\tjmp *%1"                                                                  \
					 : "=m"(code)                                                                        \
					 : "r"(target)                                                                       \
					 : "rax", "rcx", "memory", "cc");                                                    \
		}                                                                                                            \
	} while (0)

static void memory_faults(void)
{
	mprotect(page + PAGE, PAGE, PROT_NONE);
	mprotect(page + 2 * PAGE, PAGE, PROT_READ);
	munmap(page + 3 * PAGE, PAGE);
	TRY("read of PROT_NONE", "mov (%%rax), %%rcx", page + PAGE + 8, 2);
	TRY("write to PROT_NONE", "mov %%rcx, (%%rax)", page + PAGE, 2);
	TRY("write to read-only", "addl $1, (%%rax)", page + 2 * PAGE + 4, 2);
	TRY("read of read-only", "mov (%%rax), %%rcx", page + 2 * PAGE, 2);
	TRY("unmapped", "mov (%%rax), %%cl", page + 3 * PAGE + 5, 2);
	TRY("across the end, read", "mov (%%rax), %%rcx", page + PAGE - 4, 2);
	TRY("across the end, write", "mov %%rcx, (%%rax)", page + PAGE - 4, 2);
	CHECK(*(uint32_t *)(page + PAGE - 4) == 0);
	TRY("across the end, vector", "movdqu (%%rax), %%xmm0", page + PAGE - 1, 2);
	TRY("NULL", "mov (%%rax), %%rcx", 0, 2);
	TRY("NULL, written", "movb $1, 16(%%rax)", 0, 2);
	TRY("non-canonical", "mov (%%rax), %%rcx", 1ul << 60, 2);
	TRY("non-canonical, written", "mov %%rcx, (%%rax)", 1ul << 60, 2);
	TRY("above user space", "mov (%%rax), %%rcx", 1ul << 47, 2);
	TRY("kernel half", "mov (%%rax), %%rcx", -1ul << 20, 2);
	TRY("end of the address space", "mov (%%rax), %%rcx", -4ul, 2);
	TRY("push", "mov %%rsp, %%rdi\n\tlea 1f(%%rip), %%rdx\n\tmov %%rax, %%rsp\n\tpush %%rcx\n1:\tmov %%rdi, %%rsp", page + PAGE * 2 - 8,
		2);
	TRY("xchg", "xchg %%rcx, (%%rax)", page + 2 * PAGE, 2);
	TRY("lock cmpxchg", "lock cmpxchg %%rcx, (%%rcx)", 0, page + 2 * PAGE);
	TRY("misaligned movaps", "movaps (%%rax), %%xmm0", page + 8, 2);
	TRY("misaligned cmpxchg16b", "lock cmpxchg16b (%%rax)", page + 8, 2);
	TRY("rep movsb into read-only", "mov %%rax, %%rdi\n\tmov %%rax, %%rsi\n\tsub $4096, %%rsi\n\tcld\n\trep movsb",
		page + 3 * PAGE - 16, 64);
	TRY("rep stosb out of a page", "mov %%rax, %%rdi\n\tcld\n\trep stosb", page + PAGE - 16, 64);
	TRY("rep lodsb", "mov %%rax, %%rsi\n\tcld\n\trep lodsb", page + PAGE - 3, 64);
}

/* If the stack pointer is not canonical, accesses to the stack are #SS, and others #GP. */
#define TRY_STACK(name, instruction, rax, rcx) \
	TRY(name, "mov %%rsp, %%rdi\n\tmov %%rax, %%rsp\n\t" instruction "\n2:\tmov %%rdi, %%rsp", rax, rcx)

static void stack_faults(void)
{
	const unsigned long nowhere = 1ul << 60;

	TRY_STACK("push", "push %%rcx", nowhere, 2);
	TRY_STACK("push imm", "push $5", nowhere, 2);
	TRY_STACK("push 16 bits", "pushw %%cx", nowhere, 2);
	TRY_STACK("push from memory", "push (%%rcx)", nowhere, page);
	TRY_STACK("push from nowhere", "push 64(%%rax)", nowhere, 2);
	TRY_STACK("push to the end", "push %%rcx", (-1ul << 47) + 4, 2);
	TRY_STACK("pop", "pop %%rcx", nowhere, 2);
	TRY_STACK("pop into memory", "pop (%%rcx)", nowhere, page);
	TRY("pop into nowhere", "mov %%rsp, %%rdi\n\tpop (%%rax)", nowhere, 2);
	TRY_STACK("pushf", "pushf", nowhere, 2);
	TRY_STACK("popf", "popf", nowhere, 2);
	TRY_STACK("call", "call 2f", nowhere, 2);
	TRY_STACK("call through memory", "call *(%%rcx)", nowhere, page);
	TRY_STACK("call through nowhere", "call *64(%%rax)", nowhere, 2);
	TRY_STACK("ret", "ret", nowhere, 2);
	TRY_STACK("leave", "mov %%rax, %%rbp\n\tleave", nowhere, 2);
	TRY_STACK("enter", "enter $16, $0", nowhere, 2);
	TRY_STACK("sp as a base", "mov 8(%%rsp), %%rcx", nowhere, 2);
}

static void instruction_faults(void)
{
	TRY("divide by zero", "xor %%edx, %%edx\n\tdiv %%rcx", 5, 0);
	TRY("quotient too large", "mov $7, %%edx\n\tdiv %%rcx", 5, 3);
	TRY("smallest by -1", "cqo\n\tidiv %%rcx", 1ul << 63, -1);
	TRY("32-bit divide by zero", "xor %%edx, %%edx\n\tdivl %%ecx", 5, 1ul << 32);
	TRY("int3", "int3", 3, 4);
	TRY("ud2", "ud2", 3, 4);
	TRY("undefined 0f ff", ".byte 0x0f, 0xff, 0xc0", 3, 4);
	TRY("undefined in 64-bit mode", ".byte 0x06", 3, 4);
	TRY("lock on a register", ".byte 0xf0, 0x01, 0xc8", 3, 4);
	TRY("hlt", "hlt", 3, 4);
	TRY("cli", "cli", 3, 4);
	TRY("in", "in $0x60, %%al", 3, 4);
	TRY("rdmsr", "rdmsr", 3, 0x10);
	TRY("mov from cr0", "mov %%cr0, %%rax", 3, 4);
	TRY("lgdt", "lgdt (%%rsp)", 3, 4);
	TRY("invlpg", "invlpg (%%rsp)", 3, 4);
	TRY("int 0x21", "int $0x21", 3, 4);
	TRY("wrong segment", "mov %%cx, %%ds", 3, 0x1234);
	TRY("xgetbv of an unknown register", "xgetbv", 3, 77);
}

static void jump_faults(void)
{
	memset(page, 0xc3, PAGE);
	TRY_JUMP("jump to non-executable", page + 0x10);
	mprotect(page, PAGE, PROT_NONE);
	TRY_JUMP("jump to PROT_NONE", page + 0x20);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	TRY_JUMP("jump to unmapped", page + 3 * PAGE + 1);
	TRY_JUMP("jump to NULL", (char *)0);
	TRY_JUMP("jump above user space", (char *)(1ul << 47));
	TRY_JUMP("jump to non-canonical", (char *)(1ul << 62));
	memset(page, 0x90, PAGE); /* NOPs that run out of the page */
	mprotect(page, PAGE, PROT_READ | PROT_EXEC);
	TRY_JUMP("run into PROT_NONE", page + PAGE - 3);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	memcpy(page + PAGE - 2, "\x48\xb8", 2); /* half of a MOV */
	mprotect(page, PAGE, PROT_READ | PROT_EXEC);
	TRY_JUMP("half an instruction at the end of a page", page + PAGE - 2);
}

int main(void)
{
	static char stack[65536]; /* for the handler: some tests have no good stack */
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

	sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
	page = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memory_faults();
	stack_faults();
	instruction_faults();
	jump_faults();
	return 0;
}
