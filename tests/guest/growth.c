/* A private mapping that reaches beyond its file's end, and a file that grows. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { PAGE = 4096, PAGES = 6 };

static sigjmp_buf beyond_end;

static void caught(int number)
{
	siglongjmp(beyond_end, number);
}

/* Returns a byte, or minus the signal that reading it raises. */
static int look(const volatile char *at)
{
	int number = sigsetjmp(beyond_end, 1);

	return number ? -number : *at;
}

static void show(const char *when, const char *map)
{
	printf("%s:", when);
	for (int page = 0; page < PAGES; page++)
		printf(" %d", look(map + page * PAGE));
	printf("\n");
}

static void put(int fd, int page, char byte)
{
	char bytes[PAGE];

	memset(bytes, byte, sizeof(bytes));
	if (pwrite(fd, bytes, sizeof(bytes), page * PAGE) != sizeof(bytes))
		perror("pwrite");
}

/* Another process makes the file longer; this one has a copy of the mapping, and looks, too. */
static void grown_by_child(int fd, char *map)
{
	pid_t child = fork();

	if (child == 0) {
		put(fd, 2, 'c');
		show("child", map);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	show("grown by a child", map);
}

int main(void)
{
	int fd = open("growing", O_CREAT | O_RDWR | O_TRUNC, 0600);
	char *map, *behind;

	signal(SIGBUS, caught);
	setbuf(stdout, NULL);
	put(fd, 0, 'a');
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	behind = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 3 * PAGE);
	show("mapped", map);
	put(fd, 1, 'b');
	show("grown", map);
	map[PAGE] = 'p';
	grown_by_child(fd, map);
	SHOW(mprotect(map, PAGES * PAGE, PROT_NONE));
	SHOW(ftruncate(fd, 4 * PAGE));
	SHOW(mprotect(map, PAGES * PAGE, PROT_READ));
	show("longer by zeroes", map);
	printf("behind: %d\n", look(behind));
	SHOW(pread(fd, map + 4 * PAGE, 1, 0));
	SHOW(mprotect(map, PAGES * PAGE, PROT_READ | PROT_WRITE));
	put(fd, 4, 'd');
	SHOW(pread(fd, map + 4 * PAGE + 1, 2, 0));
	show("read into", map + 1);
	SHOW(unlink("growing"));
	return 0;
}
