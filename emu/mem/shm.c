/* System V shared memory in the guest's address space. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>

#include "emu/mem/host.h"
#include "emu/mem/vma.h"

static int shm_prot(int flags)
{
	return PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
}

/* Chooses where to attach: our own place, or the guest's, rounded down with SHM_RND. Reserves it with a mapping without access. */
static int64_t reserve(struct space *space, uint64_t address, uint64_t length, int flags)
{
	int fixed = flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	if (!address && flags & SHM_REMAP)
		return -EINVAL;
	if (address % SHMLBA && !(flags & SHM_RND))
		return -EINVAL;
	if (window_overlaps(page_floor(address), length))
		return -EINVAL;
	int64_t place = space_mmap(space, page_floor(address), length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | (address ? fixed : 0), -1,
		0);
	return place == -EEXIST ? -EINVAL : place;
}

int64_t space_shmat(struct space *space, int id, uint64_t address, int flags)
{
	struct shmid_ds segment;
	char name[32];

	if (shmctl(id, IPC_STAT, &segment) < 0)
		return -errno;
	uint64_t length = page_ceil(segment.shm_segsz);
	int64_t place = reserve(space, address, length, flags);
	if (place < 0)
		return place;
	if (shmat(id, (void *)place, (flags & ~(SHM_RND | SHM_EXEC)) | SHM_REMAP) == (void *)-1) {
		int error = errno;
		space_munmap(space, (uint64_t)place, length);
		return -error;
	}
	snprintf(name, sizeof(name), "/SYSV%08x (deleted)", (unsigned)segment.shm_perm.__key);
	vma_remove(space, (uint64_t)place, (uint64_t)place + length);
	code_forget_file(space, 0, SPACE_SYSV + (ino_t)id);
	struct vma vma = { .start = (uint64_t)place,
		.end = (uint64_t)place + length,
		.prot = shm_prot(flags),
		.flags = MAP_SHARED,
		.inode = SPACE_SYSV + (ino_t)id,
		.name = strdup(name) };
	vma_tell(space, &(struct space_change){ .kind = SPACE_MAPPED, .start = vma.start, .length = length, .vma = &vma, .fd = -1 });
	vma_insert(space, vma);
	return place;
}

/* Returns true if the mapping belongs to a segment whose attachment begins at `address`. */
static bool is_attached(const struct vma *vma, uint64_t address)
{
	return vma->name && strncmp(vma->name, "/SYSV", 5) == 0 && vma->offset == vma->start - address;
}

static void remove_part(struct space *space, uint64_t start, uint64_t end)
{
	host_reserve(start, end);
	vma_remove(space, start, end);
	vma_tell(space, &(struct space_change){ .kind = SPACE_UNMAPPED, .start = start, .length = end - start });
}

/* Sealed parts stay, which the host does not know of. */
static int64_t detach_unsealed(struct space *space, size_t first, uint64_t address)
{
	ino_t inode = space->vma[first].inode;

	for (size_t i = first; i < space->count;) {
		struct vma *vma = &space->vma[i];

		if (vma->inode != inode || !is_attached(vma, address) || space_munmap(space, vma->start, vma->end - vma->start) < 0)
			i++;
	}
	return 0;
}

/* Detaches all that is left of the attachment that began at `address`, even if parts have other rights now or are gone (do_shmdt()). */
int64_t space_shmdt(struct space *space, uint64_t address)
{
	size_t i = vma_lower(space, address);
	ino_t inode;

	while (i < space->count && !(space->vma[i].start >= address && is_attached(&space->vma[i], address)))
		i++;
	if (address % GUEST_PAGE || i == space->count)
		return -EINVAL;
	if (vma_sealed(space, address, space->vma[space->count - 1].end))
		return detach_unsealed(space, i, address);
	inode = space->vma[i].inode;
	for (size_t k = i; k < space->count; k++)
		if (space->vma[k].inode == inode && is_attached(&space->vma[k], address))
			code_forget(space, space->vma[k].start, space->vma[k].end);
	if (shmdt((void *)address) < 0)
		return -errno;
	while (i < space->count) {
		const struct vma *vma = &space->vma[i];

		if (vma->inode == inode && is_attached(vma, address))
			remove_part(space, vma->start, vma->end);
		else
			i++;
	}
	return 0;
}
