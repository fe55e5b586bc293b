/* The two areas that grow: the heap, by brk(2), and the main thread's stack, up to its limit. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "emu/mem/host.h"
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

static uint64_t clamp_stack(const struct space *space)
{
	uint64_t limit = space->stack_limit, room = space->mmap_top ? GUEST_END - space->mmap_top - STACK_GAP : GUEST_STACK_CEILING;

	if (limit > GUEST_STACK_CEILING || limit > room)
		return room < GUEST_STACK_CEILING ? room : GUEST_STACK_CEILING;
	/* The kernel's minimum: room for the arguments and a little stack. */
	return limit < 32 * GUEST_PAGE ? 32 * GUEST_PAGE : page_ceil(limit);
}

/* mmap_base() and mmap_is_legacy(): mmap's area begins below the largest stack, at a distance of 128 MiB to 5/6 of all. */
void space_lay_out(struct space *space)
{
	uint64_t gap = space->stack_limit, least = 128 << 20, most = GUEST_END / 6 * 5;

	if (gap + STACK_GAP > gap)
		gap += STACK_GAP;
	gap = gap < least ? least : gap > most ? most : gap;
	space->mmap_top = space->stack_limit == RLIM_INFINITY ? 0 : page_ceil(GUEST_END - gap);
}

int64_t space_map_stack(struct space *space, bool executable)
{
	space->stack_mapped = clamp_stack(space);
	return map_stack_part(space, GUEST_STACK_TOP - space->stack_mapped, GUEST_STACK_TOP,
		PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0));
}

int64_t space_extend_stack(struct space *space)
{
	uint64_t wanted = clamp_stack(space);
	uint64_t old_start = GUEST_STACK_TOP - space->stack_mapped, new_start = GUEST_STACK_TOP - wanted;
	const struct vma *vma = space_find(space, old_start);
	if (new_start >= old_start || !vma || !vma_range_free(space, new_start, old_start))
		return 0;
	int64_t result = map_stack_part(space, new_start, old_start, vma->prot);
	if (result == 0)
		space->stack_mapped = wanted;
	return result;
}

/* --- growing at a fault -------------------------------------------------------------------------------------------- */

/* Returns the mapping that grows down to `address`, or NULL. The main stack has a name, and is mapped in full: a replay, under another limit
 * perhaps, must find its end where it was. */
static const struct vma *grower(const struct space *space, uint64_t address)
{
	size_t i = vma_lower(space, address);
	const struct vma *vma = &space->vma[i];

	if (i == space->count || vma->start <= address || !(vma->flags & MAP_GROWSDOWN) || vma->name
		|| vma->end - address > space->stack_limit)
		return NULL;
	if (address_refused(address) || window_overlaps(address, vma->start - address))
		return NULL;
	if (i > 0 && !(vma[-1].flags & MAP_GROWSDOWN) && vma[-1].prot && address - vma[-1].end < STACK_GAP)
		return NULL;
	return vma;
}

bool space_grow(struct space *space, uint64_t address)
{
	const struct vma *vma = grower(space, page_floor(address));
	uint64_t start = page_floor(address);
	struct vma part;

	if (!vma
		|| host_map(start, vma->start - start, host_prot(vma->prot), MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0, false) < 0)
		return false;
	part = vma_part(vma, start, vma->start - start);
	vma_insert(space, part);
	return true;
}

bool grow_into(struct space *space, uint64_t address, uint64_t length)
{
	return length && (space_find(space, address) ? space_grow(space, address + length - 1) : space_grow(space, address));
}
