/* Segment registers, far transfers, IRET, and what the kernel shows of descriptors and system registers. Hints that do nothing. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "show.h"

static sigjmp_buf back;

static void handler(int signal, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	printf("signal %d code %d trap %lld error %#llx\n", signal, info->si_code, r[REG_TRAPNO], r[REG_ERR]);
	siglongjmp(back, 1);
}

#define TRY(name, ...)                         \
	do {                                   \
		printf("%s: ", name);          \
		if (sigsetjmp(back, 1) == 0) { \
			__VA_ARGS__;           \
		}                              \
	} while (0)

/* --- far transfers ------------------------------------------------------------------------------------ */

static uint64_t iret_to(uint64_t cs, uint64_t ss, uint64_t flags)
{
	uint64_t result = 0;

	__asm__ volatile("mov %%rsp, %%rcx; push %[ss]; push %%rcx; push %[flags]; push %[cs]; lea 1f(%%rip), %%rax; push %%rax; iretq\n"
			 "1:\tpushfq; pop %0"
			 : "=&r"(result)
			 : [cs] "r"(cs), [ss] "r"(ss), [flags] "r"(flags)
			 : "rax", "rcx", "memory", "cc");
	return result;
}

static void iret(void)
{
	TRY("iretq", printf("flags %#lx\n", iret_to(0x33, 0x2b, 0xad7)));
	TRY("iretq, flags of the kernel", printf("flags %#lx\n", iret_to(0x33, 0x2b, 0x23202)));
	TRY("iretq, no code", iret_to(0x2b, 0x2b, 0x202));
	TRY("iretq, CS null", iret_to(0, 0x2b, 0x202));
	TRY("iretq, CS of the kernel", iret_to(0x10, 0x2b, 0x202));
	TRY("iretq, CS with RPL 0", iret_to(0x30, 0x2b, 0x202));
	TRY("iretq, SS null", iret_to(0x33, 0, 0x202));
	TRY("iretq, SS read-only", iret_to(0x33, 0x7b, 0x202));
	TRY("iretq with NT", __asm__ volatile("pushfq; orl $0x4000, (%%rsp); popfq; iretq" ::: "memory", "cc"));
	__asm__ volatile("pushfq; andl $~0x4000, (%%rsp); popfq" ::: "memory", "cc");
}

static long ret_to(uint64_t cs)
{
	long moved;

	__asm__ volatile("mov %%rsp, %%rcx; sub $16, %%rsp; push %1; lea 1f(%%rip), %%rax; push %%rax; lretq $16\n"
			 "1:\tsub %%rsp, %%rcx; add %%rcx, %%rsp"
			 : "=&c"(moved)
			 : "r"(cs)
			 : "rax", "memory", "cc");
	return moved;
}

/* Only with 32-bit offsets: AMD's CPUs have no others. */
static void far(void)
{
	static const uint8_t code[] = {
		0xff, 0x1f,       /*  0 lcall [rdi] */
		0xc3,             /*  2 ret */
		0xb8, 7, 0, 0, 0, /*  3 mov eax, 7 */
		0xcb,             /*  8 lret */
		0xff, 0x2e,       /*  9 ljmp [rsi] */
	};
	struct __attribute__((packed)) {
		uint32_t offset;
		uint16_t selector;
	} * call, *jump;
	uint8_t *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result = 0;

	memcpy(low, code, sizeof(code));
	call = (void *)(low + 64);
	jump = (void *)(low + 96);
	call->offset = (uint32_t)(uintptr_t)low + 3;
	jump->offset = (uint32_t)(uintptr_t)low;
	call->selector = jump->selector = 0x33;
	TRY("far call and return", __asm__ volatile("call *%1" : "=a"(result) : "r"(low), "D"(call) : "memory"); printf("%ld\n", result));
	TRY("far jump",
		__asm__ volatile("call *%1"
				 : "=a"(result)
				 : "r"(low + 9), "D"(call), "S"(jump)
				 : "memory");
		printf("%ld\n", result));
	jump->selector = 0x2b;
	TRY("far jump to data", __asm__ volatile("call *%0" : : "r"(low + 9), "S"(jump) : "rax", "memory"));
	jump->selector = 0;
	TRY("far jump to nothing", __asm__ volatile("call *%0" : : "r"(low + 9), "S"(jump) : "rax", "memory"));
	call->selector = 0x1234;
	TRY("far call to what is not there", __asm__ volatile("call *%0" : : "r"(low), "D"(call) : "rax", "memory"));
	TRY("lretq", printf("RSP back: %ld\n", ret_to(0x33)));
	TRY("lretq, RPL 0", ret_to(0x30));
	TRY("lretq to data", ret_to(0x2b));
}

/* --- segment registers -------------------------------------------------------------------------------- */

