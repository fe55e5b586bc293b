/* mmap(2), munmap(2), mprotect(2): the host maps at the address that we choose, and the list follows. */
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/mem/host.h"
#include "emu/mem/vma.h"

/* The flags of mmap that a mapping keeps. */
enum { VMA_FLAGS = MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_NORESERVE | MAP_HUGETLB };

enum { PROT_ALL = PROT_READ | PROT_WRITE | PROT_EXEC };

/* --- mmap ---------------------------------------------------------------------------------------------------------- */

/* Those whose get_unmapped_area is thp_get_unmapped_area(). */
static bool has_huge_pages(long file_system)
{
	return file_system == EXT4_SUPER_MAGIC || file_system == XFS_SUPER_MAGIC || file_system == BTRFS_SUPER_MAGIC;
}

int space_file_open(struct space_file *file, int fd)
{
	struct stat status;
	struct statfs mount;
	char link[32], path[PATH_MAX];

	if (fstat(fd, &status) < 0)
		return -EBADF;
	*file = (struct space_file){ .fd = fd, .dev = status.st_dev, .inode = status.st_ino };
	file->has_end = S_ISREG(status.st_mode);
	file->zero = S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 5);
	file->size = (uint64_t)status.st_size;
	if (fstatfs(fd, &mount) == 0) {
		file->noexec = mount.f_flags & ST_NOEXEC;
		file->huge_pages = file->has_end && has_huge_pages(mount.f_type);
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	if (length > 0)
		file->name = strndup(path, (size_t)length);
	return 0;
}

void space_file_close(struct space_file *file)
{
	free(file->name);
	file->name = NULL;
}

/* Fills in the members of a mapping that come from its file. */
static void describe_file(struct vma *vma, const struct space_file *file)
{
	vma->dev = file->dev;
	vma->inode = file->inode;
	vma->noexec = file->noexec;
	vma->name = file->name ? strdup(file->name) : NULL;
	if (file->has_end) /* 1: the mapping is wholly beyond the end of the file */
		vma->file_end = vma->offset < file->size ? page_ceil(file->size - vma->offset) : 1;
}

static void describe_anonymous(struct space *space, struct vma *vma)
{
	if (vma->flags & MAP_SHARED) {
		vma->inode = space->next_shared++;
		vma->name = strdup("/dev/zero (deleted)");
	}
}

/* Has the host map what `vma` describes, `length` bytes at the right place. The list takes `vma` over. */
static int64_t map_described(struct space *space, struct vma vma, uint64_t address, uint64_t length, int flags, int fd,
	uint64_t huge_offset)
{
	if (length == 0)
		return -EINVAL;
	uint64_t alignment = place_alignment(flags);
	length = (length + alignment - 1) & ~(alignment - 1);
	int64_t place = length ? place_mapping(space, address, length, flags, huge_offset) : -ENOMEM, error;
	if (place >= 0 && vma.noexec && vma.prot & PROT_EXEC)
		return -EPERM;
	if (place < 0)
		return place;
	vma.start = (uint64_t)place;
	vma.end = vma.start + length;
	if (vma_sealed(space, vma.start, vma.end))
		return -EPERM;
	code_forget(space, vma.start, vma.end);
	error = host_map(vma.start, length, host_prot(vma.prot), flags & ~(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_32BIT | MAP_GROWSDOWN), fd,
		vma.offset, flags & MAP_FIXED);
	if (error)
		return error;
	if (vma.file_end > 1)
		vma.file_end += vma.start;
	vma_remove(space, vma.start, vma.end);
	if (vma.flags & MAP_SHARED && vma.prot & PROT_WRITE)
		code_forget_file(space, vma.dev, vma.inode);
	vma_tell(space,
		&(struct space_change){
			.kind = SPACE_MAPPED,
			.start = vma.start,
			.length = length,
			.vma = &vma,
			.fd = vma.flags & MAP_ANONYMOUS ? -1 : fd,
		});
	vma_insert(space, vma);
	return place;
}

/* Programs take what they must never touch with a mapping without access. So that of the window succeeds, and only what is outside is
 * mapped. */
static int64_t map_around_window(struct space *space, uint64_t address, uint64_t length, int flags, const struct space_file *file,
	uint64_t offset)
{
	uint64_t end = address + length;
	int64_t result = 0;

	if (address < WINDOW_START)
		result = space_mmap_file(space, address, WINDOW_START - address, PROT_NONE, flags, file, offset);
	if (result >= 0 && end > WINDOW_END)
		result = space_mmap_file(space, WINDOW_END, end - WINDOW_END, PROT_NONE, flags, file, offset + (WINDOW_END - address));
	return result < 0 ? result : (int64_t)address;
}

static bool covers_window(uint64_t address, uint64_t length, int prot, int flags)
{
	bool valid = address % GUEST_PAGE == 0 && address < GUEST_END && length < GUEST_END - address;

	return flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) && (prot & PROT_ALL) == 0 && valid && window_overlaps(address, length);
}

