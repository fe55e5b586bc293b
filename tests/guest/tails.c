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

int main(void)
{
	int file = make_file("file"), other = make_file("other");

	extents(file);
	same_content(file, other);
	resident();
	interfaces();
	return 0;
}
