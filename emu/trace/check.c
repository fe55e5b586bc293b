/* Hashes of vector state and memory, by which a replay checks itself. */
#include "emu/trace/check.h"

#include <xxhash.h>

#include "emu/cpu/xsave.h"
#include "emu/mem/layout.h"
#include "emu/trace/registers.h"

uint64_t check_vector(const struct cpu *cpu)
{
	struct xsave_area area;

	trace_vector_of(cpu, &area);
	return XXH3_64bits(&area, sizeof(area));
}

uint64_t check_memory(const uint64_t *page, size_t pages)
{
	uint64_t hash = 0;

	for (size_t k = 0; k < pages; k++)
		hash = XXH3_64bits_withSeed((const void *)page[k], GUEST_PAGE, hash);
	return hash;
}
