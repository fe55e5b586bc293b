/* Shared by the guest programs about pvclock pages. */
#ifndef TESTS_CLOCK_PVPAGE_H
#define TESTS_CLOCK_PVPAGE_H

#include "check.h"

/* struct pvclock_vcpu_time_info */
struct page {
	uint32_t version, pad0;
	uint64_t tsc_timestamp, system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad[2];
};

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

/* The guest's formula: Documentation/virt/kvm/x86/msr.rst. */
static inline int64_t page_ns(const volatile struct page *page)
{
	uint64_t ns;
	uint32_t version;

	do {
		unsigned __int128 ticks;

		while ((version = page->version) & 1)
			;
		ticks = rdtsc() - page->tsc_timestamp;
		ticks = page->shift < 0 ? ticks >> -page->shift : ticks << page->shift;
		ns = (uint64_t)(ticks * page->mul >> 32) + page->system_time;
	} while (page->version != version);
	return (int64_t)ns;
}

#endif
