/* The two areas that grow: the heap, by brk(2), and the main thread's stack, up to its limit. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emu/mem/vma.h"

/* --- brk ----------------------------------------------------------------------------------------------------------- */

void space_set_brk(struct space *space, uint64_t start)
{
	space->brk_start = space->brk = start;
}

int64_t space_brk(struct space *space, uint64_t address)
{
	uint64_t old_end = page_ceil(space->brk), new_end = page_ceil(address);
	int64_t result = 0;

	if (address < space->brk_start || address >= GUEST_END)
		return (int64_t)space->brk;
	vma_catch_up_growth(space);
	if (new_end < old_end) {
		result = space_munmap(space, new_end, old_end - new_end);
	} else if (new_end > old_end) {
		if (!place_fits(space, old_end, new_end - old_end + GUEST_PAGE))
			return (int64_t)space->brk;
		result = space_mmap(space, old_end, new_end - old_end, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (result >= 0)
			vma_set_name(space, old_end, new_end, "[heap]");
	}
	if (result >= 0)
		space->brk = address;
	return (int64_t)space->brk;
}

/* --- the stack ----------------------------------------------------------------------------------------------------- */

static int64_t map_stack_part(struct space *space, uint64_t start, uint64_t end, int prot)
{
	int64_t result = space_mmap(space, start, end - start, prot,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (result < 0)
		return result;
	size_t i = vma_lower(space, start);
	struct vma vma = vma_part(&space->vma[i], start, end - start);
	vma_remove(space, start, end);
	free(vma.name);
	vma.name = strdup("[stack]");
	vma.flags |= MAP_GROWSDOWN; /* the guest sees this flag (PROT_GROWSDOWN works on the stack) */
	vma_insert(space, vma);
	return 0;
}

static uint64_t clamp_stack(uint64_t limit)
{
	if (limit > GUEST_STACK_CEILING)
		return GUEST_STACK_CEILING;
	/* The kernel's minimum: room for the arguments and a little stack. */
	return limit < 32 * GUEST_PAGE ? 32 * GUEST_PAGE : page_ceil(limit);
}

int64_t space_map_stack(struct space *space, bool executable)
{
	space->stack_mapped = clamp_stack(space->stack_limit);
	return map_stack_part(space, GUEST_STACK_TOP - space->stack_mapped, GUEST_STACK_TOP,
		PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0));
}

int64_t space_extend_stack(struct space *space)
{
	uint64_t wanted = clamp_stack(space->stack_limit);
	uint64_t old_start = GUEST_STACK_TOP - space->stack_mapped, new_start = GUEST_STACK_TOP - wanted;
	const struct vma *vma = space_find(space, old_start);
	if (new_start >= old_start || !vma || !vma_range_free(space, new_start, old_start))
		return 0;
	int64_t result = map_stack_part(space, new_start, old_start, vma->prot);
	if (result == 0)
		space->stack_mapped = wanted;
	return result;
}
