/* Memory that processes share - memfd, System V, anonymous - without locks: who is first is the scheduler's. */
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hard.h"

enum { WORKERS = 3, STEPS = 4000, SIZE = 16384 };

struct shared {
	volatile uint64_t tickets, sum;
	volatile int ready;
};

static void work(struct shared *shared, uint64_t own)
{
	uint64_t seen = own;

	shared->ready++;
	for (int k = 0; k < STEPS; k++) {
		uint64_t ticket = __atomic_fetch_add(&shared->tickets, 1, __ATOMIC_SEQ_CST), sum = shared->sum;

		mix(&sum, own + ticket);
		shared->sum = sum; /* a lost update now and then */
		mix(&seen, sum);
		if (k % 512 == 0)
			usleep(50);
	}
	printf("worker %lu saw %016lx\n", (unsigned long)own, (unsigned long)seen);
	_exit(0);
}

static void race(const char *what, struct shared *shared)
{
	must(shared != MAP_FAILED, what);
	memset(shared, 0, sizeof(*shared));
	for (uint64_t k = 0; k < WORKERS; k++)
		if (fork() == 0)
			work(shared, k);
	while (wait(NULL) > 0)
		;
	printf("%s: tickets %lu, ready %d, sum %016lx\n", what, (unsigned long)shared->tickets, shared->ready, (unsigned long)shared->sum);
}

static void system_v(void)
{
	int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);
	char *here, *there;

	must(id >= 0, "shmget");
	here = shmat(id, NULL, 0);
	there = shmat(id, NULL, 0);
	strcpy(here + 5000, "one segment, two places");
	puts(there + 5000);
	race("System V", (struct shared *)here);
	must(shmdt(here) == 0, "shmdt");
	puts(there + 5000);
	here = shmat(id, NULL, SHM_RDONLY);
	puts(here + 5000);
	shmctl(id, IPC_RMID, NULL);
}

static void memory_file(void)
{
	int fd = memfd_create("hard", 0);
	char *shared, back[16] = "";

	must(fd >= 0 && ftruncate(fd, SIZE) == 0, "memfd");
	shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	race("memfd", (struct shared *)shared);
	must(pwrite(fd, "below", 6, 8192) == 6, "pwrite");
	puts(shared + 8192);
	strcpy(shared + 9000, "above");
	must(pread(fd, back, 6, 9000) == 6, "pread");
	puts(back);
	close(fd);
}

int main(void)
{
	setbuf(stdout, NULL);
	race("anonymous", mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	memory_file();
	system_v();
}
