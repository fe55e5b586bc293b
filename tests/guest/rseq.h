/* rseq(2) without a libc's help: what tests/guest/rseq.c and tests/clock/rseq.c share. */
#ifndef TESTS_GUEST_RSEQ_H
#define TESTS_GUEST_RSEQ_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RSEQ_SIZE = 32, RSEQ_UNREGISTER = 1, RSEQ_SIGNATURE = 0x53053053 };

/* struct rseq and struct rseq_cs of linux/rseq.h, which may be older. */
struct area {
	uint32_t cpu_id_start;
	int32_t cpu_id;
	uint64_t section;
	uint32_t flags, node_id, mm_cid, padding;
} __attribute__((aligned(32)));

struct section {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(32)));

static __thread volatile struct area own_area;

static inline long rseq(volatile void *area, uint32_t length, int flags, uint32_t signature)
{
	return syscall(SYS_rseq, area, length, flags, signature);
}

/* glibc registers each thread whose creator is registered. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));

static inline void leave_libc(void)
{
	if (!&__rseq_offset)
		return;
	for (uint32_t length = RSEQ_SIZE; length < 1024; length += 4)
		if (rseq((char *)__builtin_thread_pointer() + __rseq_offset, length, RSEQ_UNREGISTER, RSEQ_SIGNATURE) == 0)
			return;
}

/* The calling thread has own_area registered, and nothing else. */
static inline int attach(void)
{
	leave_libc();
	return (int)rseq(&own_area, RSEQ_SIZE, 0, RSEQ_SIGNATURE);
}

static inline int detach(void)
{
	return (int)rseq(&own_area, RSEQ_SIZE, RSEQ_UNREGISTER, RSEQ_SIGNATURE);
}

enum outcome { COMMITTED, ABORTED, MOVED };

/* A critical section: adds 1 to *counter if the thread has been on `cpu` all the time, for which it counts down `spins` between load
 * and store. */
static inline enum outcome increment(volatile long *counter, int cpu, int spins)
{
	volatile struct area *area = &own_area;

	__asm__ goto(".pushsection .data.rseq, \"aw\"\n\t"
		     ".balign 32\n"
		     "3:\t.long 0, 0\n\t"
		     ".quad 1f, 2f - 1f, 4f\n\t"
		     ".popsection\n\t"
		     "lea 3b(%%rip), %%rax\n\t"
		     "mov %%rax, 8(%[area])\n"
		     "1:\tcmp %[cpu], 4(%[area])\n\t"
		     "jne %l[moved]\n\t"
		     "mov (%[counter]), %%rax\n\t"
		     "mov %[spins], %%ecx\n"
		     "5:\tdec %%ecx\n\t"
		     "jnz 5b\n\t"
		     "inc %%rax\n\t"
		     "mov %%rax, (%[counter])\n"
		     "2:\n\t"
		     ".pushsection .text.rseq, \"ax\"\n\t"
		     ".byte 0x0f, 0xb9, 0x3d\n\t" /* so that the signature is the end of an instruction */
		     ".long 0x53053053\n"
		     "4:\tjmp %l[aborted]\n\t"
		     ".popsection"
		     :
		     : [area] "r"(area), [cpu] "r"(cpu), [counter] "r"(counter), [spins] "r"(spins)
		     : "memory", "cc", "rax", "rcx"
		     : aborted, moved);
	return COMMITTED;
aborted:
	return ABORTED;
moved:
	return MOVED;
}

#endif
