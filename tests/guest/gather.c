/* Gathers with 32-bit addresses: base, index and displacement add up to 32 bits, and then a segment's base comes on top. */
#include <immintrin.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "show.h"

enum { WORDS = 4096, SET_GS = 0x1001 /* ARCH_SET_GS of arch_prctl(2) */ };

static uint32_t *table; /* below 4 GiB */

union vector {
	__m256i y;
	uint32_t u32[8];
	uint64_t u64[4];
};

static void show(const char *name, const union vector *into, const union vector *mask)
{
	printf("%s:", name);
	for (int k = 0; k < 4; k++)
		printf(" %lx", (unsigned long)into->u64[k]);
	printf(" mask");
	for (int k = 0; k < 4; k++)
		printf(" %lx", (unsigned long)mask->u64[k]);
	printf("\n");
}

/* The text of an instruction with `base` in EAX; its operands are %0 (into), %1 (mask), %2 (index). */
#define TRY(text, base, index)                                                                                                    \
	do {                                                                                                                      \
		union vector into = { .u64 = { 1, 2, 3, 4 } }, mask = { .u32 = { ~0u, 0, ~0u, ~0u, ~0u, ~0u, 0x80000000, ~0u } }; \
                                                                                                                                  \
		__asm__ volatile(text : "+x"(into.y), "+x"(mask.y) : "x"((index).y), "a"((unsigned long)(base)) : "memory");      \
		show(text, &into, &mask);                                                                                         \
	} while (0)

__attribute__((target("avx2"))) static void gathers(void)
{
	const union vector narrow = { .u32 = { 0, 5, 17, -3u, 100, 33, 1000, -100u } };
	const union vector wide = { .u64 = { 3, -7ul, (1ul << 40) + 11, 500 } };
	const unsigned long middle = (unsigned long)(table + WORDS / 2), garbage = 0x1234567ul << 32;

	TRY("vpgatherdd %x1, (%%eax, %x2, 4), %x0", middle, narrow);
	TRY("vpgatherdd %t1, (%%eax, %t2, 4), %t0", middle | garbage, narrow);
	TRY("vgatherdps %t1, 16(%%eax, %t2, 1), %t0", middle, narrow);
	TRY("vpgatherdq %x1, (%%eax, %x2, 8), %x0", middle, narrow);
	TRY("vgatherdpd %t1, -64(%%eax, %x2, 2), %t0", middle | garbage, narrow);
	TRY("vpgatherqd %x1, (%%eax, %x2, 4), %x0", middle, wide);
	TRY("vgatherqps %x1, (%%eax, %t2, 4), %x0", middle, wide);
	TRY("vpgatherqq %x1, (%%eax, %x2, 8), %x0", middle | garbage, wide);
	TRY("vgatherqpd %t1, (%%eax, %t2, 1), %t0", middle, wide);
	TRY("vpgatherdd %t1, 0x7fffffff(%%eax, %t2, 4), %t0", (uint32_t)(middle - 0x7fffffff), narrow);
	syscall(SYS_arch_prctl, SET_GS, table + WORDS / 2 - (1 << 20) / 4);
	TRY("vpgatherdd %t1, %%gs:(%%eax, %t2, 4), %t0", 1 << 20, narrow);
	TRY("vpgatherqq %t1, %%gs:(%%eax, %t2, 1), %t0", (1 << 20) | garbage, wide);
	TRY("vpgatherqq %t1, %%gs:(%%rax, %t2, 1), %t0", 1 << 20, ((union vector){ .u64 = { 8, -8ul, 16, 64 } }));
}

int main(void)
{
	table = mmap(NULL, WORDS * sizeof(*table), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (table == MAP_FAILED)
		return 1;
	for (uint32_t k = 0; k < WORDS; k++)
		table[k] = k * 0x9e3779b1u;
	gathers();
	return 0;
}
