/* The layout of the address space. A guest address is a host address. The guest has the user half of the address space, laid out as the
 * kernel lays it out without randomization, but for one window, in which everything of the emulator's stands (window.c). */
#ifndef TICK86_EMU_LAYOUT_H
#define TICK86_EMU_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#define USER_END 0x7ffffffff000ULL /* the host's kernel refuses pointers from here on: TASK_SIZE */

/* Builds with a sanitizer of their own have memory of it all over the address space. So there the guest gets addresses below the emulator
 * only, where the sanitizer's are, too, the window is empty, and nothing is reserved. */
#ifdef TICK86_LOW_GUEST
#define GUEST_END 0x4ffffffff000ULL
#define WINDOW_START GUEST_END
#define WINDOW_END GUEST_END
#define EMULATOR_END USER_END
#define GUEST_RESERVED 0
#else
#define GUEST_END USER_END             /* the first address that is not the guest's */
#define WINDOW_START 0x440000000000ULL /* the emulator's window: free in the layouts of the sanitizers, Go, V8 and ZGC */
#define WINDOW_END 0x450000000000ULL
#define EMULATOR_END (WINDOW_END - WINDOW_GUARD)
#define GUEST_RESERVED 1 /* what the guest has not mapped is reserved on the host, so that nothing of ours lands there */
#endif

#define WINDOW_SIZE (WINDOW_END - WINDOW_START)
#define WINDOW_GUARD \
	0x000000010000ULL /* at both ends of the window, and above GUEST_END, never mapped: the most that an access of the
                                              guest that begins outside may reach into it */
#define EMULATOR_START (WINDOW_START + WINDOW_GUARD) /* up to EMULATOR_END there may be memory of the emulator's */
#define GUEST_STACK_TOP GUEST_END
#define GUEST_STACK_MAX 0x000000800000ULL                   /* 8 MiB unless RLIMIT_STACK says otherwise */
#define GUEST_STACK_CEILING 0x000040000000ULL               /* the most that is mapped of the stack, whatever the limit */
#define GUEST_PIE_BASE ((GUEST_END / 3 * 2) & ~0xfffULL)    /* ELF_ET_DYN_BASE */
#define GUEST_UPWARDS ((GUEST_END / 3 + 0xfff) & ~0xfffULL) /* TASK_UNMAPPED_BASE: mmap goes up from here if the stack is unlimited */
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

/* Returns true if [start, start + length) has addresses of the window. The range must not wrap. */
static inline bool window_overlaps(uint64_t start, uint64_t length)
{
	return start < WINDOW_END && WINDOW_START < start + length;
}

/* Returns true if the guest may never have anything at the address. */
static inline __attribute__((always_inline)) bool address_refused(uint64_t address)
{
	return address >= GUEST_END || (address >= WINDOW_START && address < WINDOW_END); /* compiled to two compares */
}

#endif
