/* The guest's address space as a whole: beginning, end, look-ups and copies. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/mem/vma.h"

static void begin_empty(struct space *space)
{
	space->vma = NULL;
	space->count = space->capacity = 0;
	space->brk_start = space->brk = 0;
	space->mmap_top = GUEST_MMAP_TOP;
	space->stack_mapped = 0;
	space->next_shared = 1;
	space->code_pages = NULL;
	space->code_count = space->code_capacity = 0;
	space->plain_page = NO_PAGE;
}

void space_init(struct space *space)
{
	struct rlimit limit;

	space->stack_limit = getrlimit(RLIMIT_STACK, &limit) == 0 ? limit.rlim_cur : GUEST_STACK_MAX;
	space->follow = NULL;
	space->follower = NULL;
	begin_empty(space);
}

void space_reset(struct space *space)
{
	vma_catch_up_growth(space);
	code_forget_all(space);
	for (size_t i = 0; i < space->count; i++) {
		munmap((void *)space->vma[i].start, space->vma[i].end - space->vma[i].start);
		free(space->vma[i].name);
	}
	free(space->vma);
	begin_empty(space);
	vma_tell(space, &(struct space_change){.kind = SPACE_RESET});
}

const struct vma *space_find(const struct space *space, uint64_t address)
{
	size_t i = vma_lower(space, address);
	return i < space->count && space->vma[i].start <= address ? &space->vma[i] : NULL;
}

void space_set_name(struct space *space, uint64_t start, uint64_t end, const char *name)
{
	vma_set_name(space, start, end, name);
}

/* --- copies -------------------------------------------------------------------------------------------------------- */

enum reach { REACH_NONE, REACH_DIRECT, REACH_BY_KERNEL };

/* Whether pages may lie beyond a file's end. What processes share without a file, and what a replay has for files, ends with its
 * mapping. */
static bool may_end_early(const struct vma *vma)
{
	return vma->dev || vma->file_end;
}

/* How the emulator may touch the range: pages of files may lie beyond the file's end, where only the kernel can look
 * without dying of SIGBUS, and where the list is behind the host (MAP_GROWSDOWN) the kernel knows best too. */
static enum reach reach(const struct space *space, uint64_t address, uint64_t length, int prot)
{
	enum reach reach = REACH_DIRECT;
	if (!space_in_guest(address, length))
		return REACH_NONE;
	for (uint64_t at = address; at < address + length;) {
		const struct vma *vma = space_find(space, at);
		if (!vma || (may_end_early(vma) && !(vma->copied && address + length <= vma->file_end)))
			return REACH_BY_KERNEL;
		if (!(host_prot(vma->prot) & prot))
			return REACH_NONE;
		at = vma->end;
	}
	return reach;
}

bool space_read(struct space *space, uint64_t address, void *to, size_t length)
{
	struct iovec local = {to, length}, remote = {(void *)address, length};
	switch (reach(space, address, length, PROT_READ)) {
	case REACH_DIRECT:
		if (length > 0) /* `to` may be NULL then */
			memcpy(to, (void *)address, length);
		return true;
	case REACH_BY_KERNEL:
		return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)length;
	default:
		return false;
	}
}

bool space_write_checked(struct space *space, uint64_t address, const void *from, size_t length)
{
	struct iovec local = {(void *)from, length}, remote = {(void *)address, length};
	space_prepare_write(space, address, length);
	switch (reach(space, address, length, PROT_WRITE)) {
	case REACH_DIRECT:
		if (length == 0)
			return true;
		memcpy((void *)address, from, length);
		space->plain_page = space->follow ? NO_PAGE : page_floor(address); /* a follower is told of each write */
		return true;
	case REACH_BY_KERNEL:
		return process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)length;
	default:
		return false;
	}
}

bool space_peek(struct space *space, uint64_t address, void *to, size_t length)
{
	const struct vma *vma = space_find(space, address);
	struct iovec local = {to, length}, remote = {(void *)address, length};
	uint64_t start = page_floor(address), size = page_ceil(address + length) - start;
	bool lift, read;
	if (!vma || length > vma->end - address)
		return false;
	lift = !(host_prot(vma->prot) & PROT_READ);
	if (lift && mprotect((void *)start, size, PROT_READ) < 0)
		return false;
	read = process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)length;
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
	if (!space_in_guest(address, length) || !has_memory(space, address, address + length))
		return false;
	space_prepare_write(space, address, length);
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

/* Whether the page can be read at all: a mapping may reach beyond the end of its file. */
static bool page_has_bytes(const struct vma *vma, uint64_t page)
{
	char byte;
	struct iovec local = {&byte, 1}, remote = {(void *)page, 1};
	if (!vma->file_end || page < vma->file_end)
		return true;
	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

static bool page_fetchable(const struct space *space, uint64_t page)
{
	const struct vma *vma = space_find(space, page);
	return vma && vma->prot & PROT_EXEC && page_has_bytes(vma, page);
}

size_t space_fetchable(const struct space *space, uint64_t address)
{
	uint64_t next = page_floor(address) + GUEST_PAGE;
	if (address >= GUEST_END || !page_fetchable(space, page_floor(address)))
		return 0;
	return next - address + (page_fetchable(space, next) ? GUEST_PAGE : 0);
}
