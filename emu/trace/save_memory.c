/* Saves a program's memory: the mappings as the program sees them, and the content of pages. Pages of files that are mapped shared stay
 * in their files. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pagemap.h"
#include "emu/mem/image.h"
#include "emu/trace/saver.h"

enum { PIECE = 1 << 16, PIECE_PAGES = PIECE / 4096 };
/* The page is in memory or in swap: Linux Documentation/admin-guide/mm/pagemap.rst. */
#define PAGE_EXISTS (3ULL << 62)

/* --- mappings ----------------------------------------------------------------------------------------- */

static bool is_own_object(const struct vma *vma)
{
	return (vma->flags & (MAP_SHARED | MAP_ANONYMOUS)) == (MAP_SHARED | MAP_ANONYMOUS);
}

/* A file that is mapped shared is opened again by its name, so it must have one. */
static bool check_shared_file(struct saver *saver, const struct vma *vma)
{
	struct stat status;

	if (vma->name && !strncmp(vma->name, "/SYSV", 5))
		return save_refuse(saver, "System V shared memory is attached at 0x%llx", (unsigned long long)vma->start);
	if (vma->name && stat(vma->name, &status) == 0 && S_ISREG(status.st_mode) && status.st_dev == vma->dev
		&& status.st_ino == vma->inode)
		return true;
	return save_refuse(saver, "%s is mapped shared at 0x%llx, and is no regular file under that name (any more)",
		vma->name ? vma->name : "a file", (unsigned long long)vma->start);
}

static void save_mapping(struct saver *saver, const struct vma *vma)
{
	const char *name = vma->name ? vma->name : "";
	uint64_t flags = 0;

	flags |= vma->flags & MAP_SHARED ? TRACE_MAP_SHARED : 0;
	flags |= vma->flags & MAP_GROWSDOWN ? TRACE_MAP_GROWSDOWN : 0;
	flags |= vma->flags & MAP_NORESERVE ? TRACE_MAP_NORESERVE : 0;
	save_emit(saver, SAVE(MAPPING, (uint64_t)vma->flags, vma->dev, vma->inode, vma->noexec, vma->file_end));
	save_emit(saver,
		SAVE_DATA(MAP, name, strlen(name), vma->start, vma->end - vma->start, (uint64_t)vma->prot, flags,
			is_own_object(vma) ? vma->inode : 0, vma->offset));
}

/* --- content ------------------------------------------------------------------------------------------ */

static bool is_zero(const uint8_t *page)
{
	return page[0] == 0 && memcmp(page, page + 1, GUEST_PAGE - 1) == 0;
}

/* Saves the pages of a piece that are not 0, run by run. */
static void save_piece(struct saver *saver, uint64_t start, const uint8_t *bytes, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t run = at;

		while (run < size && !is_zero(bytes + run))
			run += GUEST_PAGE;
		if (run > at)
			save_emit(saver, SAVE_DATA(WRITE, bytes + at, run - at, start + at));
		at = run + GUEST_PAGE;
	}
}

/* Returns true if any of the pages may exist: also if the kernel does not tell. */
static bool pages_exist(int pagemap, uint64_t start, size_t pages)
{
	uint64_t entry[PIECE_PAGES];
	ssize_t size = (ssize_t)(pages * sizeof(entry[0]));

	if (pagemap < 0 || pread(pagemap, entry, (size_t)size, (off_t)(start / GUEST_PAGE * sizeof(entry[0]))) != size)
		return true;
	for (size_t k = 0; k < pages; k++)
		if (entry[k] & PAGE_EXISTS)
			return true;
	return false;
}

static bool save_content(struct saver *saver, const struct vma *vma, int pagemap)
{
	uint64_t end = space_content_end(vma);
	bool of_nothing = !vma->inode; /* pages of such a mapping that do not exist are 0 */
	uint8_t bytes[PIECE];
	bool readable = true;

	if (!space_lift_protection(vma, PROT_READ))
		return save_refuse(saver, "memory at 0x%llx cannot be read", (unsigned long long)vma->start);
	for (uint64_t at = vma->start; at < end && readable; at += PIECE) {
		uint64_t skipped = of_nothing ? (pagemap_next(pagemap, at, end) - at) / PIECE * PIECE : 0;

		at += skipped;
		if (at == end)
			break;
		size_t size = end - at < PIECE ? end - at : PIECE;
		struct iovec to = { bytes, size }, from = { (void *)at, size };

		if (of_nothing && !pages_exist(pagemap, at, size / GUEST_PAGE))
			continue;
		readable = process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size;
		if (readable)
			save_piece(saver, at, bytes, size);
	}
	space_restore_protection(vma, PROT_READ);
	return readable || save_refuse(saver, "memory of %s cannot be read any more", vma->name ? vma->name : "the program");
}

bool save_memory(struct saver *saver)
{
	struct space *space = &saver->process->space;
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	bool saved = true;

	for (size_t k = 0; k < space->count && saved; k++) {
		const struct vma *vma = &space->vma[k];
		bool of_file = vma->flags & MAP_SHARED && !is_own_object(vma);

		saved = !of_file || check_shared_file(saver, vma);
		save_mapping(saver, vma);
		saved = saved && (of_file || save_content(saver, vma, pagemap));
	}
	close(pagemap);
	return saved;
}
