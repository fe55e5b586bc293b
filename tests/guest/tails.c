/* Calls that fill more than the structure that they are given: elements that follow it, or lie where it says. */
#include <fcntl.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "show.h"

enum { PAGE = 4096, PAGES = 16, EXTENTS = 4 };

/* linux/fiemap.h, linux/fs.h: musl has no kernel headers. */
struct extent {
	uint64_t logical, physical, length, reserved64[2];
	uint32_t flags, reserved[3];
};
struct map {
	uint64_t start, length;
	uint32_t flags, mapped, count, reserved;
};
struct dedupe {
	uint64_t offset, length;
	uint16_t count, reserved1;
	uint32_t reserved2;
};
struct dedupe_result {
	int64_t fd;
	uint64_t offset, deduped;
	int32_t status;
	uint32_t reserved;
};
struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof, returned;
};
struct region {
	uint64_t start, end, categories;
};

struct fs_map {
	uint32_t device, flags;
	uint64_t physical, owner, offset, length, reserved[3];
};
struct fs_maps {
	uint32_t iflags, oflags, count, entries;
	uint64_t reserved[6];
	struct fs_map key[2];
};
struct digest {
	uint16_t algorithm, size;
};

#define GETFSMAP _IOWR('X', 59, struct fs_maps)
#define MEASURE_VERITY _IOWR('f', 134, struct digest)
#define FIEMAP _IOWR('f', 11, struct map)
#define DEDUPE _IOWR(0x94, 54, struct dedupe)
#define SCAN _IOWR('f', 16, struct scan)

static int make_file(const char *name)
{
	int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char page[PAGE];

	memset(page, 'x', sizeof(page));
	for (int k = 0; k < PAGES; k++)
		if (write(file, page, sizeof(page)) != sizeof(page))
			perror("write");
	fsync(file);
	return file;
}

static void extents(int file)
{
	struct {
		struct map map;
		struct extent extent[EXTENTS];
	} all = { .map = { .length = ~0ULL, .count = EXTENTS, .flags = 1 /* FIEMAP_FLAG_SYNC */ } };
	uint64_t covered = 0;

	memset(all.extent, 0xee, sizeof(all.extent));
	if (ioctl(file, FIEMAP, &all) < 0) { /* tmpfs does not tell */
		printf("no extents, errno %d\n", errno);
		return;
	}
	for (uint32_t k = 0; k < all.map.mapped && k < EXTENTS; k++)
		covered += all.extent[k].length;
	printf("some extents: %d, from %ld, %s\n", all.map.mapped > 0, (long)all.extent[0].logical,
		covered >= PAGES * PAGE || all.map.mapped > EXTENTS ? "the whole file" : "not all of it");
}

static void same_content(int file, int other)
{
	struct {
		struct dedupe dedupe;
		struct dedupe_result result[2];
	} all = { .dedupe = { .length = PAGE, .count = 2 }, .result = { { .fd = other }, { .fd = other, .offset = PAGE } } };

	all.result[0].status = all.result[1].status = 99;
	SHOW(ioctl(file, DEDUPE, &all));
	for (int k = 0; k < 2; k++)
		printf("status %d, %ld bytes\n", all.result[k].status, (long)all.result[k].deduped);
}

/* Which pages are there (Linux 6.7): every other one. */
static void resident(void)
{
	char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct region regions[PAGES];
	struct scan scan = { .size = sizeof(scan),
		.start = (uint64_t)memory,
		.end = (uint64_t)memory + PAGES * PAGE,
		.vec = (uint64_t)regions,
		.vec_len = PAGES,
		.mask = 8 /* PAGE_IS_PRESENT */,
		.returned = 8 };
	int map = open("/proc/self/pagemap", O_RDONLY), found;

	memset(regions, 0xee, sizeof(regions));
	madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE);
	for (int k = 0; k < PAGES; k += 2)
		memory[k * PAGE] = 1;
	SHOW(found = ioctl(map, SCAN, &scan));
	for (int k = 0; k < found; k++)
		printf("from page %ld to %ld\n", (long)(regions[k].start - scan.start) / PAGE, (long)(regions[k].end - scan.start) / PAGE);
	scan.vec = 0x50ffc0000000; /* nothing is there */
	CHECK(ioctl(map, SCAN, &scan) == -1 && (errno == EFAULT || found == -1));
	close(map);
}

