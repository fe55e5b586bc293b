/* A program with very many mappings: where new ones go. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "show.h"

enum { COUNT = 16000, PAGE = 4096 };

static char *map[COUNT];

static char *map_file(int fd, int pages)
{
	return mmap(NULL, (size_t)pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
}

/* Parts with other rights, one after the other. */
static void split(void)
{
	char *area = mmap(NULL, (size_t)COUNT * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int failed = 0;

	for (int i = 0; i < COUNT; i += 2)
		failed += mprotect(area + (size_t)i * PAGE, PAGE, PROT_READ) != 0;
	SHOW(failed);
	SHOW(munmap(area, (size_t)COUNT * PAGE));
}

int main(void)
{
	int fd = memfd_create("page", 0), below = 0;
	char *low;

	SHOW(ftruncate(fd, 2 * PAGE));
	for (int i = 0; i < COUNT; i++) {
		map[i] = map_file(fd, 1); /* they cannot be joined: each is the file's first page */
		below += i > 0 && map[i] == map[i - 1] - PAGE;
	}
	CHECK(below > COUNT - 100);
	low = map[COUNT - 1];
	for (int i = 1000; i < COUNT - 1000; i += 2)
		munmap(map[i], PAGE);
	CHECK(map_file(fd, 1) == map[1000]); /* the highest hole */
	CHECK(map_file(fd, 2) == low - 2 * PAGE);
	CHECK(map_file(fd, 1) == map[1002]);
	munmap(map[1001], PAGE);
	CHECK(map_file(fd, 1) == map[1001]);
	munmap(map[1003], PAGE);
	munmap(map[1005], PAGE);
	CHECK(map_file(fd, 3) == map[1005]);
	CHECK(map_file(fd, 2) == low - 4 * PAGE);
	split();
	return 0;
}
