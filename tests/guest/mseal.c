/* mseal(2): what is sealed cannot be unmapped, moved, replaced or protected; read-only anonymous memory cannot be discarded; children
 * inherit it, execve(2) ends it. Where the host's kernel lacks it (before 6.10), this says so in a line that begins with "host: ", which
 * counts for the native run only, and prints what the manual says. */
#include <stdbool.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { PAGE = 4096, MSEAL = 462 };

static bool by_the_book;

/* Prints the call's errno, or 0: by the book the documented one, without the call. */
#define ASK(call, documented)                                                                           \
	do {                                                                                            \
		errno = 0;                                                                              \
		printf("%s: %d\n", #call, by_the_book ? (documented) : (long)(call) == -1 ? errno : 0); \
	} while (0)

static long seal(void *address, unsigned long length, unsigned long flags)
{
	return syscall(MSEAL, address, length, flags);
}

static char *map(int pages, int prot, int flags)
{
	return mmap(NULL, (size_t)pages * PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static void arguments(void)
{
	char *place = map(3, PROT_READ, MAP_PRIVATE);

	munmap(place + PAGE, PAGE);
	ASK(seal(place, PAGE, 1), EINVAL);
	ASK(seal(place + 1, PAGE, 0), EINVAL);
	ASK(seal(place, -1UL, 0), EINVAL);
	ASK(seal(place, -2UL * PAGE, 0), EINVAL);
	ASK(seal(place, 3 * PAGE, 0), ENOMEM);
	ASK(seal(place + PAGE, PAGE, 0), ENOMEM);
	ASK(seal(place + PAGE, 0, 0), 0);
	ASK(munmap(place, 3 * PAGE), 0);
}

static void writable(void)
{
	char *place = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE), *other = map(8, PROT_NONE, MAP_PRIVATE);

	place[PAGE] = 7;
	ASK(seal(place + PAGE, PAGE + 1, 0), 0);
	ASK(seal(place + PAGE, PAGE, 0), 0);
	ASK(munmap(place, 4 * PAGE), EPERM);
	ASK(munmap(place + PAGE, PAGE), EPERM);
	ASK(mprotect(place + PAGE, PAGE, PROT_READ), EPERM);
	ASK(mprotect(place + PAGE, PAGE, PROT_READ | PROT_WRITE), EPERM);
	ASK(mprotect(place, 3 * PAGE, PROT_READ), EPERM);
	ASK(mmap(place, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EPERM);
	ASK(mmap(place, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), 0);
	ASK(mmap(place + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	ASK(mremap(place + PAGE, 2 * PAGE, PAGE, 0), EPERM);
	ASK(mremap(place + PAGE, PAGE, PAGE, 0), EPERM);
	ASK(mremap(place + PAGE, PAGE, 3 * PAGE, MREMAP_MAYMOVE), EPERM);
	ASK(mremap(place + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other), EPERM);
	ASK(mremap(other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + PAGE), EPERM);
	ASK(place[PAGE] == 7 ? 0 : -1, 0);
	ASK(madvise(place + PAGE, PAGE, MADV_DONTNEED), 0);
	ASK(place[PAGE] == 0 ? 0 : -1, 0);
	ASK(munmap(place + 3 * PAGE, PAGE), 0);
	ASK(munmap(place, PAGE), 0);
}

static void read_only(void)
{
	char *place = map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE), *shared = map(1, PROT_READ, MAP_SHARED);

	place[0] = 7;
	mprotect(place, 2 * PAGE, PROT_READ);
	ASK(seal(place, PAGE, 0), 0);
	ASK(seal(shared, PAGE, 0), 0);
	ASK(madvise(place, PAGE, MADV_DONTNEED), EPERM);
	ASK(madvise(place, PAGE, MADV_FREE), EPERM);
	ASK(madvise(place, PAGE, MADV_DONTFORK), EPERM);
	ASK(madvise(place, PAGE, MADV_WIPEONFORK), EPERM);
	ASK(madvise(place, PAGE, MADV_WILLNEED), 0);
	ASK(madvise(place + PAGE, PAGE, MADV_DONTNEED), 0);
	ASK(madvise(shared, PAGE, MADV_DONTNEED), 0);
	ASK(place[0] == 7 ? 0 : -1, 0);
}

/* shmdt(2) leaves what is sealed. */
static void segment(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, 0600);
	char *place = shmat(id, NULL, 0);
	unsigned char resident;

	shmctl(id, IPC_RMID, NULL);
	place[PAGE] = 7;
	ASK(seal(place + PAGE, PAGE, 0), 0);
	ASK(shmdt(place), 0);
	ASK(place[PAGE] == 7 ? 0 : -1, 0);
	ASK(mincore(place, PAGE, &resident), ENOMEM);
	ASK(mincore(place + 2 * PAGE, PAGE, &resident), ENOMEM);
}

static void heap(void)
{
	char *end = (char *)syscall(SYS_brk, (syscall(SYS_brk, 0) + PAGE - 1) / PAGE * PAGE);

	syscall(SYS_brk, end + 2 * PAGE);
	ASK(seal(end + PAGE, PAGE, 0), 0);
	ASK((char *)syscall(SYS_brk, end) == end + 2 * PAGE ? 0 : -1, 0);
	ASK((char *)syscall(SYS_brk, end + 4 * PAGE) == end + 4 * PAGE ? 0 : -1, 0);
	ASK((char *)syscall(SYS_brk, end + 2 * PAGE) == end + 2 * PAGE ? 0 : -1, 0);
}

static void of_child(char *program)
{
	char *place = map(1, PROT_READ, MAP_PRIVATE);

	ASK(seal(place, PAGE, 0), 0);
	fflush(stdout);
	if (fork() == 0) {
		ASK(munmap(place, PAGE), EPERM);
		fflush(stdout);
		execl(program, program, "again", NULL);
		_exit(1);
	}
	wait(NULL);
	ASK(munmap(place, PAGE), EPERM);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		puts("again");
		return 0;
	}
	by_the_book = seal(NULL, 0, 0) != 0;
	if (by_the_book)
		puts("host: the kernel has no mseal");
	arguments();
	writable();
	read_only();
	segment();
	heap();
	of_child(argv[0]);
	return 0;
}
