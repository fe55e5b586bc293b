/* Handlers for the guest's own faults, on the ordinary stack and another one, nested, and where the faults happen within long
 * instructions; a stack that grows. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hard.h"

enum { PAGE = 4096 };

static sigjmp_buf back;
static uint64_t sum;
static char *barrier;

static void note(int number, siginfo_t *info, void *context)
{
	const uint64_t *registers = (uint64_t *)context + 5;

	for (int k = 0; k < 17; k++)
		mix(&sum, registers[k]);
	mix(&sum, (uint64_t)(uintptr_t)info->si_addr);
	printf("signal %d, code %d, sum %016lx\n", number, info->si_code, (unsigned long)sum);
	siglongjmp(back, number);
}

/* Makes the page readable: the instruction is tried again. */
static void repair(int number, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));

	(void)number, (void)context;
	mix(&sum, (uint64_t)(uintptr_t)info->si_addr);
	must(mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");
}

static void on(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
	sigaction(number, &(struct sigaction){ .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER | flags }, NULL);
}

static void each_kind(void)
{
	volatile int zero = 0;

	if (!sigsetjmp(back, 1))
		*(volatile char *)8 = 1;
	if (!sigsetjmp(back, 1))
		barrier[PAGE] = 1;
	if (!sigsetjmp(back, 1))
		printf("%d\n", 1000 / zero);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("ud2");
	if (!sigsetjmp(back, 1))
		__asm__ volatile("int3");
	if (!sigsetjmp(back, 1))
		__asm__ volatile("hlt");
	if (!sigsetjmp(back, 1))
		__asm__ volatile("mov %0, %%rax; mov (%%rax), %%rax" : : "r"(0x8000000000000000) : "rax");
	if (!sigsetjmp(back, 1))
		((void (*)(void))barrier)();
}

/* REP MOVSB into pages that become writable one by one: the registers at each fault tell how far it came. */
static void repaired(void)
{
	char *pages = mmap(NULL, 6 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *from = malloc(6 * PAGE);
	void *source = from, *target = pages;
	size_t length = 6 * PAGE;

	memset(from, 'r', length);
	on(SIGSEGV, repair, 0);
	__asm__ volatile("rep movsb" : "+S"(source), "+D"(target), "+c"(length) : : "memory");
	printf("repaired: equal %d, sum %016lx\n", memcmp(from, pages, 6 * PAGE) == 0, (unsigned long)sum);
	on(SIGSEGV, note, SA_ONSTACK);
}

static int deep(int depth)
{
	volatile char room[2000];

	room[0] = (char)depth;
	return depth == 0 ? 0 : deep(depth - 1) + (room[0] != 0) + 1;
}

static void stacks(void)
{
	stack_t alternative = { .ss_sp = malloc(SIGSTKSZ * 4), .ss_size = SIGSTKSZ * 4 };
	char *grows = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_STACK, -1, 0);

	printf("deep: %d\n", deep(500) > 0);
	memset(grows, 's', 8 * PAGE);
	munmap(grows, 8 * PAGE);
	sigaltstack(&alternative, NULL);
	on(SIGSEGV, note, SA_ONSTACK);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("mov %%rsp, %%r12; mov %0, %%rsp; push %%rax; mov %%r12, %%rsp"
				 :
				 : "r"(barrier + PAGE + 8)
				 : "r12", "memory");
	if (!sigsetjmp(back, 1))
		printf("%d\n", deep(1 << 20));
}

int main(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };

	setbuf(stdout, NULL);
	barrier = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(mprotect(barrier + PAGE, PAGE, PROT_READ) == 0, "mprotect");
	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
		on(numbers[k], note, 0);
	each_kind();
	repaired();
	stacks();
	signal(SIGSEGV, SIG_DFL);
	*(volatile char *)16 = 1;
}
