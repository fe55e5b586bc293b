/* mmap and its kin: the host does the work at the place that we choose; the list follows. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/mem/vma.h"

/* What of mmap's flags distinguishes mappings. */
enum { VMA_FLAGS = MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_NORESERVE | MAP_HUGETLB };

enum { PROT_ALL = PROT_READ | PROT_WRITE | PROT_EXEC };

/* Kernel defaults: vm.mmap_min_addr, stack_guard_gap, and the area of MAP_32BIT. */
#define MIN_ADDRESS    0x10000ULL
#define STACK_GAP      (256 * GUEST_PAGE)
#define LOW_AREA_START 0x40000000ULL
#define LOW_AREA_END   0x80000000ULL

/* --- where to put a mapping ---------------------------------------------------------------------------------------- */

/* Start of a mapping and of the gap that a growing stack keeps below it. */
static uint64_t start_with_gap(const struct vma *vma)
{
	if (!(vma->flags & MAP_GROWSDOWN))
		return vma->start;
	return vma->start > STACK_GAP ? vma->start - STACK_GAP : 0;
}

static bool fits(const struct space *space, uint64_t start, uint64_t length)
{
	size_t i = vma_lower(space, start);
	return i == space->count || start + length <= start_with_gap(&space->vma[i]);
}

/* The highest free place between low and high, or 0. */
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

/* The lowest one. */
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

static uint64_t mapping_alignment(int flags)
{
	int size = (flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;
	if (!(flags & MAP_HUGETLB))
		return GUEST_PAGE;
	return 1ULL << (size ? size : 21);
}

/* Finds a place as the kernel does: the hint if it is free, else downwards from the top, else anywhere. */
static int64_t find_place(const struct space *space, uint64_t hint, uint64_t length, int flags)
{
	uint64_t alignment = mapping_alignment(flags);
	uint64_t high = flags & MAP_32BIT ? LOW_AREA_END : GUEST_END;
	uint64_t place;

	if (length > high)
		return -ENOMEM;
	hint = page_floor(hint) & ~(alignment - 1);
	if (hint && hint < MIN_ADDRESS)
		hint = MIN_ADDRESS;
	if (hint && hint <= high - length && fits(space, hint, length))
		return (int64_t)hint;
	if (flags & MAP_32BIT) {
		place = search_up(space, LOW_AREA_START, LOW_AREA_END, length, alignment);
	} else {
		place = search_down(space, MIN_ADDRESS, space->mmap_top, length, alignment);
		if (!place)
			place = search_up(space, GUEST_END / 3, GUEST_END, length, alignment);
	}
	return place ? (int64_t)place : -ENOMEM;
}

static int64_t place_mapping(const struct space *space, uint64_t address, uint64_t length, int flags)
{
	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		return find_place(space, address, length, flags);
	if (length > GUEST_END || address > GUEST_END - length)
		return -ENOMEM;
	if (address % GUEST_PAGE)
		return -EINVAL;
	if (flags & MAP_FIXED_NOREPLACE && !vma_range_free(space, address, address + length))
		return -EEXIST;
	return (int64_t)address;
}

/* --- mmap ---------------------------------------------------------------------------------------------------------- */

/* Fills in what the list says of a mapping of the descriptor. */
static int describe_file(struct vma *vma, int fd)
{
	struct stat status;
	struct statvfs mount;
	char link[32], path[PATH_MAX];

	if (fstat(fd, &status) < 0)
		return -EBADF;
	vma->dev = status.st_dev;
	vma->inode = status.st_ino;
	vma->noexec = fstatvfs(fd, &mount) == 0 && mount.f_flag & ST_NOEXEC;
	if (S_ISREG(status.st_mode) && vma->offset < (uint64_t)status.st_size)
		vma->file_end = page_ceil((uint64_t)status.st_size - vma->offset);
	else if (S_ISREG(status.st_mode))
		vma->file_end = 1; /* nothing of it: any address is beyond */
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path - 1);
	if (length > 0) {
		path[length] = 0;
		vma->name = strdup(path);
	}
	return 0;
}

