/* The content of mappings after madvise(2) and mremap(2): the file's bytes again, nothing, or what was there; also in a child. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { PAGE = 4096, PAGES = 4 };

static sigjmp_buf beyond;

static void bus(int number)
{
	siglongjmp(beyond, number);
}

static void show(const char *what, const volatile char *memory)
{
	int number = sigsetjmp(beyond, 1);

	if (number)
		printf("%s: signal %d\n", what, number);
	else
		printf("%s: %d %d\n", what, memory[0], memory[PAGE - 1]);
}

static void show_pages(const char *what, const volatile char *memory, int pages)
{
	for (int k = 0; k < pages; k++) {
		printf("page %d, ", k);
		show(what, memory + k * PAGE);
	}
}

/* Each page is filled with its number, from 1. */
static int make_file(const char *name, int pages)
{
	int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char page[PAGE];

	for (int k = 0; k < pages; k++) {
		memset(page, k + 1, sizeof(page));
		if (write(file, page, sizeof(page)) != sizeof(page))
			perror("write");
	}
	return file;
}

static char *map_private(int file, int pages, int prot)
{
	return mmap(NULL, (size_t)pages * PAGE, prot, MAP_PRIVATE, file, 0);
}

static void file_again(void)
{
	int file = make_file("again", PAGES);
	char *memory = map_private(file, PAGES, PROT_READ | PROT_WRITE), *closed;

	for (int k = 0; k < PAGES; k++)
		memory[k * PAGE] = 100;
	SHOW(madvise(memory + PAGE, PAGE, MADV_DONTNEED));
	show_pages("one page given back", memory, PAGES);
	mprotect(memory, PAGES * PAGE, PROT_READ);
	SHOW(madvise(memory, PAGES * PAGE, MADV_DONTNEED));
	show_pages("all given back, read-only", memory, PAGES);
	SHOW(madvise(memory, PAGE, MADV_FREE));
	SHOW(madvise(memory, PAGE, MADV_WIPEONFORK));
	SHOW(madvise(memory, PAGE, MADV_REMOVE));
	closed = map_private(file, 2, PROT_READ | PROT_WRITE);
	close(file);
	unlink("again");
	closed[PAGE] = 100;
	SHOW(madvise(closed, 2 * PAGE, MADV_DONTNEED));
	show_pages("given back, its file gone", closed, 2);
	munmap(memory, PAGES * PAGE);
}

static void no_rights_at_first(void)
{
	int file = make_file("later", 2);
	char *memory = map_private(file, 2, PROT_NONE);

	mprotect(memory, 2 * PAGE, PROT_READ);
	show_pages("mapped without rights, then readable", memory, 2);
	munmap(memory, 2 * PAGE);
	close(file);
}

