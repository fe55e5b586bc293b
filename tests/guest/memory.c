/* mmap and its family: what the kernel grants, refuses and does to the contents. */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { PAGE = 4096 };

static const int RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS;

static char *map(size_t pages)
{
	return mmap(NULL, pages * PAGE, RW, ANON, -1, 0);
}

/* Which of the pages are mapped, as a string of '#' and '.'. */
static void show_pages(const char *what, char *base, int pages)
{
	printf("%s ", what);
	for (int i = 0; i < pages; i++) {
		unsigned char resident;

		putchar(mincore(base + i * PAGE, PAGE, &resident) == 0 ? '#' : '.');
	}
	putchar('\n');
}

static void refused(void)
{
	char *p = map(2);
	int fd = open("/dev/null", O_RDONLY);

	SHOW(mmap(NULL, 0, RW, ANON, -1, 0));
	SHOW(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0));
	SHOW(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0));
	SHOW(mmap(NULL, PAGE, RW, MAP_PRIVATE, 99, 0));
	SHOW(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0));
	SHOW(mmap(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0));
	SHOW(mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	SHOW(mmap((void *)(1ul << 63), PAGE, RW, ANON | MAP_FIXED, -1, 0));
	SHOW(mmap(NULL, 1ul << 60, RW, ANON, -1, 0));
	SHOW(munmap(p + 1, PAGE));
	SHOW(munmap(p, 0));
	SHOW(munmap((void *)-(1ul << 40), PAGE));
	SHOW(syscall(SYS_mprotect, p + 1, PAGE, PROT_READ)); /* musl aligns the address */
	SHOW(mprotect(p, PAGE, 0x1000));
	SHOW(mprotect(p, 0, PROT_READ));
	SHOW(munmap(p + PAGE, PAGE));
	SHOW(mprotect(p, 2 * PAGE, PROT_READ));
	SHOW(madvise(p + 1, PAGE, MADV_NORMAL));
	SHOW(madvise(p, PAGE, 12345));
	SHOW(madvise(p, 2 * PAGE, MADV_WILLNEED));
	SHOW(msync(p, 2 * PAGE, MS_SYNC));
	SHOW(msync(p, PAGE, MS_SYNC | MS_ASYNC));
	SHOW(mlock((void *)(1ul << 50), PAGE));
	close(fd);
	munmap(p, PAGE);
}