int64_t space_mmap_file(struct space *space, uint64_t address, uint64_t length, int prot, int flags, const struct space_file *file,
	uint64_t offset)
{
	struct vma vma = { .prot = prot & PROT_ALL, .flags = flags & VMA_FLAGS, .offset = file ? offset : 0 };
	int64_t result;

	if (offset % GUEST_PAGE)
		return -EINVAL;
	if (covers_window(address, length, prot, flags))
		return map_around_window(space, address, page_ceil(length), flags, file, offset);
	if (file && file->zero && vma.flags & MAP_SHARED)
		vma.flags |= MAP_ANONYMOUS;
	if (file && !(vma.flags & MAP_ANONYMOUS))
		describe_file(&vma, file);
	else
		describe_anonymous(space, &vma);
	result = map_described(space, vma, address, length, flags, file ? file->fd : -1,
		file && file->huge_pages ? offset : PLACE_SMALL_PAGES);
	if (result < 0)
		free(vma.name);
	return result;
}

int64_t space_mmap(struct space *space, uint64_t address, uint64_t length, int prot, int flags, int fd, uint64_t offset)
{
	struct space_file file;
	int64_t result;

	if (flags & MAP_ANONYMOUS)
		return space_mmap_file(space, address, length, prot, flags, NULL, offset);
	if (offset % GUEST_PAGE)
		return -EINVAL;
	result = space_file_open(&file, fd);
	if (result < 0)
		return result;
	result = space_mmap_file(space, address, length, prot, flags, &file, offset);
	space_file_close(&file);
	return result;
}

int64_t space_find_room(struct space *space, uint64_t length, const struct space_file *file)
{
	return place_find(space, 0, page_ceil(length), MAP_PRIVATE, file->huge_pages ? 0 : PLACE_SMALL_PAGES);
}

int64_t space_map_object(struct space *space, uint64_t address, uint64_t length, int prot, int fd, uint64_t offset, uint64_t inode)
{
	struct vma vma = { .prot = prot & PROT_ALL, .flags = MAP_SHARED, .offset = offset, .inode = inode };

	return map_described(space, vma, address, length, MAP_SHARED | MAP_FIXED, fd, PLACE_SMALL_PAGES);
}

int64_t space_map_beyond_end(struct space *space, uint64_t address, uint64_t length, int prot, int fd, uint64_t offset)
{
	struct vma vma = { .prot = prot & PROT_ALL, .flags = MAP_SHARED, .offset = offset, .inode = UINT64_MAX, .file_end = 1 };

	return map_described(space, vma, address, length, MAP_SHARED | MAP_FIXED, fd, PLACE_SMALL_PAGES);
}

static int64_t unmap_part(struct space *space, uint64_t start, uint64_t end)
{
	int64_t error;

	if (start >= end)
		return 0;
	code_forget(space, start, end);
	error = host_unmap(start, end);
	if (error)
		return error;
	vma_remove(space, start, end);
	vma_tell(space, &(struct space_change){ .kind = SPACE_UNMAPPED, .start = start, .length = end - start });
	return 0;
}

int64_t space_munmap(struct space *space, uint64_t address, uint64_t length)
{
	uint64_t end;
	int64_t error;

	if (address % GUEST_PAGE || address > GUEST_END || length > GUEST_END - address || length == 0)
		return -EINVAL;
	end = page_ceil(address + length);
	if (vma_sealed(space, address, end))
		return -EPERM;
	if (!window_overlaps(address, end - address))
		return unmap_part(space, address, end);
	error = unmap_part(space, address, WINDOW_START);
	return error ? error : unmap_part(space, WINDOW_END, end);
}

/* --- mseal ---------------------------------------------------------------------------------------------------------- */

static bool wholly_mapped(const struct space *space, uint64_t start, uint64_t end)
{
	const struct vma *vma;

	while (start < end) {
		vma = space_find(space, start);
		if (!vma)
			return false;
		start = vma->end;
	}
	return true;
}

/* As do_mseal(). The host's mappings stay open: execve(2) unmaps them. */
int64_t space_mseal(struct space *space, uint64_t address, uint64_t length, uint64_t flags)
{
	uint64_t end = address + page_ceil(length);

	if (flags || address % GUEST_PAGE || (length && page_ceil(length) == 0) || end < address)
		return -EINVAL;
	if (end == address)
		return 0;
	if (!wholly_mapped(space, address, end))
		return -ENOMEM;
	vma_set_sealed(space, address, end);
	return 0;
}

/* --- mprotect ------------------------------------------------------------------------------------------------------ */

static int64_t protect_part(struct space *space, const struct vma *vma, uint64_t start, uint64_t end, int prot)
{
	bool gains_write = vma->flags & MAP_SHARED && prot & PROT_WRITE & ~vma->prot;
	dev_t dev = vma->dev;
	ino_t inode = vma->inode;

	if (vma->flags & SPACE_SEALED)
		return -EPERM;
	if (prot & PROT_EXEC && vma->noexec)
		return -EACCES;
	if (prot == vma->prot)
		return 0;
	code_forget(space, start, end);
	if (mprotect((void *)start, end - start, host_prot(prot)) < 0)
		return -errno;
	vma_set_prot(space, start, end, prot);
	vma_tell(space, &(struct space_change){ .kind = SPACE_PROTECTED, .start = start, .length = end - start, .prot = prot });
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
	if (grows) {
		const struct vma *vma = space_find(space, address);
		if (!vma)
			return -ENOMEM;
		if (grows == PROT_GROWSUP || !(vma->flags & MAP_GROWSDOWN))
			return -EINVAL;
		address = vma->start;
	}
	while (address < end) {
		if (address >= WINDOW_START && address < WINDOW_END && !(prot & PROT_ALL)) {
			address = WINDOW_END;
			continue;
		}
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
