/* Takes an address space apart and puts it up again elsewhere: for saving and restoring. */
#include "emu/mem/image.h"

#include <errno.h>
#include <string.h>

#include "emu/mem/host.h"
#include "emu/mem/vma.h"

enum { BEYOND_END = 1 << 30 }; /* offset in an empty file */

uint64_t space_content_end(const struct vma *vma)
{
	if (!vma->file_end || vma->file_end > vma->end)
		return vma->end;
	return vma->file_end < vma->start ? vma->start : vma->file_end;
}

bool space_lift_protection(const struct vma *vma, int right)
{
	int prot = host_prot(vma->prot);

	return prot & right || mprotect((void *)vma->start, vma->end - vma->start, prot | right) == 0;
}

void space_restore_protection(const struct vma *vma, int right)
{
	int prot = host_prot(vma->prot);

	if (!(prot & right))
		mprotect((void *)vma->start, vma->end - vma->start, prot);
}

/* --- putting up ----------------------------------------------------------------------------------------- */

static bool can_be(const struct space *space, const struct vma *vma)
{
	return vma->start % GUEST_PAGE == 0 && vma->end % GUEST_PAGE == 0 && vma->start < vma->end
		&& space_in_guest(vma->start, vma->end - vma->start) && vma_range_free(space, vma->start, vma->end);
}

/* Host flags of a mapping. Memory without rights must not count as used. */
static int host_flags(const struct vma *vma)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	return flags | (vma->flags & MAP_NORESERVE || !(vma->prot & PROT_WRITE) ? MAP_NORESERVE : 0);
}

static int64_t map_part(uint64_t start, uint64_t end, int prot, int flags, int fd, uint64_t offset)
{
	return start == end ? 0 : host_map(start, end - start, prot, flags, fd, offset, false);
}

int64_t space_place(struct space *space, const struct vma *vma, int fd, uint64_t offset, int beyond)
{
	uint64_t content_end = fd < 0 ? space_content_end(vma) : vma->end;
	int prot = host_prot(vma->prot);
	struct vma copy = *vma;
	int64_t error;

	if (!can_be(space, vma))
		return -EINVAL;
	if (fd < 0)
		error = map_part(vma->start, content_end, PROT_READ | PROT_WRITE, host_flags(vma), -1, 0);
	else
		error = map_part(vma->start, vma->end, prot, MAP_SHARED, fd, offset);
	error = error ? error : map_part(content_end, vma->end, prot, MAP_SHARED, beyond, BEYOND_END);
	if (error)
		return error;
	copy.name = vma->name ? strdup(vma->name) : NULL;
	vma_insert(space, copy);
	return 0;
}

static bool is_own(const struct vma *vma, uint64_t address)
{
	bool own = vma && (vma->flags & MAP_PRIVATE || vma->flags & MAP_ANONYMOUS);

	return own && address >= vma->start && address < space_content_end(vma);
}

bool space_fill(struct space *space, uint64_t address, const void *from, size_t length)
{
	if (!space_in_guest(address, length))
		return false;
	while (length > 0) {
		const struct vma *vma = space_find(space, address);
		size_t part;

		if (!is_own(vma, address))
			return false;
		part = length < space_content_end(vma) - address ? length : space_content_end(vma) - address;
		if (vma->flags & MAP_SHARED && !space_lift_protection(vma, PROT_WRITE))
			return false;
		memcpy((void *)address, from, part);
		if (vma->flags & MAP_SHARED)
			space_restore_protection(vma, PROT_WRITE);
		from = (const char *)from + part;
		address += part;
		length -= part;
	}
	return true;
}

bool space_seal(struct space *space)
{
	for (size_t k = 0; k < space->count; k++) {
		const struct vma *vma = &space->vma[k];

		if (mprotect((void *)vma->start, vma->end - vma->start, host_prot(vma->prot)) < 0)
			return false;
	}
	return true;
}