static int describe(struct space *space, struct vma *vma, int fd)
{
	if (!(vma->flags & MAP_ANONYMOUS))
		return describe_file(vma, fd);
	if (vma->flags & MAP_SHARED) {
		vma->inode = space->next_shared++;
		vma->name = strdup("/dev/zero (deleted)");
	}
	return 0;
}

/* The host maps what `vma` describes, of `length` bytes, where it is to go; the list takes it over. */
static int64_t map_described(struct space *space, struct vma vma, uint64_t address, uint64_t length, int flags, int fd)
{
	if (length == 0)
		return -EINVAL;
	uint64_t alignment = mapping_alignment(flags);
	length = (length + alignment - 1) & ~(alignment - 1);
	int64_t place = length ? place_mapping(space, address, length, flags) : -ENOMEM;
	if (place >= 0 && vma.noexec && vma.prot & PROT_EXEC)
		return -EPERM;
	if (place < 0)
		return place;
	vma.start = (uint64_t)place;
	vma.end = vma.start + length;
	code_forget(space, vma.start, vma.end);
	int host_flags = flags & ~(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_32BIT);
	host_flags |= flags & MAP_FIXED ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	if (mmap((void *)vma.start, length, host_prot(vma.prot), host_flags, fd, (off_t)vma.offset) == MAP_FAILED)
		return -errno;
	if (vma.file_end > 1)
		vma.file_end += vma.start;
	vma_remove(space, vma.start, vma.end);
	if (vma.flags & MAP_SHARED && vma.prot & PROT_WRITE)
		code_forget_file(space, vma.dev, vma.inode);
	vma_tell(space, &(struct space_change){
		.kind = SPACE_MAPPED, .start = vma.start, .length = length, .vma = &vma, .fd = vma.flags & MAP_ANONYMOUS ? -1 : fd,
	});
	vma_insert(space, vma);
	return place;
}

int64_t space_mmap(struct space *space, uint64_t address, uint64_t length, int prot, int flags, int fd, uint64_t offset)
{
	struct vma vma = {.prot = prot & PROT_ALL, .flags = flags & VMA_FLAGS, .offset = offset};

	if (offset % GUEST_PAGE)
		return -EINVAL;
	vma_catch_up_growth(space);
	int64_t result = describe(space, &vma, fd);
	if (result == 0)
		result = map_described(space, vma, address, length, flags, fd);
	if (result < 0)
		free(vma.name);
	return result;
}

int64_t space_map_object(struct space *space, uint64_t address, uint64_t length, int prot, int fd, uint64_t offset, uint64_t inode)
{
	struct vma vma = {.prot = prot & PROT_ALL, .flags = MAP_SHARED, .offset = offset, .inode = inode};

	return map_described(space, vma, address, length, MAP_SHARED | MAP_FIXED, fd);
}

int64_t space_map_beyond_end(struct space *space, uint64_t address, uint64_t length, int prot, int fd, uint64_t offset)
{
	struct vma vma = {.prot = prot & PROT_ALL, .flags = MAP_SHARED, .offset = offset, .inode = UINT64_MAX, .file_end = 1};

	return map_described(space, vma, address, length, MAP_SHARED | MAP_FIXED, fd);
}

/* The pages are copied aside, and back: in place they could not be replaced without losing them. */
bool space_privatize(struct vma *vma, uint64_t end)
{
	uint64_t start = vma->start;
	int prot = vma->prot;
	void *copy = mmap(NULL, end - start, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		return false;
	struct iovec to = {copy, end - start}, from = {(void *)start, end - start};
	if (!(host_prot(prot) & PROT_READ) && mprotect((void *)start, end - start, PROT_READ) < 0)
		to.iov_len = 0;
	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)(end - start) || mprotect(copy, end - start, host_prot(prot)) < 0 ||
	    mremap(copy, end - start, end - start, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start) == MAP_FAILED) {
		mprotect((void *)start, end - start, host_prot(prot));
		munmap(copy, end - start);
		return false;
	}
	return vma->copied = true;
}

int64_t space_munmap(struct space *space, uint64_t address, uint64_t length)
{
	if (address % GUEST_PAGE || address > GUEST_END || length > GUEST_END - address || length == 0)
		return -EINVAL;
	uint64_t end = page_ceil(address + length);
	vma_catch_up_growth(space);
	code_forget(space, address, end);
	if (munmap((void *)address, end - address) < 0)
		return -errno;
	vma_remove(space, address, end);
	vma_tell(space, &(struct space_change){.kind = SPACE_UNMAPPED, .start = address, .length = end - address});
	return 0;
}

