/* The sorted list of mappings. */
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/fatal.h"
#include "emu/mem/vma.h"

static bool same_name(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool pages_continue(const struct vma *a, const struct vma *b)
{
	return a->file_pages ? a->file_pages + (a->end - a->start) == b->file_pages : !b->file_pages;
}

/* Returns true if `b`, which begins where `a` ends, can be joined to it. */
static bool continues(const struct vma *a, const struct vma *b)
{
	return a->end == b->start && a->prot == b->prot && a->flags == b->flags && a->dev == b->dev && a->inode == b->inode
		&& a->tag == b->tag && a->noexec == b->noexec && a->copied == b->copied && same_name(a->name, b->name)
		&& a->dont_fork == b->dont_fork && a->wipe_on_fork == b->wipe_on_fork && pages_continue(a, b)
		&& (a->inode == 0 || a->offset + (a->end - a->start) == b->offset);
}

/* The list lies in a block with free slots on both sides, so that a change moves the shorter part of it: mappings are placed from the top
 * down, each below those before it, and a program may have 65,530. */
static void make_room(struct space *space, bool before)
{
	size_t first = (size_t)(space->vma - space->block);
	struct vma *block;

	if (before ? first : space->capacity - first - space->count)
		return;
	space->capacity = 2 * space->count + 64;
	block = fatal_unless(malloc(space->capacity * sizeof(struct vma)));
	first = (space->capacity - space->count) / 2;
	if (space->count)
		memcpy(&block[first], space->vma, space->count * sizeof(struct vma));
	free(space->block);
	space->block = block;
	space->vma = &block[first];
}

static void open_slot(struct space *space, size_t at)
{
	bool before = at < space->count / 2;

	make_room(space, before);
	if (before) {
		space->vma--;
		memmove(space->vma, space->vma + 1, at * sizeof(struct vma));
	} else {
		memmove(&space->vma[at + 1], &space->vma[at], (space->count - at) * sizeof(struct vma));
	}
	space->count++;
}

/* Their content must have been freed. */
static void close_slots(struct space *space, size_t at, size_t many)
{
	size_t after = space->count - at - many;

	if (at < after) {
		memmove(&space->vma[many], space->vma, at * sizeof(struct vma));
		space->vma += many;
	} else {
		memmove(&space->vma[at], &space->vma[at + many], after * sizeof(struct vma));
	}
	space->count -= many;
}

/* The list's invariant: mappings are whole pages, in order of address, and do not overlap. */
static bool sorted(const struct space *space)
{
	for (size_t i = 0; i < space->count; i++) {
		const struct vma *vma = &space->vma[i];

		if (vma->start >= vma->end || vma->start % GUEST_PAGE || vma->end % GUEST_PAGE || (i > 0 && vma[-1].end > vma->start))
			return false;
	}
	return true;
}

size_t vma_lower(const struct space *space, uint64_t address)
{
	size_t low = 0, high = space->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (space->vma[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool vma_range_free(const struct space *space, uint64_t start, uint64_t end)
{
	size_t i = vma_lower(space, start);
	return i == space->count || space->vma[i].start >= end;
}

/* Makes `address` the edge of a mapping if it lies within one. Returns the index of the first mapping above it. */
static size_t split(struct space *space, uint64_t address)
{
	size_t i = vma_lower(space, address);
	if (i == space->count || space->vma[i].start >= address)
		return i;
	open_slot(space, i);
	struct vma *low = &space->vma[i], *high = low + 1;
	*low = *high;
	low->name = high->name ? strdup(high->name) : NULL;
	low->end = address;
	high->start = address;
	if (high->inode)
		high->offset += address - low->start;
	if (high->file_pages)
		high->file_pages += address - low->start;
	return i + 1;
}

/* Joins the mappings from the one before index `first` to the one after index `last`. */
static void merge(struct space *space, size_t first, size_t last)
{
	size_t i = last + 1 < space->count ? last + 1 : space->count - 1;
	for (; i > 0 && i + 1 > first; i--) {
		struct vma *a = &space->vma[i - 1], *b = &space->vma[i];
		if (!continues(a, b))
			continue;
		a->end = b->end;
		free(b->name);
		close_slots(space, i, 1);
	}
}

void vma_insert(struct space *space, struct vma vma)
{
	size_t i = vma_lower(space, vma.start);
	forget_plain_page(space);
	open_slot(space, i);
	space->vma[i] = vma;
	merge(space, i, i);
	CHECK(sorted(space));
}

void vma_remove(struct space *space, uint64_t start, uint64_t end)
{
	size_t first = split(space, start), last = split(space, end);
	if (first == last)
		return;
	forget_plain_page(space);
	space->full.length = 0;
	for (size_t i = first; i < last; i++)
		vma_free(&space->vma[i]);
	close_slots(space, first, last - first);
	CHECK(sorted(space) && vma_range_free(space, start, end));
}

void vma_free(struct vma *vma)
{
	free(vma->name);
	if (vma->file_pages)
		munmap((void *)vma->file_pages, vma->end - vma->start);
}

void vma_set_fork(struct space *space, uint64_t start, uint64_t end, int advice)
{
	size_t first = split(space, start), last = split(space, end);
	for (size_t i = first; i < last; i++) {
		if (advice == MADV_DONTFORK || advice == MADV_DOFORK)
			space->vma[i].dont_fork = advice == MADV_DONTFORK;
		else
			space->vma[i].wipe_on_fork = advice == MADV_WIPEONFORK;
	}
	if (first < last)
		merge(space, first, last - 1);
}

void vma_set_prot(struct space *space, uint64_t start, uint64_t end, int prot)
{
	size_t first = split(space, start), last = split(space, end);
	forget_plain_page(space);
	for (size_t i = first; i < last; i++)
		space->vma[i].prot = prot;
	if (first < last)
		merge(space, first, last - 1);
	CHECK(sorted(space));
}

void vma_set_sealed(struct space *space, uint64_t start, uint64_t end)
{
	size_t first = split(space, start), last = split(space, end);
	for (size_t i = first; i < last; i++)
		space->vma[i].flags |= SPACE_SEALED;
	if (first < last)
		merge(space, first, last - 1);
}

bool vma_sealed(const struct space *space, uint64_t start, uint64_t end)
{
	for (size_t i = vma_lower(space, start); i < space->count && space->vma[i].start < end; i++)
		if (space->vma[i].flags & SPACE_SEALED)
			return true;
	return false;
}

void vma_set_name(struct space *space, uint64_t start, uint64_t end, const char *name)
{
	size_t first = split(space, start), last = split(space, end);
	for (size_t i = first; i < last; i++) {
		free(space->vma[i].name);
		space->vma[i].name = name ? strdup(name) : NULL;
	}
	if (first < last)
		merge(space, first, last - 1);
}

struct vma vma_part(const struct vma *vma, uint64_t start, uint64_t length)
{
	struct vma part = *vma;
	part.name = vma->name ? strdup(vma->name) : NULL;
	if (part.inode)
		part.offset += start - vma->start;
	part.file_pages = 0;
	part.start = start;
	part.end = start + length;
	return part;
}
