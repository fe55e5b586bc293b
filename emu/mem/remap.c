/* mremap(2), remap_file_pages(2). */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/mem/host.h"
#include "emu/mem/vma.h"

/* Moves a mapping on the host and in the list. The old one stays if old_length is 0 or with MREMAP_DONTUNMAP. */
static int64_t move_mapping(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length, int flags, uint64_t new)
{
	struct vma vma = vma_part(space_find(space, old), old, new_length);

	code_forget(space, old, old + old_length);
	code_forget(space, new, new + new_length);
	if (vma.flags & MAP_SHARED)
		code_forget_file(space, vma.dev, vma.inode);
	if (mremap((void *)old, old_length, new_length, flags | MREMAP_MAYMOVE | MREMAP_FIXED, (void *)new) == MAP_FAILED) {
		free(vma.name);
		return -errno;
	}
	if (!(flags & MREMAP_DONTUNMAP)) {
		host_reserve(old, old + old_length);
		vma_remove(space, old, old + old_length);
	}
	vma_remove(space, new, new + new_length);
	if (vma.file_end > 1)
		vma.file_end = vma.file_end > old ? vma.file_end - old + new : 1;
	vma.start = new;
	vma.end = new + new_length;
	vma_insert(space, vma);
	vma_tell(space,
		&(struct space_change){
			.kind = SPACE_MOVED,
			.start = old,
			.length = old_length,
			.new_start = new,
			.new_length = new_length,
			.flags = flags &MREMAP_DONTUNMAP,
		});
	return (int64_t) new;
}

static int64_t resize_in_place(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length)
{
	struct vma vma = vma_part(space_find(space, old), old, new_length);
	code_forget(space, old, old + old_length);
	host_release(old + old_length, old + new_length);
	if (mremap((void *)old, old_length, new_length, 0) == MAP_FAILED) {
		int error = errno;

		host_reserve(old + old_length, old + new_length);
		free(vma.name);
		return -error;
	}
	vma_remove(space, old, old + new_length);
	vma_insert(space, vma);
	vma_tell(space,
		&(struct space_change){
			.kind = SPACE_MOVED,
			.start = old,
			.length = old_length,
			.new_start = old,
			.new_length = new_length,
		});
	return (int64_t)old;
}

static int64_t check_mremap(uint64_t old, uint64_t old_length, uint64_t new_length, int flags, uint64_t new)
{
	if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && page_ceil(old_length) != page_ceil(new_length))
		return -EINVAL;
	if (old % GUEST_PAGE || page_ceil(new_length) == 0)
		return -EINVAL;
	if (!(flags & MREMAP_FIXED))
		return 0;
	new_length = page_ceil(new_length);
	if (new % GUEST_PAGE || new_length > GUEST_END || new > GUEST_END - new_length)
		return -EINVAL;
	if (window_overlaps(new, new_length))
		return -ENOMEM;
	return old + page_ceil(old_length) > new &&new + new_length > old ? -EINVAL : 0;
}

/* Unmaps what is beyond the new end. */
static int64_t shrink(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length)
{
	return new_length < old_length ? space_munmap(space, old + new_length, old_length - new_length) : 0;
}

static bool has_room_behind(const struct space *space, const struct vma *vma, uint64_t old, uint64_t old_length, uint64_t new_length)
{
	uint64_t old_end = old + old_length, new_end = old + new_length;
	return old_end == vma->end && new_length < GUEST_END - old && vma_range_free(space, old_end, new_end)
		&& place_fits(space, old_end, new_end - old_end);
}

static int64_t move_elsewhere(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length, int flags, uint64_t new)
{
	int64_t place = (int64_t) new;
	if (flags & MREMAP_FIXED) {
		/* The kernel shrinks before it moves. */
		int64_t error = shrink(space, old, old_length, new_length);
		if (error)
			return error;
		old_length = new_length < old_length ? new_length : old_length;
		if (vma_sealed(space, new, new + new_length))
			return -EPERM;
	} else {
		place = place_find(space, flags & MREMAP_DONTUNMAP ? new : 0, new_length, space_find(space, old)->flags, PLACE_SMALL_PAGES);
	}
	if (place < 0)
		return place;
	return (space_find(space, old)->copied ? copied_move : move_mapping)(space, old, old_length, new_length, flags, (uint64_t)place);
}

int64_t space_mremap(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length, int flags, uint64_t new)
{
	int64_t error = check_mremap(old, old_length, new_length, flags, new);
	if (error)
		return error;
	old_length = page_ceil(old_length);
	new_length = page_ceil(new_length);
	const struct vma *vma = space_find(space, old);
	if (!vma)
		return -EFAULT;
	if (vma->flags & SPACE_SEALED)
		return -EPERM;
	if (old_length == 0 && !(vma->flags & MAP_SHARED))
		return -EINVAL;
	bool stays = !(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && old_length;
	if (stays && new_length <= old_length) {
		error = shrink(space, old, old_length, new_length);
		return error ? error : (int64_t)old;
	}
	if (old_length > vma->end - old)
		return -EFAULT;
	if (stays && has_room_behind(space, vma, old, old_length, new_length))
		return vma->copied ? copied_move(space, old, old_length, new_length, flags, old)
				   : resize_in_place(space, old, old_length, new_length);
	return flags & MREMAP_MAYMOVE ? move_elsewhere(space, old, old_length, new_length, flags, new) : -ENOMEM;
}

/* Returns vma.file_end for a mapping of the file at `start` from `offset` on. */
static uint64_t file_end_at(const struct vma *vma, uint64_t start, uint64_t offset)
{
	uint64_t pages = vma->file_end > vma->start ? vma->file_end - vma->start + vma->offset : 0;

	if (!vma->file_end)
		return 0;
	return pages > offset ? start + (pages - offset) : 1;
}

/* The kernel maps another part of the same file, or of the same shared memory, in place of the old one (mm/mmap.c). The host decides if
 * it is allowed. */
int64_t space_remap_file_pages(struct space *space, uint64_t start, uint64_t size, uint64_t prot, uint64_t page, uint64_t flags)
{
	const struct vma *old;
	struct vma vma;

	start = page_floor(start);
	size = page_floor(size);
	old = space_find(space, start);
	if (!old || !(old->flags & MAP_SHARED) || !space_in_guest(start, size))
		return -EINVAL;
	if (vma_sealed(space, start, start + size))
		return -EPERM;
	code_forget(space, start, start + size);
	if (syscall(SYS_remap_file_pages, start, size, prot, page, flags) < 0)
		return -errno;
	vma = vma_part(old, start, size);
	vma.offset = page * GUEST_PAGE;
	vma.file_end = file_end_at(old, start, vma.offset);
	vma_remove(space, start, start + size);
	vma_tell(space, &(struct space_change){ .kind = SPACE_MAPPED, .start = start, .length = size, .vma = &vma, .fd = -1 });
	vma_insert(space, vma);
	return 0;
}