/* --- mprotect ------------------------------------------------------------------------------------------------------ */

static int64_t protect_part(struct space *space, const struct vma *vma, uint64_t start, uint64_t end, int prot)
{
	bool gains_write = vma->flags & MAP_SHARED && prot & PROT_WRITE & ~vma->prot;
	dev_t dev = vma->dev;
	ino_t inode = vma->inode;

	if (prot & PROT_EXEC && vma->noexec)
		return -EACCES;
	if (prot == vma->prot)
		return 0;
	code_forget(space, start, end);
	if (mprotect((void *)start, end - start, host_prot(prot)) < 0)
		return -errno;
	vma_set_prot(space, start, end, prot);
	vma_tell(space, &(struct space_change){.kind = SPACE_PROTECTED, .start = start, .length = end - start, .prot = prot});
	if (gains_write)
		code_forget_file(space, dev, inode);
	return 0;
}

int64_t space_mprotect(struct space *space, uint64_t address, uint64_t length, int prot)
{
	int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	uint64_t end = address + page_ceil(length);

	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || address % GUEST_PAGE)
		return -EINVAL;
	if (length == 0)
		return 0;
	if (end <= address)
		return -ENOMEM;
	if (prot & ~(PROT_ALL | PROT_GROWSDOWN | PROT_GROWSUP | 0x8 /* PROT_SEM */))
		return -EINVAL;
	vma_catch_up_growth(space);
	if (grows) {
		const struct vma *vma = space_find(space, address);
		if (!vma)
			return -ENOMEM;
		if (grows == PROT_GROWSUP || !(vma->flags & MAP_GROWSDOWN))
			return -EINVAL;
		address = vma->start;
	}
	while (address < end) {
		const struct vma *vma = space_find(space, address);
		if (!vma)
			return -ENOMEM;
		uint64_t stop = vma->end < end ? vma->end : end;
		int64_t result = protect_part(space, vma, address, stop, prot & PROT_ALL);
		if (result < 0)
			return result;
		address = stop;
	}
	return 0;
}

/* --- mremap -------------------------------------------------------------------------------------------------------- */

static struct vma part_of(const struct vma *vma, uint64_t start, uint64_t length)
{
	struct vma part = *vma;
	part.name = vma->name ? strdup(vma->name) : NULL;
	if (part.inode)
		part.offset += start - vma->start;
	part.start = start;
	part.end = start + length;
	return part;
}

/* Host and list move, or copy where the old place stays (old_length 0, MREMAP_DONTUNMAP). */
static int64_t move_mapping(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length, int flags,
                            uint64_t new)
{
	struct vma vma = part_of(space_find(space, old), old, new_length);

	code_forget(space, old, old + old_length);
	code_forget(space, new, new + new_length);
	if (vma.flags & MAP_SHARED)
		code_forget_file(space, vma.dev, vma.inode);
	if (mremap((void *)old, old_length, new_length, flags | MREMAP_MAYMOVE | MREMAP_FIXED, (void *)new) ==
	    MAP_FAILED) {
		free(vma.name);
		return -errno;
	}
	if (!(flags & MREMAP_DONTUNMAP))
		vma_remove(space, old, old + old_length);
	vma_remove(space, new, new + new_length);
	if (vma.file_end > 1)
		vma.file_end = vma.file_end > old ? vma.file_end - old + new : 1;
	vma.start = new;
	vma.end = new + new_length;
	vma_insert(space, vma);
	vma_tell(space, &(struct space_change){
		.kind = SPACE_MOVED, .start = old, .length = old_length, .new_start = new, .new_length = new_length,
		.flags = flags & MREMAP_DONTUNMAP,
	});
	return (int64_t)new;
}

