/* Chooses the address of a mapping as the kernel does, so that addresses equal those of a native run. */
#include <errno.h>

#include "emu/mem/vma.h"

/* Kernel defaults: vm.mmap_min_addr and the area for MAP_32BIT. */
#define MIN_ADDRESS 0x10000ULL
#define LOW_AREA_START 0x40000000ULL
#define LOW_AREA_END 0x80000000ULL
#define HUGE_PAGE 0x200000ULL

/* Returns the start of a mapping, less the gap that must stay free below a growing stack. */
static uint64_t start_with_gap(const struct vma *vma)
{
	if (!(vma->flags & MAP_GROWSDOWN))
		return vma->start;
	return vma->start > STACK_GAP ? vma->start - STACK_GAP : 0;
}

bool place_fits(const struct space *space, uint64_t start, uint64_t length)
{
	size_t i = vma_lower(space, start);
	return !window_overlaps(start, length) && (i == space->count || start + length <= start_with_gap(&space->vma[i]));
}

/* Returns the highest free place between low and high, or 0. The window is not between them. */
static uint64_t search_down(const struct space *space, uint64_t low, uint64_t high, uint64_t length, uint64_t alignment)
{
	for (size_t i = vma_lower(space, high - 1) + 1; i-- > 0;) {
		uint64_t floor = i ? space->vma[i - 1].end : 0;
		uint64_t ceiling = i < space->count ? start_with_gap(&space->vma[i]) : high;
		if (floor < low)
			floor = low;
		if (ceiling > high)
			ceiling = high;
		if (ceiling > floor && ceiling - floor >= length) {
			uint64_t start = (ceiling - length) & ~(alignment - 1);
			if (start >= floor)
				return start;
		}
		if (floor == low)
			break;
	}
	return 0;
}

/* Returns the lowest free place between them, or 0. */
static uint64_t search_up(const struct space *space, uint64_t low, uint64_t high, uint64_t length, uint64_t alignment)
{
	uint64_t start = (low + alignment - 1) & ~(alignment - 1);
	for (size_t i = vma_lower(space, start); start < high && high - start >= length; i++) {
		if (i == space->count || start + length <= start_with_gap(&space->vma[i]))
			return start;
		start = (space->vma[i].end + alignment - 1) & ~(alignment - 1);
	}
	return 0;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t search_up_around_window(const struct space *space, uint64_t low, uint64_t high, uint64_t length, uint64_t alignment)
{
	uint64_t place = search_up(space, low, lower(high, WINDOW_START), length, alignment);

	return place || high <= WINDOW_END ? place : search_up(space, higher(low, WINDOW_END), high, length, alignment);
}

static uint64_t search_down_around_window(const struct space *space, uint64_t low, uint64_t high, uint64_t length, uint64_t alignment)
{
	uint64_t place = high > WINDOW_END ? search_down(space, higher(low, WINDOW_END), high, length, alignment) : 0;

	return place ? place : search_down(space, low, lower(high, WINDOW_START), length, alignment);
}

/* The highest free place below mmap_top. A search goes on where the last one ended: new mappings leave no new place above it. */
static uint64_t search_top_down(struct space *space, uint64_t length, uint64_t alignment)
{
	bool known = space->full.length && length >= space->full.length && alignment >= space->full.alignment;
	uint64_t high = known && space->full.end < space->mmap_top ? space->full.end : space->mmap_top;
	uint64_t place = search_down_around_window(space, MIN_ADDRESS, high, length, alignment);

	space->full.length = place ? length : 0;
	space->full.alignment = alignment;
	space->full.end = place + length;
	return place;
}

/* As vm_unmapped_area() is asked by arch_get_unmapped_area_topdown() and arch_get_unmapped_area(). */
static uint64_t search(struct space *space, uint64_t length, int flags, uint64_t alignment)
{
	uint64_t place = 0;

	if (flags & MAP_32BIT)
		return search_up(space, LOW_AREA_START, LOW_AREA_END, length, alignment);
	if (space->mmap_top)
		place = search_top_down(space, length, alignment);
	return place ? place : search_up_around_window(space, GUEST_UPWARDS, GUEST_END, length, alignment);
}

/* __thp_get_unmapped_area(): so that huge pages can hold the mapping. Returns 0 if there is no such place. */
static uint64_t search_for_huge_pages(struct space *space, uint64_t length, int flags, uint64_t offset)
{
	uint64_t first = (offset + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1), place, more;

	if (offset + length < first + HUGE_PAGE)
		return 0;
	place = search(space, length + HUGE_PAGE, flags, GUEST_PAGE);
	more = (offset - place) & (HUGE_PAGE - 1);
	if (!place || more)
		return place ? place + more : 0;
	return space->mmap_top ? place + HUGE_PAGE : place;
}

uint64_t place_alignment(int flags)
{
	int size = (flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;
	if (!(flags & MAP_HUGETLB))
		return GUEST_PAGE;
	return 1ULL << (size ? size : 21);
}

/* __get_unmapped_area() since Linux 6.12: anonymous memory of whole huge pages, and files whose file system says so. */
static bool wants_huge_pages(uint64_t hint, uint64_t length, int flags, uint64_t offset)
{
	bool anonymous = flags & MAP_ANONYMOUS && !(flags & MAP_SHARED);

	if (flags & MAP_HUGETLB)
		return false;
	return anonymous ? !hint && length % HUGE_PAGE == 0 : offset != PLACE_SMALL_PAGES;
}

int64_t place_find(struct space *space, uint64_t hint, uint64_t length, int flags, uint64_t offset)
{
	uint64_t alignment = place_alignment(flags);
	uint64_t high = flags & MAP_32BIT ? LOW_AREA_END : GUEST_END;
	uint64_t place = 0;

	if (length > high)
		return -ENOMEM;
	hint = page_floor(hint) & ~(alignment - 1);
	if (hint && hint < MIN_ADDRESS)
		hint = MIN_ADDRESS;
	if (hint && hint <= high - length && place_fits(space, hint, length))
		return (int64_t)hint;
	if (wants_huge_pages(hint, length, flags, offset))
		place = search_for_huge_pages(space, length, flags, flags & MAP_ANONYMOUS ? 0 : offset);
	if (!place)
		place = search(space, length, flags, alignment);
	return place ? (int64_t)place : -ENOMEM;
}

int64_t place_mapping(struct space *space, uint64_t address, uint64_t length, int flags, uint64_t offset)
{
	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		return place_find(space, address, length, flags, offset);
	if (length > GUEST_END || address > GUEST_END - length)
		return -ENOMEM;
	if (address % GUEST_PAGE)
		return -EINVAL;
	if (flags & MAP_FIXED_NOREPLACE && !vma_range_free(space, address, address + length))
		return -EEXIST;
	return window_overlaps(address, length) ? -ENOMEM : (int64_t)address;
}
