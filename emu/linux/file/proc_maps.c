/* Mappings in /proc: maps, smaps, numa_maps. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/linux/file/proc_files.h"
#include "emu/linux/kernel/pagemap.h"

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
	while ((start = pagemap_next(pagemap, start, end)) < end) {
		uint64_t left = (end - start) / GUEST_PAGE, want = left < 512 ? left : 512;
		ssize_t got = pread(pagemap, entry, want * sizeof(*entry), (off_t)(start / GUEST_PAGE * sizeof(*entry)));
		if (got <= 0)
			break;
		for (size_t i = 0; i < (size_t)got / sizeof(*entry); i++)
			resident += entry[i] >> PAGE_PRESENT & 1;
		start += (uint64_t)got / sizeof(*entry) * GUEST_PAGE;
	}
	return resident;
}

/* A mapping as the host's smaps tells of it. */
struct host_mapping {
	FILE *smaps;
	uint64_t start, end, locked_kb;
	char flags[160]; /* without the rights, which are the guest's own affair */
	bool more;
};

static void remove_rights(char *flags)
{
	char all[160], *left;

	snprintf(all, sizeof(all), "%s", flags);
	flags[0] = '\0';
	for (char *flag = strtok_r(all, " ", &left); flag; flag = strtok_r(NULL, " ", &left))
		if (strcmp(flag, "rd") != 0 && strcmp(flag, "wr") != 0 && strcmp(flag, "ex") != 0)
			strcat(strcat(flags, flag), " ");
}

static void next_host_mapping(struct host_mapping *host)
{
	char line[PATH_MAX + 100];
	uint64_t start, end;

	host->more = false;
	host->locked_kb = 0;
	while (!host->more && host->smaps && fgets(line, sizeof(line), host->smaps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2) {
			host->start = start;
			host->end = end;
		}
		sscanf(line, "Locked: %" SCNu64, &host->locked_kb);
		host->more = sscanf(line, "VmFlags: %150[^\n]", host->flags) == 1; /* an entry's last line */
	}
	remove_rights(host->flags);
}

/* A part of a guest's mapping whose flags are the same in the host: where they differ, the kernel has two mappings. */
struct part {
	uint64_t start, end, locked_kb;
	char flags[160];
};

/* To be called in order of address. A mapping of the host may hold several of the guest, and the other way round. */
static struct part take_part(struct host_mapping *host, const struct vma *vma, uint64_t start)
{
	struct part part = { .start = start, .end = start };

	while (host->more && host->end <= start)
		next_host_mapping(host);
	while (host->more && part.end < vma->end && host->start <= part.end
		&& (part.end == start || strcmp(part.flags, host->flags) == 0)) {
		uint64_t end = host->end < vma->end ? host->end : vma->end;

		strcpy(part.flags, host->flags);
		part.locked_kb += host->locked_kb * (end - part.end) / (host->end - host->start);
		part.end = end;
		if (host->end == end)
			next_host_mapping(host);
	}
	if (part.end == start)
		part.end = vma->end;
	return part;
}

static bool is_main_stack(const struct vma *vma)
{
	return vma->flags & MAP_GROWSDOWN && vma->name;
}

static void write_part(const struct view *view, const struct vma *vma, const struct part *part, int pagemap, FILE *out)
{
	struct vma shown = *vma;

	shown.start = part->start;
	shown.end = part->end;
	shown.offset += part->start - vma->start;
	write_mapping(view, &shown, out);
	fprintf(out, "Size:           %8" PRIu64 " kB\nKernelPageSize: %8d kB\nMMUPageSize:    %8d kB\n", (part->end - part->start) / 1024,
		PAGE_KB, PAGE_KB);
	fprintf(out, "Rss:            %8" PRIu64 " kB\n", resident_pages(pagemap, part->start, part->end) * PAGE_KB);
	fprintf(out, "Locked:         %8" PRIu64 " kB\n", part->locked_kb);
	fprintf(out, "VmFlags: %s%s%s%s\n", vma->prot & PROT_READ ? "rd " : "", vma->prot & PROT_WRITE ? "wr " : "",
		vma->prot & PROT_EXEC ? "ex " : "", is_main_stack(vma) ? "mr mw me gd ac " : part->flags);
}

static int open_pagemap(const struct view *view)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", view->host);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void proc_write_smaps(struct view *view, FILE *out)
{
	const struct space *space = &view->process->space;
	int pagemap = open_pagemap(view);
	struct host_mapping host = { .smaps = proc_host_file(view, "smaps") };
	next_host_mapping(&host);
	for (size_t i = 0; i < space->count; i++) {
		const struct vma *vma = &space->vma[i];
		struct part part = { .end = vma->start };

		while (part.end < vma->end) {
			part = take_part(&host, vma, part.end);
			write_part(view, vma, &part, pagemap, out);
		}
	}
	if (host.smaps)
		fclose(host.smaps);
	if (pagemap >= 0)
		close(pagemap);
}

/* In the form of the kernel's numa_maps, for a machine with one node (show_numa_map()). */
static void write_placement(const struct view *view, const struct vma *vma, uint64_t pages, FILE *out)
{
	bool of_file = !(vma->flags & MAP_ANONYMOUS) && vma->inode;
	char name[PATH_MAX];

	fprintf(out, "%08" PRIx64 " default", vma->start);
	if (view_string(view, vma->name, name, sizeof(name))) {
		if (of_file)
			fprintf(out, " file=%s", name);
		else if (strcmp(name, "[heap]") == 0)
			fputs(" heap", out);
		else if (strcmp(name, "[stack]") == 0)
			fputs(" stack", out);
	}
	if (pages && of_file)
		fprintf(out, " mapped=%" PRIu64, pages);
	else if (pages)
		fprintf(out, " anon=%" PRIu64 " dirty=%" PRIu64, pages, pages);
	if (pages)
		fprintf(out, " N0=%" PRIu64 " kernelpagesize_kB=%d", pages, PAGE_KB);
	fputc('\n', out);
}

void proc_write_numa_maps(struct view *view, FILE *out)
{
	const struct space *space = &view->process->space;
	int pagemap = open_pagemap(view);

	for (size_t i = 0; i < space->count; i++)
		write_placement(view, &space->vma[i], resident_pages(pagemap, space->vma[i].start, space->vma[i].end), out);
	if (pagemap >= 0)
		close(pagemap);
}

void proc_write_smaps_rollup(struct view *view, FILE *out)
{
	const struct space *space = &view->process->space;
	struct host_mapping host = { .smaps = proc_host_file(view, "smaps") };
	uint64_t resident = 0, locked_kb = 0;
	int pagemap = open_pagemap(view);

	next_host_mapping(&host);
	for (size_t i = 0; i < space->count; i++) {
		const struct vma *vma = &space->vma[i];
		struct part part = { .end = vma->start };

		resident += resident_pages(pagemap, vma->start, vma->end);
		while (part.end < vma->end) {
			part = take_part(&host, vma, part.end);
			locked_kb += part.locked_kb;
		}
	}
	if (space->count)
		fprintf(out, "%08" PRIx64 "-%08" PRIx64 " ---p 00000000 00:00 0                          [rollup]\n", space->vma[0].start,
			space->vma[space->count - 1].end);
	fprintf(out, "Rss:            %8" PRIu64 " kB\n", resident * PAGE_KB);
	fprintf(out, "Locked:         %8" PRIu64 " kB\n", locked_kb);
	if (host.smaps)
		fclose(host.smaps);
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
