/* /proc/self/smaps: flags of mappings, which are apart where their flags differ, and what is locked. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "show.h"

enum { PAGE = 4096 };

static char *area;

/* Prints flags and locked memory of the mapping that holds the page, and its size. */
static void show(const char *what, const char *page)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	int here = 0;
	char line[500];

	printf("%s:\n", what);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			here = (uintptr_t)page >= start && (uintptr_t)page < end;
			if (here && page >= area && page < area + 16 * PAGE)
				printf("%lu pages\n", (end - start) / PAGE);
		} else if (here && (strncmp(line, "Locked", 6) == 0 || strncmp(line, "VmFlags", 7) == 0)) {
			fputs(line, stdout);
		}
	}
	fclose(file);
}

int main(void)
{
	char *whole = mmap(NULL, 18 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *shared;

	area = whole + PAGE;
	mprotect(area, 16 * PAGE, PROT_READ | PROT_WRITE);
	mprotect(area + 2 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	SHOW(mlock(area + 4 * PAGE, 2 * PAGE));
	SHOW(madvise(area + 7 * PAGE, 3 * PAGE, MADV_DONTDUMP));
	SHOW(madvise(area + 12 * PAGE, PAGE, MADV_DONTFORK));
	show("first", area);
	show("readable code", area + 2 * PAGE);
	show("locked", area + 4 * PAGE);
	show("between", area + 6 * PAGE);
	show("not dumped", area + 8 * PAGE);
	show("not for children", area + 12 * PAGE);
	show("none", area + 16 * PAGE);
	show("stack", (char *)&shared);
	shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	show("shared", shared);
	return 0;
}