static int64_t resize_in_place(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length)
{
	struct vma vma = part_of(space_find(space, old), old, new_length);
	code_forget(space, old, old + old_length);
	if (mremap((void *)old, old_length, new_length, 0) == MAP_FAILED) {
		free(vma.name);
		return -errno;
	}
	vma_remove(space, old, old + new_length);
	vma_insert(space, vma);
	vma_tell(space, &(struct space_change){
		.kind = SPACE_MOVED, .start = old, .length = old_length, .new_start = old, .new_length = new_length,
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
	return old + page_ceil(old_length) > new && new + new_length > old ? -EINVAL : 0;
}

int64_t space_mremap(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length, int flags, uint64_t new)
{
	int64_t error = check_mremap(old, old_length, new_length, flags, new);
	if (error)
		return error;
	vma_catch_up_growth(space);
	old_length = page_ceil(old_length);
	new_length = page_ceil(new_length);
	const struct vma *vma = space_find(space, old);
	if (!vma)
		return -EFAULT;
	if (old_length == 0 && !(vma->flags & MAP_SHARED))
		return -EINVAL;
	bool stays = !(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && old_length;
	if (stays && new_length <= old_length) {
		if (new_length < old_length)
			error = space_munmap(space, old + new_length, old_length - new_length);
		return error ? error : (int64_t)old;
	}
	if (old_length > vma->end - old)
		return -EFAULT;
	uint64_t old_end = old + old_length, new_end = old + new_length;
	if (stays && old_end == vma->end && new_length < GUEST_END - old && vma_range_free(space, old_end, new_end) &&
	    fits(space, old_end, new_end - old_end))
		return resize_in_place(space, old, old_length, new_length);
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	if (flags & MREMAP_FIXED) {
		/* The kernel shrinks before it moves. */
		if (new_length < old_length)
			error = space_munmap(space, old + new_length, old_length - new_length);
		if (error)
			return error;
		old_length = new_length < old_length ? new_length : old_length;
	} else {
		int64_t place = find_place(space, flags & MREMAP_DONTUNMAP ? new : 0, new_length, vma->flags);
		if (place < 0)
			return place;
		new = (uint64_t)place;
	}
	return move_mapping(space, old, old_length, new_length, flags, new);
}

/* --- brk, madvise, the stack --------------------------------------------------------------------------------------- */

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
		if (!fits(space, old_end, new_end - old_end + GUEST_PAGE))
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

/* Advice after which the pages may hold something else, or must be writable for the host. */
static bool advice_changes_pages(int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_POPULATE_WRITE:
	case 24: /* MADV_DONTNEED_LOCKED */
		return true;
	default:
		return false;
	}
}

int64_t space_madvise(struct space *space, uint64_t address, uint64_t length, int advice)
{
	if (address % GUEST_PAGE || address > GUEST_END || (length && page_ceil(length) == 0))
		return -EINVAL;
	if (!space_in_guest(address, page_ceil(length)))
		return -ENOMEM;
	if (advice == MADV_HWPOISON || advice == 101 /* MADV_SOFT_OFFLINE */)
		return -EPERM;
	if (advice_changes_pages(advice))
		code_forget(space, address, address + page_ceil(length));
	if (advice == MADV_FREE && space->follow)
		advice = MADV_DONTNEED; /* when pages vanish is then no matter of the host's memory */
	if (madvise((void *)address, length, advice) < 0)
		return -errno;
	if (advice_changes_pages(advice))
		vma_tell(space, &(struct space_change){
			.kind = SPACE_DISCARDED, .start = address, .length = page_ceil(length), .advice = advice,
		});
	return 0;
}

static int64_t map_stack_part(struct space *space, uint64_t start, uint64_t end, int prot)
{
	int64_t result = space_mmap(space, start, end - start, prot,
	                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (result < 0)
		return result;
	size_t i = vma_lower(space, start);
	struct vma vma = part_of(&space->vma[i], start, end - start);
	vma_remove(space, start, end);
	free(vma.name);
	vma.name = strdup("[stack]");
	vma.flags |= MAP_GROWSDOWN; /* as the guest sees it (PROT_GROWSDOWN works on it) */
	vma_insert(space, vma);
	return 0;
}

static uint64_t clamp_stack(uint64_t limit)
{
	if (limit > GUEST_STACK_CEILING)
		return GUEST_STACK_CEILING;
	/* The kernel's own minimum for arguments and a little stack. */
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
