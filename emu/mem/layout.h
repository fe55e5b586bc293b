/* The layout of the address space. A guest address is a host address: the guest owns everything below GUEST_END, and the emulator lives
 * above it. The Makefile links it there, and Linux puts its libraries below the stack, which is also above GUEST_END. */
#ifndef TICK86_EMU_LAYOUT_H
#define TICK86_EMU_LAYOUT_H

#include <stdint.h>

#define GUEST_END 0x500000000000ULL   /* the first address that is not the guest's */
#define GUEST_GUARD 0x000000010000ULL /* above GUEST_END and never mapped: an access that begins below GUEST_END may reach into it */
#define USER_END 0x7ffffffff000ULL    /* the host's kernel refuses pointers from here on: TASK_SIZE */
#define GUEST_STACK_TOP 0x4ffffffff000ULL
#define GUEST_STACK_MAX 0x000000800000ULL     /* 8 MiB unless RLIMIT_STACK says otherwise */
#define GUEST_STACK_CEILING 0x00000e000000ULL /* the most that fits above GUEST_MMAP_TOP, with a gap */
#define GUEST_VDSO 0x4ffff0010000ULL          /* between them */
#define GUEST_PVCLOCK 0x4ffff0020000ULL       /* one page for each vCPU */
#define GUEST_MMAP_TOP 0x4ffff0000000ULL      /* mmap without a hint goes down from here */
#define GUEST_PIE_BASE 0x2aaaaaaaa000ULL
#define GUEST_INTERP_BASE 0x4fffe0000000ULL
#define GUEST_PAGE 4096ULL

static inline uint64_t page_floor(uint64_t address)
{
	return address & ~(GUEST_PAGE - 1);
}

/* Rounds up to whole pages. Wraps to 0 for the last page of the address space, as the kernel's PAGE_ALIGN does. */
static inline uint64_t page_ceil(uint64_t address)
{
	return page_floor(address + GUEST_PAGE - 1);
}

#endif
