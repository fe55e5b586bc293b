/* The guest's address space as a whole: its beginning and end, look-ups and copies. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "emu/mem/fault.h"
#include "emu/mem/host.h"
#include "emu/mem/vma.h"

static void begin_empty(struct space *space)
{
	space->vma = space->block = NULL;
	space->count = space->capacity = 0;
	space->full.length = 0;
	space->brk_start = space->brk = 0;
	space->stack_mapped = 0;
	space_lay_out(space);
	space->code_pages = NULL;
	space->code_count = space->code_capacity = 0;
	space->shared_code = false;
	space->plain_page = NO_PAGE;
}

void space_init(struct space *space)
{
	struct rlimit limit;

	space->stack_limit = getrlimit(RLIMIT_STACK, &limit) == 0 ? limit.rlim_cur : GUEST_STACK_MAX;
	space->follow = NULL;
	space->follower = NULL;
	space->next_shared = 1;
	begin_empty(space);
}

void space_reset(struct space *space)
{
	code_forget_all(space);
	for (size_t i = 0; i < space->count; i++) {
		if (!GUEST_RESERVED)
			host_unmap(space->vma[i].start, space->vma[i].end);
		vma_free(&space->vma[i]);
	}
	if (GUEST_RESERVED)
		host_unmap_all();
	free(space->block);
	begin_empty(space);
	vma_tell(space, &(struct space_change){ .kind = SPACE_RESET });
}

const struct vma *space_find(const struct space *space, uint64_t address)
{
	size_t i = vma_lower(space, address);
	return i < space->count && space->vma[i].start <= address ? &space->vma[i] : NULL;
}

uint64_t space_mapped_until(const struct space *space, uint64_t start, uint64_t end)
{
	const struct vma *vma;

	while (start < end && (vma = space_find(space, start)))
		start = vma->end;
	return start < end ? start : end;
}

uint64_t space_next(const struct space *space, uint64_t start, uint64_t end)
{
	size_t i = vma_lower(space, start);
	uint64_t next = i < space->count ? space->vma[i].start : end;

	next = next < start ? start : next;
	return next < end ? next : end;
}

void space_set_name(struct space *space, uint64_t start, uint64_t end, const char *name)
{
	vma_set_name(space, start, end, name);
}

/* --- copies -------------------------------------------------------------------------------------------------------- */

/* Returns true if the page cannot vanish before its mapping does. A page of a file can, when the file is truncated. Memory that
 * processes share without a file cannot, nor can memory that stands for a file in a replay. */
static bool is_steady(const struct space *space, uint64_t page)
{
	const struct vma *vma = space_find(space, page);
	return vma && ((!vma->dev && !vma->file_end) || (vma->copied && page < vma->file_end));
}

/* The host's protection of a page is the guest's, except that decoded code is write-protected; it can still be read. */
bool space_read(struct space *space, uint64_t address, void *to, size_t length)
{
	return space_in_guest(address, length)
		&& (fault_copy(to, (void *)address, length)
			|| (grow_into(space, address, length) && fault_copy(to, (void *)address, length)));
}

bool space_write_checked(struct space *space, uint64_t address, const void *from, size_t length)
{
	code_open(space, address, length);
	space_note_write(space, address, length);
	if (!space_in_guest(address, length))
		return false;
	if (!fault_copy((void *)address, from, length) && !(grow_into(space, address, length) && fault_copy((void *)address, from, length)))
		return false;
	if (length > 0 && !space->follow && is_steady(space, address)) /* a follower must hear of each write */
		space->plain_page = page_floor(address);
	return true;
}

bool space_exchange(struct space *space, uint64_t address, uint32_t *old, uint32_t new)
{
	code_open(space, address, sizeof(new));
	space_note_write(space, address, sizeof(new));
	return space_in_guest(address, sizeof(new)) && fault_exchange((uint32_t *)address, old, new);
}

bool space_peek(struct space *space, uint64_t address, void *to, size_t length)
{
	const struct vma *vma = space_find(space, address);
	uint64_t start = page_floor(address), size = page_ceil(address + length) - start;
	bool lift, read;
	if (!vma || length > vma->end - address)
		return false;
	lift = !(host_prot(vma->prot) & PROT_READ);
	if (lift && mprotect((void *)start, size, PROT_READ) < 0)
		return false;
	read = fault_copy(to, (void *)address, length);
	if (lift && mprotect((void *)start, size, host_prot(vma->prot)) < 0)
		return false;
	return read;
}

static bool has_memory(const struct space *space, uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at < end;) {
		const struct vma *vma = space_find(space, at);
		if (!vma || vma->file_end)
			return false;
		at = vma->end;
	}
	return true;
}

bool space_poke(struct space *space, uint64_t address, const void *from, size_t length)
{
	if (!space_in_guest(address, length))
		return false;
	if (!has_memory(space, address, address + length)
		&& !(grow_into(space, address, length) && has_memory(space, address, address + length)))
		return false;
	code_open(space, address, length); /* this drops the code of other mappings of the same pages, too */
	space_drop_code(space, address, length);
	space_note_write(space, address, length);
	while (length > 0) {
		const struct vma *vma = space_find(space, address);
		size_t part = length < vma->end - address ? length : vma->end - address;
		uint64_t start = page_floor(address), size = page_ceil(address + part) - start;
		bool lift = !(host_prot(vma->prot) & PROT_WRITE);
		if (lift && mprotect((void *)start, size, PROT_READ | PROT_WRITE) < 0)
			return false;
		memcpy((void *)address, from, part);
		if (lift && mprotect((void *)start, size, host_prot(vma->prot)) < 0)
			return false;
		from = (const char *)from + part;
		address += part;
		length -= part;
	}
	return true;
}

int64_t space_read_string(struct space *space, uint64_t address, char *to, size_t size)
{
	size_t have = 0;
	while (have < size) {
		size_t part = GUEST_PAGE - (address + have) % GUEST_PAGE;
		if (part > size - have)
			part = size - have;
		if (!space_read(space, address + have, to + have, part))
			return -EFAULT;
		char *end = memchr(to + have, 0, part);
		if (end)
			return end - to;
		have += part;
	}
	return -ENAMETOOLONG;
}

/* --- fetching ------------------------------------------------------------------------------------------------------ */

/* Returns true if the page can be read: a mapping may reach beyond the end of its file. */
static bool page_has_bytes(const struct vma *vma, uint64_t page)
{
	char byte;
	return !vma->file_end || page < vma->file_end || fault_copy(&byte, (void *)page, 1);
}

static bool page_fetchable(const struct space *space, uint64_t page)
{
	const struct vma *vma = space_find(space, page);
	return vma && vma->prot & PROT_EXEC && page_has_bytes(vma, page);
}

size_t space_fetchable(const struct space *space, uint64_t address)
{
	uint64_t next = page_floor(address) + GUEST_PAGE;
	if (address_refused(address) || !page_fetchable(space, page_floor(address)))
		return 0;
	return next - address + (page_fetchable(space, next) ? GUEST_PAGE : 0);
}
