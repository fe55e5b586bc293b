/* Memory that can be taken back: a page is copied when the guest first writes it, which page protection shows. */
#include "emu/mem/undo.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "emu/cpu/fatal.h"
#include "emu/mem/fault.h"
#include "emu/mem/vma.h"

/* A page that the guest has written. It stays writable until it has not been written between so many marks: a fault costs more than
 * comparing it for a while. */
enum { IDLE_MARKS = 16 };

struct undo_page {
	uint64_t address;
	uint8_t *before; /* its bytes at the mark, or when it was first written */
	uint8_t *kept;   /* its bytes when undo_back was called; the second half of the same memory */
	unsigned idle;
};

struct undo {
	struct space *space;
	struct undo_page *page; /* in the order of first writes */
	size_t count, capacity;
};

struct undo *undo_create(struct space *space)
{
	struct undo *undo = fatal_unless(calloc(1, sizeof(*undo)));

	undo->space = space;
	return undo;
}

/* --- protection -------------------------------------------------------------------------------------------- */

/* Lifting is not undone by a failure: the host has protected the same ranges before. */
static void protect(uint64_t start, uint64_t end, int prot)
{
	fatal_unless(mprotect((void *)start, end - start, prot) == 0 ? (void *)start : NULL);
}

static void protect_all(const struct undo *undo, bool on)
{
	for (size_t k = 0; k < undo->space->count; k++) {
		const struct vma *vma = &undo->space->vma[k];

		if (!(vma->prot & PROT_WRITE))
			continue;
		protect(vma->start, vma->end, on ? host_prot(vma->prot) & ~PROT_WRITE : host_prot(vma->prot));
		if (!on)
			code_protect_again(undo->space, vma);
	}
}

static const struct undo_page *find(const struct undo *undo, uint64_t address)
{
	for (size_t k = undo->count; k-- > 0;)
		if (undo->page[k].address == address)
			return &undo->page[k];
	return NULL;
}

/* The host counts a part of a System V segment as an attachment, and does not join parts again (shm_open()): its pages go together. */
static bool is_one(const struct vma *vma)
{
	return vma->dev == 0 && vma->inode / SPACE_SYSV == 1;
}

static void add(struct undo *undo, uint64_t address)
{
	uint8_t *copies = fatal_unless(malloc(2 * GUEST_PAGE));

	if (!fault_copy(copies, (const void *)address, GUEST_PAGE)) { /* beyond the end of a file: the write will fault, too */
		free(copies);
		return;
	}
	memcpy(copies + GUEST_PAGE, copies, GUEST_PAGE);
	if (undo->count == undo->capacity) {
		undo->capacity = undo->capacity ? 2 * undo->capacity : 64;
		undo->page = fatal_unless(realloc(undo->page, undo->capacity * sizeof(*undo->page)));
	}
	undo->page[undo->count++] = (struct undo_page){ address, copies, copies + GUEST_PAGE, 0 };
}

bool undo_take(struct undo *undo, uint64_t address)
{
	uint64_t page = page_floor(address);
	const struct vma *vma = space_find(undo->space, page);
	uint64_t start = page, end = page + GUEST_PAGE;

	if (!vma || !(vma->prot & PROT_WRITE) || find(undo, page))
		return false;
	if (is_one(vma)) {
		start = vma->start;
		end = vma->end;
	}
	for (uint64_t each = start; each < end; each += GUEST_PAGE)
		add(undo, each);
	if (code_is_on(undo->space, page))
		return false;
	protect(start, end, host_prot(vma->prot));
	return true;
}

static void forget(struct undo *undo, size_t k)
{
	free(undo->page[k].before);
	undo->count--;
	memmove(&undo->page[k], &undo->page[k + 1], (undo->count - k) * sizeof(*undo->page));
}

void undo_begin(struct undo *undo)
{
	protect_all(undo, true);
	undo->space->undo = undo;
}

void undo_end(struct undo *undo)
{
	undo->space->undo = NULL;
	while (undo->count)
		forget(undo, undo->count - 1);
	protect_all(undo, false);
}

/* --- contents ---------------------------------------------------------------------------------------------- */

void undo_mark(struct undo *undo)
{
	for (size_t k = undo->count; k-- > 0;) {
		struct undo_page *page = &undo->page[k];

		if (memcmp(page->before, (const void *)page->address, GUEST_PAGE)) {
			memcpy(page->before, (const void *)page->address, GUEST_PAGE);
			page->idle = 0;
		} else if (++page->idle > IDLE_MARKS) {
			const struct vma *vma = space_find(undo->space, page->address);

			if (is_one(vma))
				continue;
			protect(page->address, page->address + GUEST_PAGE, host_prot(vma->prot) & ~PROT_WRITE);
			forget(undo, k);
		}
	}
}

/* The last page first: two mappings of one page of a file are two pages here, and the one written first has the older bytes. */
void undo_back(struct undo *undo)
{
	for (size_t k = undo->count; k-- > 0;) {
		const struct undo_page *page = &undo->page[k];

		memcpy(page->kept, (const void *)page->address, GUEST_PAGE);
	}
	for (size_t k = undo->count; k-- > 0;) {
		const struct undo_page *page = &undo->page[k];

		if (!memcmp(page->before, (const void *)page->address, GUEST_PAGE))
			continue;
		space_unprotect_code(undo->space, page->address);
		memcpy((void *)page->address, page->before, GUEST_PAGE);
	}
}

bool undo_differs(const struct undo *undo, uint64_t *address, uint8_t *kept)
{
	for (size_t k = 0; k < undo->count; k++) {
		const struct undo_page *page = &undo->page[k];
		const uint8_t *now = (const uint8_t *)page->address;

		if (!memcmp(page->kept, now, GUEST_PAGE))
			continue;
		for (*address = page->address; *now == page->kept[*address - page->address]; now++)
			++*address;
		*kept = page->kept[*address - page->address];
		return true;
	}
	return false;
}
