/* mlockall(2): what is mapped, what will be mapped, the limit, and who inherits. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { SIZE = 1 << 20 };

static long locked_kib(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[200];
	long kib = -1;

	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "VmLck: %ld", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

static char *map(int prot)
{
	return mmap(NULL, SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int resident(char *address)
{
	unsigned char pages[SIZE / 4096];
	int count = 0;

	if (mincore(address, SIZE, pages) != 0)
		return -1;
	for (int i = 0; i < SIZE / 4096; i++)
		count += pages[i] & 1;
	return count;
}

static void flags(void)
{
	SHOW(mlockall(0));
	SHOW(mlockall(8));
	SHOW(mlockall(MCL_ONFAULT));
}

static void present_and_future(void)
{
	char *before = map(PROT_READ | PROT_WRITE), *none = map(PROT_NONE), *after;
	long kib;

	CHECK(before != MAP_FAILED && none != MAP_FAILED);
	SHOW(resident(before));
	SHOW(mlockall(MCL_CURRENT));
	SHOW(resident(before));
	CHECK(locked_kib() >= 2 * SIZE / 1024);
	after = map(PROT_READ | PROT_WRITE);
	SHOW(resident(after));
	munmap(after, SIZE);
	SHOW(mlockall(MCL_FUTURE));
	kib = locked_kib();
	after = map(PROT_READ | PROT_WRITE);
	SHOW(resident(after));
	CHECK(locked_kib() == kib + SIZE / 1024);
	syscall(SYS_brk, syscall(SYS_brk, 0) + SIZE);
	CHECK(locked_kib() == kib + 2 * SIZE / 1024);
	munmap(after, SIZE);
	SHOW(mlockall(MCL_FUTURE | MCL_ONFAULT));
	kib = locked_kib();
	after = map(PROT_READ | PROT_WRITE);
	SHOW(resident(after));
	CHECK(locked_kib() == kib + SIZE / 1024);
	if (fork() == 0) {
		SHOW(locked_kib());
		SHOW(resident(map(PROT_READ | PROT_WRITE)));
		SHOW(locked_kib());
		_exit(0);
	}
	wait(NULL);
	SHOW(munlockall());
	SHOW(locked_kib());
	SHOW(resident(map(PROT_READ | PROT_WRITE)));
	SHOW(locked_kib());
}

/* As a user without privileges. */
static void limited(void)
{
	const struct rlimit most = { 4 * SIZE, 4 * SIZE };
	char *area = mmap(NULL, 8 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(area != MAP_FAILED);
	SHOW(setrlimit(RLIMIT_MEMLOCK, &most));
	SHOW(setuid(65534));
	SHOW(mlockall(MCL_CURRENT));
	SHOW(mlockall(MCL_FUTURE));
	CHECK(map(PROT_READ | PROT_WRITE) != MAP_FAILED);
	SHOW(mmap(NULL, 8 * SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
	SHOW(munlockall());
	SHOW(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 0 }));
	SHOW(mlockall(MCL_FUTURE));
}

int main(void)
{
	flags();
	present_and_future();
	if (fork() == 0) {
		limited();
		return 0;
	}
	wait(NULL);
	return 0;
}
