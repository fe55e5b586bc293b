/* The set of pages that hold decoded code, which are write-protected so that a store to them is noticed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/fatal.h"
#include "emu/mem/vma.h"

/* --- the set: open addressing, linear probing; the key is the page number plus 1, 0 means empty ------------------- */

static size_t home_slot(const struct space *space, uint64_t key)
{
	return (size_t)(key * 0x9e3779b97f4a7c15ULL >> 32) & (space->code_capacity - 1);
}

/* Returns the slot of the page, or the empty slot where it would go. */
static size_t find_slot(const struct space *space, uint64_t page)
{
	uint64_t key = page / GUEST_PAGE + 1;
	size_t slot = home_slot(space, key);
	while (space->code_pages[slot] && space->code_pages[slot] != key)
		slot = (slot + 1) & (space->code_capacity - 1);
	return slot;
}

bool code_is_on(const struct space *space, uint64_t page)
{
	return space->code_count && space->code_pages[find_slot(space, page)];
}

static void resize(struct space *space, size_t capacity)
{
	uint64_t *old = space->code_pages;
	size_t old_capacity = space->code_capacity;
	space->code_pages = fatal_unless(calloc(capacity, sizeof(uint64_t)));
	space->code_capacity = capacity;
	for (size_t i = 0; i < old_capacity; i++) {
		if (old[i])
			space->code_pages[find_slot(space, (old[i] - 1) * GUEST_PAGE)] = old[i];
	}
	free(old);
}

static void add(struct space *space, uint64_t page)
{
	if (2 * (space->code_count + 1) > space->code_capacity)
		resize(space, space->code_capacity ? 2 * space->code_capacity : 256);
	space->code_pages[find_slot(space, page)] = page / GUEST_PAGE + 1;
	space->code_count++;
	forget_plain_page(space);
}

/* Removes a page. Later keys of the same run move up to close the hole. */
static void take_out(struct space *space, uint64_t page)
{
	size_t mask = space->code_capacity - 1;
	size_t hole = find_slot(space, page);
	for (size_t i = (hole + 1) & mask; space->code_pages[i]; i = (i + 1) & mask) {
		size_t home = home_slot(space, space->code_pages[i]);
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			space->code_pages[hole] = space->code_pages[i];
			hole = i;
		}
	}
	space->code_pages[hole] = 0;
	space->code_count--;
}

/* --- protection ---------------------------------------------------------------------------------------------------- */

static void set_host_prot(uint64_t page, int prot)
{
	if (mprotect((void *)page, GUEST_PAGE, prot) == 0)
		return;
	perror("tick86: cannot change the protection of a page with code");
	abort(); /* without this protection, stale code would run, or the guest would lose access to its memory */
}

static void protect_page(struct space *space, uint64_t page, const struct vma *vma)
{
	if (code_is_on(space, page))
		return;
	add(space, page);
	if (vma->prot & PROT_WRITE)
		set_host_prot(page, host_prot(vma->prot) & ~PROT_WRITE);
}

static void lift_page(struct space *space, uint64_t page, const struct vma *vma)
{
	take_out(space, page);
	if (vma && vma->prot & PROT_WRITE)
		set_host_prot(page, host_prot(vma->prot));
}

/* Returns the address at which `other` maps the file page that `vma` maps at `page`, or 0. */
static uint64_t alias_of(const struct vma *vma, uint64_t page, const struct vma *other)
{
	uint64_t offset = vma->offset + (page - vma->start);
	if (!vma->inode || other->inode != vma->inode || other->dev != vma->dev)
		return 0;
	if (offset < other->offset || offset - other->offset >= other->end - other->start)
		return 0;
	return other->start + (offset - other->offset);
}

void space_protect_code(struct space *space, uint64_t address)
{
	uint64_t page = page_floor(address);
	const struct vma *vma = code_is_on(space, page) ? NULL : space_find(space, page);
	if (!vma)
		return;
	protect_page(space, page, vma);
	space->shared_code |= (vma->flags & MAP_SHARED) != 0;
	for (size_t i = 0; i < space->count; i++) {
		const struct vma *other = &space->vma[i];
		uint64_t alias = other->flags & MAP_SHARED ? alias_of(vma, page, other) : 0;
		if (alias)
			protect_page(space, alias, other);
	}
}

bool space_unprotect_code(struct space *space, uint64_t address)
{
	uint64_t page = page_floor(address);
	const struct vma *vma = space_find(space, page);
	if (!vma || !(vma->prot & PROT_WRITE) || !code_is_on(space, page))
		return false;
	lift_page(space, page, vma);
	space->code_changed(space->context, page, page + GUEST_PAGE);
	for (size_t i = 0; i < space->count; i++) {
		const struct vma *other = &space->vma[i];
		uint64_t alias = vma->flags & MAP_SHARED ? alias_of(vma, page, other) : 0;
		if (!alias || !code_is_on(space, alias))
			continue;
		lift_page(space, alias, other);
		space->code_changed(space->context, alias, alias + GUEST_PAGE);
	}
	return true;
}