static void registers(void)
{
	static const uint16_t selectors[] = { 0, 3, 0x23, 0x28, 0x2b, 0x33, 0x7b, 0x10, 0x40, 0x88, 0x1234, 0x37 };
	uint64_t cs, ss, ds, es, pushed;

	__asm__ volatile("mov %%cs, %0; mov %%ss, %1; mov %%ds, %2; mov %%es, %3" : "=r"(cs), "=r"(ss), "=r"(ds), "=r"(es));
	printf("cs %lx ss %lx ds %lx es %lx\n", cs, ss, ds, es);
	for (unsigned k = 0; k < sizeof(selectors) / sizeof(*selectors); k++) {
		uint32_t selector = selectors[k], got = 0;

		printf("%#x ", selector);
		TRY("in DS",
			__asm__ volatile("mov %1, %%ds; mov %%ds, %0; mov %2, %%ds"
					 : "=&r"(got)
					 : "r"(selector), "r"(0));
			printf("%#x, ", got));
		TRY("in SS", __asm__ volatile("mov %0, %%ss" : : "r"(selector)); puts("ok"));
	}
	__asm__ volatile("push %%fs; push %%gs; pop %0; pop %1" : "=r"(pushed), "=r"(cs));
	printf("push fs %lx, push gs %lx\n", cs, pushed);
	__asm__ volatile("mov %%rsp, %0; push %%gs; pop %%gs; .byte 0x66, 0x0f, 0xa8; sub %%rsp, %0; add $2, %%rsp" : "=&r"(pushed));
	printf("a push of 16 bits takes %lu bytes\n", pushed);
}

static void descriptors(void)
{
	for (uint32_t selector = 0; selector < 0x100; selector += selector < 8 ? 1 : 3) {
		uint64_t rights = ~0ULL, limit = ~0ULL;
		uint8_t has_rights, has_limit, readable, writable;

		__asm__ volatile("lar %k2, %k0; setz %1" : "+r"(rights), "=q"(has_rights) : "r"(selector) : "cc");
		__asm__ volatile("lsl %k2, %k0; setz %1" : "+r"(limit), "=q"(has_limit) : "r"(selector) : "cc");
		__asm__ volatile("verr %w1; setz %0" : "=q"(readable) : "r"(selector) : "cc");
		__asm__ volatile("verw %w1; setz %0" : "=q"(writable) : "r"(selector) : "cc");
		if (selector >> 3 == 0x78 >> 3)
			limit = 0; /* the CPU's number */
		if (has_rights || has_limit || readable || writable || selector == 8)
			printf("%#x: lar %d %#lx, lsl %d %#lx, verr %d, verw %d\n", selector, has_rights, rights, has_limit, limit,
				readable, writable);
	}
}

/* --- system registers ----------------------------------------------------------------------------------- */

static const uint8_t shown_gdt[10] = { 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t shown_idt[10] = { 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void show_table(const char *name, const uint8_t bytes[10])
{
	printf("%s:", name);
	for (int k = 0; k < 10; k++)
		printf(" %02x", bytes[k]);
	putchar('\n');
}

/* arch/x86/kernel/umip.c. CPUs without UMIP tell what there is. */
static void system_registers(void)
{
	uint64_t cr0 = 0x1111222233334444, cr0_32 = cr0, cr0_16 = cr0, ldt = cr0, task = cr0, in_memory = cr0;
	uint8_t gdt[10] = { 0 }, idt[10] = { 0 };

	__asm__ volatile("sgdt %0; sidt %1" : "=m"(gdt), "=m"(idt));
	__asm__ volatile("smsw %0; smsw %k1; smsw %w2; sldt %w3; str %w4; smsw %5"
			 : "+r"(cr0), "+r"(cr0_32), "+r"(cr0_16), "+r"(ldt), "+r"(task), "+m"(in_memory));
	if (memcmp(gdt, shown_gdt, 10) != 0) {
		puts("host: the kernel does not hide system registers");
		memcpy(gdt, shown_gdt, 10);
		memcpy(idt, shown_idt, 10);
		cr0 = 0x80050033;
		cr0_32 = 0x1111222280050033;
		cr0_16 = in_memory = 0x1111222233330033;
		ldt = 0x1111222233330000;
		task = 0x1111222233330040;
	}
	show_table("gdt", gdt);
	show_table("idt", idt);
	printf("smsw %lx %lx %lx %lx, sldt %lx, str %lx\n", cr0, cr0_32, cr0_16, in_memory, ldt, task);
}

/* --- hints ------------------------------------------------------------------------------------------------ */

static int does_nothing(uint8_t *code, unsigned opcode, unsigned modrm)
{
	uint64_t rax = (uint64_t)code;

	memcpy(code, (uint8_t[]){ 0x0f, (uint8_t)opcode, (uint8_t)modrm, 0xc3 }, 4);
	if (sigsetjmp(back, 1) == 0)
		__asm__ volatile("call *%1" : "+a"(rax) : "r"(code) : "memory");
	return rax == (uint64_t)code;
}

/* 0F 18 to 0F 1F, with memory at [RAX] and with registers. */
static void hints(void)
{
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int done = 0;

	for (unsigned opcode = 0x18; opcode <= 0x1f; opcode++) {
		for (unsigned reg = 0; reg < 8; reg++)
			done += does_nothing(code, opcode, reg << 3) + does_nothing(code, opcode, 0xc0 | reg << 3);
	}
	printf("%d hints do nothing\n", done);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	for (int k = 0; k < 4; k++)
		sigaction((const int[]){ SIGSEGV, SIGBUS, SIGILL, SIGTRAP }[k], &action, NULL);
	iret();
	far();
	registers();
	descriptors();
	system_registers();
	hints();
	return 0;
}
