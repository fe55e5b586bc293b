/* Where things are: a program's addresses are those of a run without randomization. Addresses below the vDSO are printed relative to what
 * the kernel maps for it, whose size depends on the kernel. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "show.h"

#define PAGE 4096UL
#define MIB (1UL << 20)

/* Returns where the mapping of this name begins, or 0. */
static uint64_t find(const char *name)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, found = 0;

	while (fgets(line, sizeof(line), maps))
		if (strstr(line, name) && sscanf(line, "%lx", &start) == 1 && !found)
			found = start;
	fclose(maps);
	return found;
}

static uint64_t base; /* the lowest page that is mapped for the vDSO */

/* Prints an address, and gives the memory back. */
static void place(const char *what, void *address, size_t length)
{
	uint64_t at = (uint64_t)address;

	if (address == MAP_FAILED)
		printf("%s: error %d\n", what, errno);
	else if (at < base && base - at < 1UL << 36)
		printf("%s: %#lx below the vDSO\n", what, base - at);
	else
		printf("%s: %#lx\n", what, at);
	if (length)
		munmap(address, length);
}

static void *map(uint64_t hint, size_t length, int flags)
{
	return mmap((void *)hint, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

static void parts(char **argv)
{
	int local;
	char *heap = sbrk(0);

	place("main", (void *)parts, 0);
	place("argv", argv, 0);
	place("local", &local, 0);
	place("file's name", (void *)getauxval(AT_EXECFN), 0);
	place("program headers", (void *)getauxval(AT_PHDR), 0);
	place("loader", (void *)getauxval(AT_BASE), 0);
	printf("vDSO in the highest two pages of its mappings: %d\n", getauxval(AT_SYSINFO_EHDR) > base);
	place("break", heap, 0);
	place("puts", (void *)puts, 0);
}

/* Since Linux 6.12, memory of whole huge pages is aligned to them, and no other. */
static bool aligns_huge_pages(void)
{
	struct utsname host;
	int major = 0, minor = 0;

	uname(&host);
	sscanf(host.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 12);
}

static void choices(void)
{
	char *kept = map(0, 3 * PAGE, 0), *more = map(0, PAGE, 0);

	place("three pages", kept, 0);
	place("one more", more, 0);
	munmap(kept + PAGE, PAGE);
	place("in the hole", map(0, PAGE, 0), PAGE);
	place("too large for it", map(0, 2 * PAGE, 0), 2 * PAGE);
	place("3 MiB", map(0, 3 * MIB, 0), 3 * MIB);
	if (aligns_huge_pages())
		place("4 MiB", map(0, 4 * MIB, 0), 4 * MIB);
	place("hint", map(0x123456789000, PAGE, 0), PAGE);
	place("odd hint", map(0x123456789012, PAGE, 0), PAGE);
	place("taken hint", map((uint64_t)kept, PAGE, 0), PAGE);
	place("hint beyond the end", map(0x7ffffffff000, PAGE, 0), PAGE);
	place("highest hint", map(0x7fffff000000 - PAGE, PAGE, 0), PAGE);
	place("below the stack's gap", map(0x7fffe0000000, PAGE, 0), PAGE);
	place("MAP_32BIT", map(0, PAGE, MAP_32BIT), PAGE);
	place("MAP_32BIT and a hint", map(0x60000000, PAGE, MAP_32BIT), PAGE);
	place("20 TiB", map(0, 20UL << 40, 0), 20UL << 40);
	place("fixed", map(0x600000000000, PAGE, MAP_FIXED_NOREPLACE), 0);
	place("the same", map(0x600000000000, PAGE, MAP_FIXED_NOREPLACE), 0);
	place("replaced", map(0x600000000000, 2 * PAGE, MAP_FIXED), 2 * PAGE);
	place("fixed on the stack", map((uint64_t)&kept & -PAGE, PAGE, MAP_FIXED_NOREPLACE), 0);
	place("fixed beyond the end", map(0x7ffffffff000, PAGE, MAP_FIXED), 0);
	munmap(more, 4 * PAGE);
}

/* What a sanitizer does to everything that is nobody's. */
static void protect_gap(void)
{
	void *gap = (void *)0x340000000000;
	size_t length = 0x210000000000;

	place("a gap of 33 TiB", map((uint64_t)gap, length, MAP_FIXED), 0);
	show_result("mprotect", mprotect(gap, length, PROT_NONE));
	show_result("munmap", munmap(gap, length));
}

/* Memory that is not mapped, whatever the emulator may have there. */
static void holes(void)
{
	char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char resident[3];

	munmap(pages + PAGE, PAGE);
	show_result("msync", msync(pages, 3 * PAGE, MS_ASYNC));
	show_result("mincore", mincore(pages, 3 * PAGE, resident));
	show_result("mlock", mlock(pages, 3 * PAGE));
	show_result("mlock of a hole", mlock(pages + PAGE, PAGE));
	show_result("munlock", munlock(pages, 3 * PAGE));
	show_result("madvise", madvise(pages, 3 * PAGE, MADV_NORMAL));
	show_result("madvise with nonsense", madvise(pages, 3 * PAGE, 12345));
	show_result("mprotect of a hole", mprotect(pages, 3 * PAGE, PROT_READ));
	show_result("mremap of a hole", mremap(pages + PAGE, PAGE, PAGE, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
	show_result("munmap of a hole", munmap(pages, 3 * PAGE));
	show_result("write from a hole", (int)write(STDOUT_FILENO, pages, 1));
}

/* Grows where the program touches it, and where the kernel does, down to the gap above the mapping below it. */
static void growing(void)
{
	char *below = mmap(NULL, 600 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *stack = below + 599 * PAGE;
	int zero = open("/dev/zero", O_RDONLY);

	munmap(below + PAGE, 598 * PAGE);
	if (mmap(stack, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0) != stack)
		perror("mmap");
	stack[-3 * (long)PAGE] = 1;
	show_result("grown to a touch", msync(stack - 3 * PAGE, 4 * PAGE, MS_ASYNC));
	show_result("not further", msync(stack - 4 * PAGE, PAGE, MS_ASYNC));
	show_result("read into it", (int)read(zero, stack - 6 * PAGE, 10));
	show_result("grown to a read", msync(stack - 6 * PAGE, 7 * PAGE, MS_ASYNC));
	show_result("read into the gap", (int)read(zero, below + 100 * PAGE, 10));
	close(zero);
	munmap(below, 600 * PAGE);
}

int main(int argc, char **argv)
{
	char *odd[] = { argv[0], "an odd number of words on the stack", NULL };
	int kept = personality(0xffffffff);

	(void)argc;
	if (!(kept & ADDR_NO_RANDOMIZE)) {
		personality((unsigned long)(kept | ADDR_NO_RANDOMIZE));
		execv("/proc/self/exe", odd);
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	base = find("[vvar]");
	parts(argv);
	choices();
	protect_gap();
	holes();
	growing();
	return 0;
}