static void grown(void)
{
	int file = make_file("grown", 3);
	char *memory = map_private(file, 1, PROT_READ | PROT_WRITE), *place;

	memory[1] = 50;
	memory[0] = 100;
	memory = mremap(memory, PAGE, 5 * PAGE, MREMAP_MAYMOVE);
	show_pages("grown", memory, 5);
	memory[PAGE] = 101;
	place = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(mremap(memory, 5 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place);
	show_pages("moved and grown", place, 6);
	SHOW(madvise(place, 2 * PAGE, MADV_DONTNEED));
	show_pages("given back after that", place, 3);
	CHECK(mremap(place + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + 6 * PAGE) == place + 6 * PAGE);
	show_pages("its middle, moved away", place + 6 * PAGE, 2);
	show("ahead of that", place);
	show("after it", place + 2 * PAGE);
	close(file);
}

static void left_behind(void)
{
	int file = make_file("left", 2);
	char *memory = map_private(file, 2, PROT_READ | PROT_WRITE), *moved;

	memory[0] = 100;
	moved = mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (moved == MAP_FAILED) /* Linux before 5.13: of anonymous memory only */
		return;
	show_pages("moved, the old place left", moved, 2);
	show_pages("the old place", memory, 2);
	close(file);
}

static void holes(void)
{
	char *memory = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(memory, 7, 5 * PAGE);
	munmap(memory, PAGE);
	munmap(memory + 2 * PAGE, PAGE);
	SHOW(madvise(memory, 4 * PAGE, MADV_DONTNEED));
	show("discarded, between holes", memory + PAGE);
	show("discarded, after a hole", memory + 3 * PAGE);
	show("not in the range", memory + 4 * PAGE);
	SHOW(madvise(memory, PAGE, MADV_DONTNEED));
	SHOW(madvise(memory + PAGE, 0, MADV_DONTNEED));
	SHOW(madvise(memory + PAGE, PAGE, 99));
}

static void in_child(const char *what, char *memory)
{
	if (fork() == 0) {
		show_pages(what, memory, 2);
		memory[0] = 9;
		memory[PAGE] = 9;
		_exit(0);
	}
	wait(NULL);
	show_pages("the parent's", memory, 2);
}

/* It has the parent's memory itself. */
static void vforked(volatile char *wiped, volatile char *not_forked)
{
	int status;

	if (vfork() == 0)
		_exit(wiped[0] * 10 + not_forked[0]);
	wait(&status);
	printf("a child of vfork saw %d\n", WEXITSTATUS(status));
}

static void forks(void)
{
	char *memory = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(memory, 3, 3 * PAGE);
	SHOW(madvise(memory, PAGE, MADV_WIPEONFORK));
	in_child("wiped", memory);
	SHOW(madvise(memory, PAGE, MADV_KEEPONFORK));
	in_child("kept", memory);
	SHOW(madvise(memory + 2 * PAGE, PAGE, MADV_DONTFORK));
	if (fork() == 0) {
		SHOW(madvise(memory + 2 * PAGE, PAGE, MADV_NORMAL)); /* nothing there */
		SHOW(mprotect(memory, 3 * PAGE, PROT_READ));
		CHECK(mmap(memory + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)
			== memory + 2 * PAGE);
		show("a new one in its place", memory + 2 * PAGE);
		_exit(0);
	}
	wait(NULL);
	SHOW(madvise(memory, PAGE, MADV_WIPEONFORK));
	vforked(memory, memory + 2 * PAGE);
	SHOW(madvise(memory, PAGE, MADV_KEEPONFORK));
	SHOW(madvise(memory, 3 * PAGE, MADV_DOFORK));
	in_child("both", memory + PAGE);
}

/* Each shared mapping of /dev/zero is separate memory. */
static void zeros(void)
{
	int zero = open("/dev/zero", O_RDWR);
	char *a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
	char *b = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
	char *c = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);

	memset(a, 5, PAGE);
	memset(c, 6, PAGE);
	show("another mapping of /dev/zero", b);
	if (fork() == 0) {
		b[0] = 8;
		_exit(0);
	}
	wait(NULL);
	show("one that the child has stored to", b);
	SHOW(madvise(c, PAGE, MADV_DONTNEED));
	show("/dev/zero mapped privately, given back", c);
	SHOW(close(open("/dev/zero", O_RDONLY)));
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, open("/dev/zero", O_RDONLY), 0) == MAP_FAILED && errno == EACCES);
}

/* remap_file_pages(2): other pages of the same file, or of the same memory, at a place. */
static void other_pages(const char *what, char *shared)
{
	for (int k = 0; k < PAGES; k++)
		memset(shared + k * PAGE, k + 1, PAGE);
	SHOW(remap_file_pages(shared, PAGE, 0, 2, 0));
	SHOW(remap_file_pages(shared + 3 * PAGE, PAGE, 0, 1, 0));
	show_pages(what, shared, PAGES);
	shared[0] = 77;
	show("seen by another address", shared + 2 * PAGE);
	if (fork() == 0) {
		shared[3 * PAGE] = 88;
		_exit(0);
	}
	wait(NULL);
	show("seen by the parent", shared + PAGE);
	SHOW(remap_file_pages(shared, PAGE, PROT_READ, 1, 0));
	SHOW(remap_file_pages(shared + 100 * PAGE, PAGE, 0, 1, 0));
	SHOW(remap_file_pages(shared, 0, 0, 1, 0));
}

static void remapped(void)
{
	int file = make_file("pages", 1);
	char *shared, *private;

	SHOW(ftruncate(file, PAGES * PAGE));
	shared = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	other_pages("of a file", shared);
	SHOW(remap_file_pages(shared, PAGE, 0, PAGES, 0));
	show("beyond its end", shared);
	other_pages("anonymous", mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	private = map_private(file, 1, PROT_READ);
	SHOW(remap_file_pages(private, PAGE, 0, 0, 0));
	close(file);
}

int main(void)
{
	signal(SIGBUS, bus);
	file_again();
	no_rights_at_first();
	grown();
	left_behind();
	holes();
	forks();
	zeros();
	remapped();
	return 0;
}
