/* Mappings in /proc: maps, smaps. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/linux/file/proc_files.h"

enum { NAME_COLUMN = 73, PAGE_PRESENT = 63, PAGE_KB = GUEST_PAGE / 1024 };

static void write_mapping(const struct view *view, const struct vma *vma, FILE *out)
{
	char name[PATH_MAX];

	bool of_file = !(vma->flags & MAP_ANONYMOUS) && vma->inode;
	int length = fprintf(out, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %lu ", vma->start, vma->end,
		vma->prot & PROT_READ ? 'r' : '-', vma->prot & PROT_WRITE ? 'w' : '-', vma->prot & PROT_EXEC ? 'x' : '-',
		vma->flags & MAP_SHARED ? 's' : 'p', of_file ? vma->offset : 0, major(vma->dev), minor(vma->dev),
		(unsigned long)(vma->dev ? vma->inode : vma->inode % SPACE_SYSV));
	if (view_string(view, vma->name, name, sizeof(name)))
		fprintf(out, "%*s%s", length < NAME_COLUMN ? NAME_COLUMN - length : 0, "", name);
	fputc('\n', out);
}

/* The vsyscall page is not mapped, but the kernel shows it: get_gate_vma(). */
void proc_write_maps(struct view *view, FILE *out)
{
	const struct space *space = &view->process->space;
	for (size_t i = 0; i < space->count; i++)
		write_mapping(view, &space->vma[i], out);
	fputs("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n", out);
}

/* Counts the pages that are in memory, by /proc/PID/pagemap. */
static uint64_t resident_pages(int pagemap, uint64_t start, uint64_t end)
{
	uint64_t entry[512], resident = 0;
	for (uint64_t page = start / GUEST_PAGE; page < end / GUEST_PAGE;) {
		uint64_t left = end / GUEST_PAGE - page, want = left < 512 ? left : 512;
		ssize_t got = pread(pagemap, entry, want * sizeof(*entry), (off_t)(page * sizeof(*entry)));
		if (got <= 0)
			break;
		for (size_t i = 0; i < (size_t)got / sizeof(*entry); i++)
			resident += entry[i] >> PAGE_PRESENT & 1;
		page += (uint64_t)got / sizeof(*entry);
	}
	return resident;
}

/* The locked memory that the host's smaps tells, mapping by mapping. */
struct locked {
	FILE *host;
	uint64_t start, kb; /* of a mapping that has some */
	bool more;
};

static void next_locked(struct locked *locked)
{
	char line[PATH_MAX + 100];
	uint64_t start, end;

	locked->more = false;
	while (!locked->more && locked->host && fgets(line, sizeof(line), locked->host)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2)
			locked->start = start;
		else
			locked->more = sscanf(line, "Locked: %" SCNu64, &locked->kb) == 1 && locked->kb;
	}
}

/* The host may have split the guest's mapping. To be called in order of address. */
static uint64_t locked_kb(struct locked *locked, const struct vma *vma)
{
	uint64_t total = 0;

	for (; locked->more && locked->start < vma->end; next_locked(locked))
		total += locked->start >= vma->start ? locked->kb : 0;
	return total;
}

void proc_write_smaps(struct view *view, FILE *out)
{
	const struct space *space = &view->process->space;
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/pagemap", view->host);
	int pagemap = open(path, O_RDONLY | O_CLOEXEC);
	struct locked locked = { .host = proc_host_file(view, "smaps") };
	next_locked(&locked);
	for (size_t i = 0; i < space->count; i++) {
		const struct vma *vma = &space->vma[i];
		write_mapping(view, vma, out);
		fprintf(out, "Size:           %8" PRIu64 " kB\nKernelPageSize: %8d kB\nMMUPageSize:    %8d kB\n",
			(vma->end - vma->start) / 1024, PAGE_KB, PAGE_KB);
		fprintf(out, "Rss:            %8" PRIu64 " kB\n", resident_pages(pagemap, vma->start, vma->end) * PAGE_KB);
		fprintf(out, "Locked:         %8" PRIu64 " kB\n", locked_kb(&locked, vma));
	}
	if (locked.host)
		fclose(locked.host);
	if (pagemap >= 0)
		close(pagemap);
}

uint64_t proc_mapped_bytes(const struct space *space)
{
	uint64_t total = 0;
	for (size_t i = 0; i < space->count; i++)
		total += space->vma[i].end - space->vma[i].start;
	return total;
}
