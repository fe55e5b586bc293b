/* Code that is made at run time, called, overwritten, moved, made by another process; and code that changes what follows it. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hard.h"

enum { PAGE = 4096, ROUNDS = 300 };

typedef uint64_t function(uint64_t);

static volatile int signals;

static void tick(int number)
{
	(void)number;
	signals++;
}

/* lea rax, [rdi + value]; some NOPs; ret */
static void make(uint8_t *code, uint32_t value, int nops)
{
	static const uint8_t lea[] = { 0x48, 0x8d, 0x87 };

	memcpy(code, lea, 3);
	memcpy(code + 3, &value, 4);
	memset(code + 7, 0x90, (size_t)nops);
	code[7 + nops] = 0xc3;
}

static void rewritten(uint8_t *code)
{
	uint64_t sum = 0;

	timer_every(700);
	for (uint32_t k = 0; k < ROUNDS; k++) {
		make(code + k % 5 * 64, k, (int)(k % 9));
		for (int j = 0; j < 20; j++)
			mix(&sum, ((function *)(code + (k + (uint32_t)j) % 5 * 64))(sum & 0xff));
		if (k == 0)
			for (int j = 1; j < 5; j++)
				make(code + j * 64, (uint32_t)j, j);
	}
	timer_every(0);
	printf("rewritten: %016lx\n", (unsigned long)sum);
}

/* mov eax, 1; an ADD whose immediate the code before it has just stored: [rdi + 16] = sil */
static void self_modifying(uint8_t *code)
{
	/* clang-format off */
	static const uint8_t text[] = {
		0xb8, 1, 0, 0, 0,             /* mov eax, 1 */
		0x40, 0x88, 0x77, 0x0b,       /* mov [rdi + 11], sil */
		0x83, 0xc0, 0x00,             /* add eax, imm8 at offset 11 */
		0xff, 0xc6,                   /* inc esi */
		0x40, 0x88, 0x77, 0x14,       /* mov [rdi + 20], sil */
		0x83, 0xc0, 0x00,             /* add eax, imm8 at offset 20 */
		0xc3,
	};
	/* clang-format on */
	uint64_t sum = 0;

	memcpy(code, text, sizeof(text));
	for (uint64_t k = 0; k < ROUNDS; k++)
		mix(&sum, ((uint64_t(*)(uint8_t *, uint64_t))(void *)code)(code, k % 100));
	printf("self-modifying: %016lx\n", (unsigned long)sum);
}

/* The code of one process, in memory that it shares with another, which rewrites it. */
static void by_another(void)
{
	uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile int *turn = (volatile int *)(void *)(code + 2048);
	uint64_t sum = 0;

	make(code, 0, 0);
	if (fork() == 0) {
		for (uint32_t k = 1; k <= 40; k++) {
			while (*turn != (int)k)
				usleep(10);
			make(code, k * 3, 0);
			*turn = -(int)k;
		}
		_exit(0);
	}
	for (int k = 1; k <= 40; k++) {
		*turn = k;
		while (*turn != -k)
			usleep(10);
		mix(&sum, ((function *)(void *)code)(sum & 0xff));
	}
	wait(NULL);
	printf("by another process: %016lx\n", (unsigned long)sum);
}

/* The same code at another address; then read from a file over it; then forgotten. */
static void moved(uint8_t *code)
{
	int fd = memfd_create("code", 0);
	uint8_t bytes[16];

	make(code, 1000, 1);
	printf("here: %lu\n", (unsigned long)((function *)code)(1));
	code = mremap(code, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	printf("moved: %lu\n", (unsigned long)((function *)code)(2));
	make(bytes, 2000, 1);
	must(write(fd, bytes, 9) == 9 && pread(fd, code, 9, 0) == 9, "code from a file");
	printf("from a file: %lu\n", (unsigned long)((function *)code)(3));
	must(mprotect(code, PAGE, PROT_READ) == 0 && mprotect(code, PAGE, PROT_READ | PROT_EXEC) == 0, "mprotect");
	printf("after mprotect: %lu\n", (unsigned long)((function *)code)(4));
	must(madvise(code, PAGE, MADV_DONTNEED) == 0 && code[0] == 0, "madvise");
	must(mmap(code, PAGE, PROT_READ | PROT_EXEC, MAP_FIXED | MAP_PRIVATE, fd, 0) == code, "mmap");
	printf("mapped: %lu\n", (unsigned long)((function *)code)(5));
}

int main(void)
{
	uint8_t *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	setbuf(stdout, NULL);
	signal(SIGALRM, tick);
	for (int j = 0; j < 5; j++)
		make(code + j * 64, (uint32_t)j, j);
	rewritten(code);
	self_modifying(code);
	by_another();
	moved(code);
}
