/* Code that changes: in its own block, on its page, from elsewhere, as JIT compilers do it, and through a second mapping. */
/* tests/guest.test: --serial */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { PAGE = 4096 };

typedef int (*function)(void);

static int anywhere(int n)
{
	return n * 3 + 1;
}

/* mov eax, value; ret */
static void write_constant(uint8_t *code, int value)
{
	code[0] = 0xb8;
	memcpy(code + 1, &value, 4);
	code[5] = 0xc3;
}

static uint8_t *map(int pages, int protection)
{
	return mmap(NULL, (size_t)pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void rewritten_from_outside(void)
{
	uint8_t *code = map(1, PROT_READ | PROT_WRITE | PROT_EXEC);
	long sum = 0;

	for (int i = 0; i < 3000; i++) {
		write_constant(code, i);
		sum += ((function)code)();
	}
	printf("rewritten each time: %ld\n", sum);
	write_constant(code, 5);
	((function)code)();
	code[1] = 6; /* one byte */
	printf("one byte: %d\n", ((function)code)());
	memset(code, 0x90, 64);
	write_constant(code + 64, 7);
	printf("in front: %d\n", ((function)code)());
	write_constant(code + 32, 8); /* in the middle of a known block */
	printf("in the middle: %d\n", ((function)code)());
}

/* The next instruction's immediate is overwritten by the instruction before it. */
static void same_block(void)
{
	uint8_t *code = map(1, PROT_READ | PROT_WRITE | PROT_EXEC);
	/* clang-format off */
	static const uint8_t bytes[] = {
		0xc6, 0x05, 0x01, 0x00, 0x00, 0x00, 0x2a, /* movb $42, 1(%rip): the immediate below */
		0xb8, 0x01, 0x00, 0x00, 0x00,             /* mov $1, %eax */
		0xc3,
	};
	/* clang-format on */

	memcpy(code, bytes, sizeof(bytes));
	printf("same block: %d\n", ((function)code)());
	code[6] = 0x17;
	printf("same block again: %d\n", ((function)code)());
}

/* A loop that counts up the immediate of an instruction in its own body. */
static void own_loop(void)
{
	uint8_t *code = map(1, PROT_READ | PROT_WRITE | PROT_EXEC);
	/* clang-format off */
	static const uint8_t bytes[] = {
		0x31, 0xc0,                               /* xor %eax, %eax */
		0xb9, 0x64, 0x00, 0x00, 0x00,             /* mov $100, %ecx */
		0x05, 0x01, 0x00, 0x00, 0x00,             /* add $1, %eax */
		0xfe, 0x05, 0xf6, 0xff, 0xff, 0xff,       /* incb -10(%rip): that immediate */
		0xff, 0xc9,                               /* dec %ecx */
		0x75, 0xf1,                               /* jnz to the add */
		0xc3,
	};
	/* clang-format on */

	memcpy(code, bytes, sizeof(bytes));
	printf("own loop: %d\n", ((function)code)());
}

static void other_page(void)
{
	uint8_t *code = map(2, PROT_READ | PROT_WRITE | PROT_EXEC);
	int values[3];

	/* A block across the boundary of two pages. */
	write_constant(code + PAGE - 3, 0x11223344);
	values[0] = ((function)(code + PAGE - 3))();
	code[PAGE] = 0x55; /* the second page only */
	values[1] = ((function)(code + PAGE - 3))();
	code[PAGE - 2] = 0x66; /* the first page only */
	values[2] = ((function)(code + PAGE - 3))();
	printf("across pages: %x %x %x\n", values[0], values[1], values[2]);
}

/* jmp, or call, from one place to another */
static void write_branch(uint8_t *from, uint8_t opcode, const uint8_t *to)
{
	int32_t distance = (int32_t)(to - (from + 5));

	from[0] = opcode;
	memcpy(from + 1, &distance, 4);
}

/* A call, a jump through memory as linkage tables have it, a jump, and a function: each on its own page, each changed. */
static void across_branches(void)
{
	enum { CALL = 0xe8, JMP = 0xe9 };
	static const uint8_t through_memory[] = { 0xff, 0x25, 0xfa, 0x0f, 0x00, 0x00 }; /* jmp *0xffa(%rip): the next page's start */
	uint8_t *code = map(6, PROT_READ | PROT_WRITE | PROT_EXEC);
	uint8_t *entry = code + PAGE, *table = code + 2 * PAGE, *jump = code + 3 * PAGE, *first = code + 4 * PAGE, *other = code + 5 * PAGE;
	int values[6];

	write_constant(first, 100);
	write_constant(other, 200);
	write_branch(jump, JMP, first);
	memcpy(table, &jump, sizeof(jump));
	memcpy(entry, through_memory, sizeof(through_memory));
	write_branch(code, CALL, entry);
	memcpy(code + 5, "\x83\xc0\x01\xc3", 4); /* add $1, %eax; ret */
	for (unsigned k = 0; k < 6; k++) {
		values[k] = ((function)code)() + ((function)code)() + ((function)code)();
		switch (k) {
		case 0: write_constant(first, 300); break;
		case 1: write_branch(jump, JMP, other); break;
		case 2: memcpy(table, &first, sizeof(first)); break;
		case 3: write_branch(entry, JMP, other); break;
		case 4: write_branch(code, CALL, jump); break;
		}
	}
	printf("across branches: %d %d %d %d %d %d\n", values[0], values[1], values[2], values[3], values[4], values[5]);
}

static void write_then_execute(void)
{
	uint8_t *code = map(4, PROT_READ | PROT_WRITE);
	long sum = 0;

	for (int i = 0; i < 200; i++) {
		mprotect(code, 4 * PAGE, PROT_READ | PROT_WRITE);
		write_constant(code + (i % 40) * 100, i);
		mprotect(code, 4 * PAGE, PROT_READ | PROT_EXEC);
		for (int j = 0; j <= i && j < 40; j++)
			sum += ((function)(code + j * 100))();
	}
	printf("write, then execute: %ld\n", sum);
	munmap(code, 4 * PAGE);
	code = mmap(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	write_constant(code, 4321);
	printf("mapped anew: %d\n", ((function)code)());
}

static void copied_function(void)
{
	int (*copy)(int);
	uint8_t *code = map(1, PROT_READ | PROT_WRITE | PROT_EXEC);
	int (*volatile original)(int) = anywhere;

	memcpy(code, (void *)original, 64);
	copy = (int (*)(int))code;
	printf("copied: %d %d\n", copy(10), copy(20) - original(20));
}

static void two_mappings(void)
{
	int fd = memfd_create("code", 0);
	uint8_t *writable, *executable;
	long sum = 0;

	if (ftruncate(fd, PAGE) != 0)
		return;
	writable = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	executable = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	for (int i = 0; i < 50; i++) {
		write_constant(writable, i);
		sum += ((function)executable)();
	}
	printf("two mappings: %ld\n", sum);
	for (int i = 0; i < 50; i++) { /* and by a system call */
		uint8_t bytes[6];

		write_constant(bytes, i * i); /* other sums than if the last one stayed */
		if (pwrite(fd, bytes, sizeof(bytes), 0) != sizeof(bytes))
			return;
		sum += ((function)executable)();
	}
	printf("written to the file: %ld\n", sum);
	for (int i = 0; i < 5; i++) { /* and by another process */
		pid_t child = fork();

		if (child == 0) {
			write_constant(writable, 1000 + i);
			_exit(0);
		}
		waitpid(child, NULL, 0);
		sum += ((function)executable)();
	}
	printf("written by children: %ld\n", sum);
}

static void read_by_system_call(void)
{
	uint8_t *code = map(1, PROT_READ | PROT_WRITE | PROT_EXEC), bytes[6];
	int fds[2], sum = 0;

	if (pipe(fds) != 0)
		return;
	for (int i = 0; i < 20; i++) {
		write_constant(bytes, i);
		if (write(fds[1], bytes, sizeof(bytes)) != sizeof(bytes) || read(fds[0], code, sizeof(bytes)) != sizeof(bytes))
			return;
		sum += ((function)code)();
	}
	printf("read into code: %d\n", sum);
	madvise(code, PAGE, MADV_DONTNEED);
	write_constant(code, 77);
	printf("after MADV_DONTNEED: %d\n", ((function)code)());
	code = mremap(code, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map(1, PROT_NONE));
	printf("moved: %d\n", ((function)code)());
}

int main(void)
{
	rewritten_from_outside();
	same_block();
	own_loop();
	other_page();
	across_branches();
	write_then_execute();
	copied_function();
	two_mappings();
	read_by_system_call();
	return 0;
}