static void interfaces(void)
{
	struct ifreq list[8];
	struct ifconf all = { .ifc_len = sizeof(list), .ifc_req = list };
	int found = 0;

	memset(list, 0xee, sizeof(list));
	SHOW(ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGIFCONF, &all));
	for (int k = 0; k < all.ifc_len / (int)sizeof(list[0]); k++)
		found += strcmp(list[k].ifr_name, "lo") == 0;
	printf("loopback: %d\n", found);
}

/* Memory whose last `size` bytes end where nothing may be written: what is filled must fit, and is all that is touched. */
static void *at_the_end(size_t size)
{
	char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(memory, 0xee, PAGE);
	mprotect(memory + PAGE, PAGE, PROT_NONE);
	return memory + PAGE - size;
}

/* Where a file system has what: which file systems tell, and to whom, is the kernel's affair. */
static void extents_of_file_system(int file)
{
	struct fs_maps *all = at_the_end(sizeof(*all) + EXTENTS * sizeof(struct fs_map)), *none = at_the_end(sizeof(*none));
	const struct fs_map *map = (const struct fs_map *)(all + 1);
	int result;

	*none = *all = (struct fs_maps){ .count = EXTENTS, .key = { [1] = { ~0u, ~0u, ~0ULL, ~0ULL, ~0ULL, ~0ULL, { 0 } } } };
	SHOW(result = ioctl(file, GETFSMAP, all));
	printf("first: %s\n", result < 0 ? "none" : all->entries == 0 || map[0].length > 0 ? "has a length" : "has none");
	CHECK(ioctl(file, GETFSMAP, none) == -1 || none->entries == 0); /* no room for what follows: EFAULT where there is something */
}

static void verity(int file)
{
	struct digest *digest = at_the_end(sizeof(*digest) + 64), *beyond = at_the_end(sizeof(*beyond));

	digest->size = 64;
	SHOW(ioctl(file, MEASURE_VERITY, digest));
	beyond->size = 0xffff;
	SHOW(ioctl(file, MEASURE_VERITY, beyond));
}

/* Tables of bridges (ebtables.h): sizes and pointers inside of what getsockopt(2) fills. */
static void bridges(void)
{
	enum { INFO = 128, ENTRIES = 129 };
	struct table {
		char name[32];
		uint32_t hooks, entries, entries_size;
		uint64_t hook_entry[6];
		uint32_t counters_count;
		uint64_t counters, entries_address;
	} table = { .name = "filter", .entries_size = 64, .counters_count = 2 };
	uint64_t counters[4], entries[8];
	int inet = socket(AF_INET, SOCK_RAW, 255 /* IPPROTO_RAW */);
	socklen_t size = sizeof(table);

	if (inet < 0)
		inet = socket(AF_INET, SOCK_DGRAM, 0);
	table.counters = (uint64_t)counters;
	table.entries_address = (uint64_t)entries;
	SHOW(getsockopt(inet, 0, INFO, &table, &size));
	size = sizeof(table);
	SHOW(getsockopt(inet, 0, ENTRIES, &table, &size));
	table.entries_address = 1ULL << 63; /* no address of a program */
	CHECK(getsockopt(inet, 0, ENTRIES, &table, &size) == -1);
}

int main(void)
{
	int file = make_file("file"), other = make_file("other");

	extents(file);
	same_content(file, other);
	resident();
	interfaces();
	extents_of_file_system(file);
	verity(file);
	bridges();
	return 0;
}
