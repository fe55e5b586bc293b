/* Private mappings of files whose pages are copies. A recording cannot follow later changes of the file, so in a recorded run the pages
 * are copied when the file is mapped, and changes of the file no longer show. Where the kernel would read the file again, so does this
 * code: from a second mapping of the file, hidden from the guest. */
#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/mem/image.h"
#include "emu/mem/vma.h"

/* Copies up to the file's end, beyond which there are no pages. Returns how many bytes were copied. */
static uint64_t copy_pages(void *to, uint64_t from, uint64_t length)
{
	struct iovec there = { to, length }, here = { (void *)from, length };
	ssize_t copied = length ? process_vm_readv(getpid(), &there, 1, &here, 1, 0) : 0;

	return copied < 0 ? 0 : (uint64_t)copied;
}

/* The same from guest memory, whatever its protection is. */
static uint64_t copy_guest_pages(void *to, const struct vma *vma, uint64_t from, uint64_t length)
{
	uint64_t copied;
	int prot = host_prot(vma->prot);

	if (!(prot & PROT_READ) && mprotect((void *)from, length, PROT_READ) < 0)
		return 0;
	copied = copy_pages(to, from, length);
	if (!(prot & PROT_READ))
		mprotect((void *)from, length, prot);
	return copied;
}

static void *new_pages(uint64_t length)
{
	void *pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

/* Moves anonymous pages to a place in the guest's space. */
static bool put_pages(void *pages, uint64_t length, uint64_t at, int prot)
{
	return mprotect(pages, length, host_prot(prot)) == 0
		&& mremap(pages, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)at) != MAP_FAILED;
}

/* If the file cannot be mapped a second time, it is a device, which has no content to copy again. */
void space_follow_file(struct vma *vma, int fd)
{
	void *pages = MAP_FAILED;

	if (fd >= 0 && vma->file_end)
		pages = mmap(NULL, vma->end - vma->start, PROT_READ, MAP_SHARED, fd, (off_t)vma->offset);
	vma->file_pages = pages == MAP_FAILED ? 0 : (uint64_t)pages;
	vma->copied = true;
}

static uint64_t own_pages(const struct vma *vma, uint64_t address)
{
	return vma->file_pages + (address - vma->start);
}

/* The pages are copied to another place and back: replacing them in place would lose them. */
bool space_copy_file(const struct vma *vma, uint64_t start, uint64_t end)
{
	void *copy = new_pages(end - start);
	uint64_t copied;

	if (!copy)
		return false;
	if (vma->file_pages)
		copied = copy_pages(copy, own_pages(vma, start), end - start);
	else
		copied = copy_guest_pages(copy, vma, start, end - start);
	if (copied == end - start && put_pages(copy, end - start, start, vma->prot))
		return true;
	munmap(copy, end - start);
	return false;
}

bool space_file_has(struct space *space, const struct vma *vma, uint64_t address)
{
	char byte;

	return vma->file_pages ? copy_pages(&byte, own_pages(vma, address), 1) == 1 : space_peek(space, address, &byte, 1);
}

void copied_refill(const struct vma *vma, uint64_t start, uint64_t end)
{
	uint64_t stop = space_content_end(vma) < end ? space_content_end(vma) : end;
	int prot = host_prot(vma->prot);

	if (!vma->file_pages || start >= stop)
		return;
	if (!(prot & PROT_WRITE) && mprotect((void *)start, stop - start, PROT_READ | PROT_WRITE) < 0)
		return;
	copy_pages((void *)start, own_pages(vma, start), stop - start);
	if (!(prot & PROT_WRITE))
		mprotect((void *)start, stop - start, prot);
}

int64_t copied_refuses(const struct vma *vma, int advice)
{
	switch (advice) {
	case MADV_FREE:
	case MADV_WIPEONFORK: return vma->file_end ? -EINVAL : 0; /* madvise_free_single_vma(), madvise_vma_behavior() */
	case MADV_REMOVE: return vma->file_end ? -EACCES : 0;     /* madvise_remove() */
	default: return 0;
	}
}

/* --- moving ---------------------------------------------------------------------------------------------- */

/* Returns a copy of what the mapping holds from `old` on, followed by what the file holds; the file's pages are at `file_pages`, or
 * nowhere. */
static void *copy_for(const struct vma *from, uint64_t old, uint64_t kept, uint64_t content, uint64_t file_pages)
{
	char *copy = new_pages(content);

	if (!copy)
		return NULL;
	copy_guest_pages(copy, from, old, kept);
	if (file_pages && content > kept)
		copy_pages(copy + kept, file_pages + kept, content - kept);
	return copy;
}

/* Maps pages on which every access raises SIGBUS: those of an empty file. */
static bool map_nothing(uint64_t start, uint64_t end, int prot)
{
	int fd = start < end ? memfd_create("tick86-beyond", MFD_CLOEXEC) : -1;
	bool mapped = start == end
		|| (fd >= 0 && mmap((void *)start, end - start, host_prot(prot), MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED);

	if (fd >= 0)
		close(fd);
	return mapped;
}

/* For the host, the copied pages and those beyond the file's end are separate mappings, which mremap cannot move as one. So the mapping
 * is made anew. */
int64_t copied_move(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length, int flags, uint64_t new)
{
	const struct vma *from = space_find(space, old);
	uint64_t there = from->file_end > old ? from->file_end - old : 0, content = there < new_length ? there : new_length;
	struct vma vma = vma_part(from, old, new_length);
	void *copy = NULL, *again = NULL;

	if (from->file_pages) /* a length of 0 copies, and the old mapping stays (mremap(2)) */
		again = mremap((void *)own_pages(from, old), 0, new_length, MREMAP_MAYMOVE);
	if (content && again != MAP_FAILED)
		copy = copy_for(from, old, content < old_length ? content : old_length, content, (uint64_t)again);
	if (again == MAP_FAILED || (content && !copy)) {
		if (again && again != MAP_FAILED)
			munmap(again, new_length);
		free(vma.name);
		return -ENOMEM;
	}
	if (flags & MREMAP_DONTUNMAP)
		space_madvise(space, old, old_length, MADV_DONTNEED);
	else
		space_munmap(space, old, old_length);
	code_forget(space, new, new + new_length);
	vma_remove(space, new, new + new_length);
	if ((content && !put_pages(copy, content, new, vma.prot)) || !map_nothing(new + content, new + new_length, vma.prot))
		abort(); /* the old mapping is half gone */
	vma.file_pages = (uint64_t)again;
	vma.file_end = there ? new + there : 1;
	vma.start = new;
	vma.end = new + new_length;
	vma_tell(space, &(struct space_change){ .kind = SPACE_MAPPED, .start = new, .length = new_length, .vma = &vma, .fd = -1 });
	vma_insert(space, vma);
	return (int64_t) new;
}
