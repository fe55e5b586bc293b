/* Skipping what has no pages in a /proc/PID/pagemap: Linux Documentation/admin-guide/mm/pagemap.rst. */
#include "emu/linux/kernel/pagemap.h"

#include <sys/ioctl.h>

/* Of linux/fs.h since 6.7. */
enum { IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4 };

struct region {
	uint64_t start, end, categories;
};

struct scan {
	uint64_t size, flags, start, end, walk_end, region, regions, max_pages;
	uint64_t inverted, all_of, any_of, returned;
};

#define SCAN_PAGES _IOWR('f', 16, struct scan)

uint64_t pagemap_next(int pagemap, uint64_t start, uint64_t end)
{
	struct region found;
	struct scan scan = {
		.size = sizeof(scan),
		.start = start,
		.end = end,
		.region = (uint64_t)&found,
		.regions = 1,
		.max_pages = 1,
		.any_of = IS_PRESENT | IS_SWAPPED,
		.returned = IS_PRESENT,
	};
	int regions = start < end ? ioctl(pagemap, SCAN_PAGES, &scan) : 0;

	return regions < 0 ? start : regions ? found.start : end;
}