static void holes(void)
{
	char *p = map(8);

	SHOW(munmap(p + 2 * PAGE, PAGE));
	SHOW(munmap(p + 2 * PAGE, PAGE));
	SHOW(munmap(p + 4 * PAGE, 2 * PAGE));
	show_pages("after munmap", p, 8);
	CHECK(mmap(p + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p + 2 * PAGE);
	CHECK(mmap(p + 4 * PAGE, PAGE, RW, ANON, -1, 0) == p + 4 * PAGE);
	show_pages("filled", p, 8);
	strcpy(p, "kept");
	CHECK(mmap(p + PAGE, 7 * PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0) == p + PAGE);
	show_pages("replaced", p, 8);
	CHECK(strcmp(p, "kept") == 0);
	SHOW(munmap(p, 8 * PAGE));
	show_pages("gone", p, 8);
}

static void remap(void)
{
	char *p = map(8), *q, *target;

	munmap(p + 4 * PAGE, 4 * PAGE);
	strcpy(p + 3 * PAGE, "page three");
	CHECK(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p);
	show_pages("shrunk", p, 8);
	CHECK(mremap(p, 2 * PAGE, 4 * PAGE, 0) == p);
	CHECK(p[3 * PAGE] == 0);
	strcpy(p + 3 * PAGE, "page three");
	mmap(p + 4 * PAGE, PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
	SHOW(mremap(p, 4 * PAGE, 6 * PAGE, 0));
	q = mremap(p, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p);
	CHECK(strcmp(q + 3 * PAGE, "page three") == 0);
	show_pages("moved away", p, 5);
	target = map(8);
	CHECK(mremap(q, 6 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
	CHECK(strcmp(target + 3 * PAGE, "page three") == 0);
	show_pages("moved away", q, 6);
	SHOW(mremap(target, 8 * PAGE, 8 * PAGE, MREMAP_FIXED, p));
	SHOW(mremap(target + 1, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	SHOW(mremap(target, PAGE, 0, MREMAP_MAYMOVE));
	SHOW(mremap(q, 6 * PAGE, 8 * PAGE, MREMAP_MAYMOVE));
	SHOW(mremap(target, 8 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE));
	munmap(target, 8 * PAGE);
	munmap(p, 8 * PAGE);
}

/* By the system call itself: musl's brk and sbrk always fail. */
static char *set_break(char *address)
{
	return (char *)syscall(SYS_brk, address);
}

static void program_break(void)
{
	char *old = set_break(NULL), *start = set_break((char *)(((uintptr_t)old + PAGE - 1) & -PAGE));

	CHECK(set_break(start + 10 * PAGE) == start + 10 * PAGE);
	memset(start, 7, 10 * PAGE);
	CHECK(set_break(NULL) == start + 10 * PAGE);
	CHECK(set_break(start + PAGE) == start + PAGE);
	CHECK(set_break(start + 2 * PAGE + 5) == start + 2 * PAGE + 5);
	CHECK(start[0] == 7 && start[PAGE] == 0 && start[2 * PAGE] == 0);
	CHECK(set_break((char *)(1ul << 62)) == start + 2 * PAGE + 5);
	CHECK(set_break((char *)PAGE) == start + 2 * PAGE + 5);
	mmap(start + 8 * PAGE, PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
	CHECK(set_break(start + 20 * PAGE) == start + 2 * PAGE + 5);
	munmap(start + 8 * PAGE, PAGE);
	CHECK(set_break(old) == old);
}

static void contents(void)
{
	char *p = map(4), *shared, *private;
	int fd = memfd_create("contents", 0), value = 0;

	memset(p, 5, 4 * PAGE);
	SHOW(madvise(p + PAGE, PAGE, MADV_DONTNEED));
	printf("%d %d %d\n", p[0], p[PAGE], p[2 * PAGE]);
	SHOW(ftruncate(fd, 2 * PAGE));
	shared = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	private = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	shared[0] = 1;
	private[PAGE] = 9;
	SHOW(pwrite(fd, "zz", 2, PAGE));
	SHOW(pread(fd, &value, 1, 0));
	printf("read %d, shared %d %d, private %d %d\n", value, shared[0], shared[PAGE], private[0], private[PAGE]);
	shared[0] = 2;
	printf("private %d\n", private[0]);
	SHOW(madvise(private, 2 * PAGE, MADV_DONTNEED));
	printf("private %d %d\n", private[0], private[PAGE]);
	SHOW(mprotect(shared, PAGE, PROT_READ));
	SHOW(read(open("/dev/zero", O_RDONLY), shared, 1)); /* the kernel too respects the protection */
	SHOW(write(fd, p + 3 * PAGE, 1));
	munmap(p + 3 * PAGE, PAGE);
	SHOW(write(fd, p + 3 * PAGE, 1));
	SHOW(write(fd, p + 3 * PAGE - 5, 10));
}

/* System calls write where the mapping says that they may and no page is: left out of a child, taken away, beyond the end of a file. */
static void lost_pages(void)
{
	char *p = map(2);
	int fd = open("cut", O_RDWR | O_CREAT, 0600);
	char *cut;

	p[0] = 1;
	SHOW(syscall(SYS_clock_getres, 0, p));
	SHOW(madvise(p, PAGE, MADV_DONTFORK));
	SHOW(syscall(SYS_clock_getres, 0, p));
	if (fork() == 0) {
		SHOW(syscall(SYS_clock_getres, 0, p));
		SHOW(syscall(SYS_clock_getres, 0, p + PAGE));
		_exit(0);
	}
	wait(NULL);
	SHOW(ftruncate(fd, PAGE));
	cut = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	SHOW(syscall(SYS_clock_getres, 0, cut));
	SHOW(syscall(SYS_clock_getres, 0, cut + PAGE - 8));
	SHOW(ftruncate(fd, 0));
	SHOW(syscall(SYS_clock_getres, 0, cut));
	SHOW(syscall(SYS_nanosleep, cut, NULL));
	if (madvise(p, PAGE, 102 /* MADV_GUARD_INSTALL, Linux 6.13 */) == 0)
		CHECK(syscall(SYS_clock_getres, 0, p) == -1 && errno == EFAULT);
}

int main(void)
{
	refused();
	holes();
	remap();
	program_break();
	contents();
	lost_pages();
	return 0;
}