/* Calls `visit` for each code page in the range. `visit` may remove the page from the set. */
static void for_code_pages(struct space *space, uint64_t start, uint64_t end, void (*visit)(struct space *space, uint64_t page))
{
	if ((end - start) / GUEST_PAGE <= space->code_capacity) {
		for (uint64_t page = start; page < end; page += GUEST_PAGE) {
			if (code_is_on(space, page))
				visit(space, page);
		}
		return;
	}
	size_t count = 0;
	uint64_t *pages = fatal_unless(malloc(space->code_capacity * sizeof(uint64_t)));
	for (size_t i = 0; i < space->code_capacity; i++) {
		uint64_t page = (space->code_pages[i] - 1) * GUEST_PAGE;
		if (space->code_pages[i] && page >= start && page < end)
			pages[count++] = page;
	}
	for (size_t i = 0; i < count; i++)
		visit(space, pages[i]);
	free(pages);
}

static void protect_again(struct space *space, uint64_t page)
{
	set_host_prot(page, host_prot(space_find(space, page)->prot) & ~PROT_WRITE);
}

void code_protect_again(struct space *space, const struct vma *vma)
{
	if (space->code_count)
		for_code_pages(space, vma->start, vma->end, protect_again);
}

static void forget_page(struct space *space, uint64_t page)
{
	lift_page(space, page, space_find(space, page));
}

void code_forget(struct space *space, uint64_t start, uint64_t end)
{
	size_t before = space->code_count;
	if (before == 0)
		return;
	for_code_pages(space, start, end, forget_page);
	if (space->code_count != before)
		space->code_changed(space->context, start, end);
}

/* Looks at the code pages, not at the mappings: a program may have very many of these. */
void code_forget_file(struct space *space, dev_t dev, ino_t inode)
{
	size_t count = 0;
	uint64_t *pages;

	if (space->code_count == 0)
		return;
	pages = fatal_unless(malloc(space->code_count * sizeof(uint64_t)));
	for (size_t i = 0; i < space->code_capacity; i++) {
		uint64_t page = (space->code_pages[i] - 1) * GUEST_PAGE;
		const struct vma *vma = space->code_pages[i] ? space_find(space, page) : NULL;

		if (vma && vma->inode == inode && vma->dev == dev)
			pages[count++] = page;
	}
	for (size_t i = 0; i < count; i++)
		code_forget(space, pages[i], pages[i] + GUEST_PAGE);
	free(pages);
}

/* Drops the code of shared mappings: of all of them, or of those of one file. */
static void drop_shared(struct space *space, bool all, dev_t dev, ino_t inode)
{
	for (size_t i = 0; i < space->count; i++) {
		const struct vma *vma = &space->vma[i];

		if (vma->flags & MAP_SHARED && (all || (vma->inode == inode && vma->dev == dev)))
			code_forget(space, vma->start, vma->end);
	}
}

void space_file_changed(struct space *space, dev_t dev, ino_t inode)
{
	if (space->shared_code)
		drop_shared(space, false, dev, inode);
}

void space_shared_changed(struct space *space)
{
	if (!space->shared_code)
		return;
	drop_shared(space, true, 0, 0);
	space->shared_code = false;
}

void code_forget_all(struct space *space)
{
	if (space->code_count)
		space->code_changed(space->context, 0, GUEST_END);
	free(space->code_pages);
	space->code_pages = NULL;
	space->code_count = space->code_capacity = 0;
}

static void unprotect_page(struct space *space, uint64_t page)
{
	space_unprotect_code(space, page);
}

void code_open(struct space *space, uint64_t address, uint64_t length)
{
	if (space->code_count == 0 || length == 0 || space_is_plain(space, address, length) || !space_in_guest(address, length))
		return;
	for_code_pages(space, page_floor(address), page_ceil(address + length), unprotect_page);
}

void space_prepare_write(struct space *space, uint64_t address, uint64_t length)
{
	if (address_refused(address))
		return;
	length = space_reach(address, length); /* the kernel writes up to there */
	grow_into(space, address, length);
	vma_tell(space, &(struct space_change){ .kind = SPACE_OPENED, .start = address, .length = length });
	code_open(space, address, length);
}

void space_drop_code(struct space *space, uint64_t address, uint64_t length)
{
	if (length > 0 && address < GUEST_END && length <= GUEST_END - address) /* all of it, too */
		code_forget(space, page_floor(address), page_ceil(address + length));
}

void space_prepare_poke(struct space *space, uint64_t address, uint64_t length)
{
	vma_tell(space, &(struct space_change){ .kind = SPACE_OPENED, .start = address, .length = length });
	space_drop_code(space, address, length);
}
