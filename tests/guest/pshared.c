/* futex(2) between processes: whatever memory they share, wakes without a change of the word, who is woken, who is moved. */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/utsname.h>

#include "pshared.h"

enum { PAGE = 4096, CHILDREN = 3 };

static struct {
	volatile uint32_t word, other, woken, turn[CHILDREN];
} * shared;

/* A child that waits, and says as what it was woken by its status. */
static pid_t start_waiter(volatile uint32_t *word, int operation, uint32_t bits)
{
	pid_t child = fork();

	if (child == 0)
		_exit(futex(word, operation, *word, 0, NULL, bits) == 0 ? 5 : 6);
	return child;
}

/* --- memory that is shared ---------------------------------------------------------------------------- */

static void wake_one(volatile uint32_t *here, volatile uint32_t *there)
{
	pid_t child = start_waiter(there, FUTEX_WAIT, 0);

	await_waiters(here, 1);
	SHOW(futex(here, FUTEX_WAKE, INT_MAX, 0, NULL, 0));
	SHOW(futex(here, FUTEX_WAKE, INT_MAX, 0, NULL, 0));
	show_end(child);
}

static void map_twice(const char *what, int fd)
{
	volatile uint32_t *here = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	volatile uint32_t *there = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);

	puts(what);
	wake_one(here + PAGE / 4 + 3, there + 3);
	munmap((void *)here, 2 * PAGE);
	munmap((void *)there, PAGE);
}

static void kinds_of_memory(void)
{
	int file = open("file", O_RDWR | O_CREAT, 0600), memory = memfd_create("memory", 0);
	int segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
	volatile uint32_t *here, *there;

	puts("anonymous");
	wake_one(&shared->word, &shared->word);
	SHOW(ftruncate(file, 2 * PAGE));
	SHOW(ftruncate(memory, 2 * PAGE));
	map_twice("file", file);
	map_twice("memfd", memory);
	puts("System V");
	here = shmat(segment, NULL, 0);
	there = shmat(segment, NULL, 0);
	wake_one(here, there);
	SHOW(shmctl(segment, IPC_RMID, NULL));
	puts("moved by mremap");
	there = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	here = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	there = mremap((void *)there, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	wake_one(here, there);
}

/* Objects that were made after the fork, one in each process, at the same address. */
static void different_objects(void)
{
	void *place = shared_memory(PAGE);
	volatile uint32_t *mine;
	pid_t child;

	munmap(place, PAGE);
	child = fork();
	if (child == 0) {
		volatile uint32_t *own = mmap(place, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		shared->turn[0] = 1;
		_exit(futex(own, FUTEX_WAIT, 0, (uintptr_t) & (struct timespec){ 0, 100000000 }, NULL, 0) == 0 ? 5 : errno);
	}
	mine = mmap(place, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	while (!shared->turn[0])
		pause_ms(1);
	pause_ms(10);
	SHOW(futex(mine, FUTEX_WAKE, INT_MAX, 0, NULL, 0));
	show_end(child);
	shared->turn[0] = 0;
}

/* --- who is woken ------------------------------------------------------------------------------------- */

static void in_turn(void)
{
	pid_t child[CHILDREN];

	for (int i = 0; i < CHILDREN; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			futex(&shared->word, FUTEX_WAIT, 0, 0, NULL, 0);
			shared->turn[i] = __atomic_add_fetch(&shared->woken, 1, __ATOMIC_SEQ_CST);
			_exit(0);
		}
		await_waiters(&shared->word, i + 1);
	}
	for (uint32_t i = 0; i < CHILDREN; i++) {
		SHOW(futex(&shared->word, FUTEX_WAKE, 1, 0, NULL, 0));
		while (shared->woken == i)
			pause_ms(1);
	}
	for (int i = 0; i < CHILDREN; i++) {
		show_end(child[i]);
		printf("%d: woken as number %u\n", i, shared->turn[i]);
		shared->turn[i] = 0;
	}
}

static void bitsets(void)
{
	pid_t first = start_waiter(&shared->word, FUTEX_WAIT_BITSET, 1), second;

	await_waiters(&shared->word, 1);
	second = start_waiter(&shared->word, FUTEX_WAIT_BITSET, 6);
	await_waiters(&shared->word, 2);
	SHOW(futex(&shared->word, FUTEX_WAKE_BITSET, INT_MAX, 0, NULL, 8));
	SHOW(futex(&shared->word, FUTEX_WAKE_BITSET, INT_MAX, 0, NULL, 4));
	show_end(second);
	SHOW(futex(&shared->word, FUTEX_WAKE, INT_MAX, 0, NULL, 0));
	show_end(first);
}

static void requeued(void)
{
	pid_t child[CHILDREN];

	for (int i = 0; i < CHILDREN; i++)
		child[i] = start_waiter(&shared->word, FUTEX_WAIT, 0);
	await_waiters(&shared->word, CHILDREN);
	SHOW(futex(&shared->word, FUTEX_CMP_REQUEUE, 0, INT_MAX, &shared->other, 1));
	SHOW(futex(&shared->word, FUTEX_CMP_REQUEUE, 1, 1, &shared->other, 0));
	SHOW(futex(&shared->word, FUTEX_WAKE, INT_MAX, 0, NULL, 0));
	SHOW(futex(&shared->word, FUTEX_WAKE, INT_MAX, 0, NULL, 0));
	SHOW(futex(&shared->other, FUTEX_WAKE, INT_MAX, 0, NULL, 0));
	for (int i = 0; i < CHILDREN; i++)
		show_end(child[i]);
}

static void woken_by_operation(void)
{
	enum { ADD = 1, GREATER = 4 };
	pid_t first = start_waiter(&shared->word, FUTEX_WAIT, 0), second = start_waiter(&shared->other, FUTEX_WAIT, 0);

	await_waiters(&shared->word, 1);
	await_waiters(&shared->other, 1);
	SHOW(futex(&shared->word, FUTEX_WAKE_OP, 1, 1, &shared->other, ADD << 28 | GREATER << 24 | 7 << 12 | 3)); /* 0 > 3: not */
	SHOW(shared->other);
	SHOW(futex(&shared->word, FUTEX_WAKE_OP, 1, 1, &shared->other, ADD << 28 | GREATER << 24 | 7 << 12 | 3));
	SHOW(shared->other);
	SHOW(futex(&shared->word, FUTEX_WAKE_OP, 1, 1, &shared->other, ADD << 28 | 15 << 24 | 7 << 12 | 3));
	SHOW(shared->other);
	SHOW(futex(&shared->word, FUTEX_WAKE_OP, 1, 1, &shared->other, 7 << 28));
	show_end(first);
	show_end(second);
	shared->other = 0;
}

/* --- who is not --------------------------------------------------------------------------------------- */

/* A waiter whose mark says that the word is its own is none for others, and one that was killed is none at all. */
static void not_woken(void)
{
	pid_t child = start_waiter(&shared->word, FUTEX_WAIT, 0);

	await_waiters(&shared->word, 1);
	SHOW(futex(&shared->word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, NULL, 0));
	SHOW(kill(child, SIGKILL));
	show_end(child);
	SHOW(futex(&shared->word, FUTEX_WAKE, 1, 0, NULL, 0));
	child = start_waiter(&shared->word, FUTEX_WAIT, 0);
	await_waiters(&shared->word, 1);
	SHOW(kill(child, SIGTERM));
	show_end(child);
	SHOW(futex(&shared->word, FUTEX_WAKE, 1, 0, NULL, 0));
}

static void wrong_calls(void)
{
	volatile uint32_t *nothing = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile uint32_t *constant = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct timespec bad = { 0, 1000000000 };

	SHOW(futex(nothing, FUTEX_WAKE, 1, 0, NULL, 0));
	SHOW(futex(nothing, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, NULL, 0));
	SHOW(futex(nothing, FUTEX_WAIT, 0, 0, NULL, 0));
	SHOW(futex(nothing, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, 0, NULL, 0));
	SHOW(futex(constant, FUTEX_WAKE, 1, 0, NULL, 0));
	SHOW(futex(constant, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, NULL, 0));
	SHOW(futex((void *)((uintptr_t)&shared->word + 1), FUTEX_WAKE, 1, 0, NULL, 0));
	SHOW(futex((void *)-8L, FUTEX_WAKE, 1, 0, NULL, 0));
	SHOW(futex((void *)-8L, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, NULL, 0));
	SHOW(futex(&shared->word, FUTEX_REQUEUE, 1, 1, nothing, 0));
	SHOW(futex(&shared->word, FUTEX_REQUEUE, (uint32_t)-1, 1, &shared->other, 0));
	SHOW(futex(&shared->word, FUTEX_CMP_REQUEUE, 1, 1, (void *)((uintptr_t)&shared->other + 2), 1));
	SHOW(futex(&shared->word, FUTEX_WAIT, 1, (uintptr_t)&bad, NULL, 0));
	SHOW(futex(&shared->word, FUTEX_WAKE_BITSET, 1, 0, NULL, 0));
}

/* --- futex_waitv(2) ----------------------------------------------------------------------------------- */

enum { SYS_WAITV = 449, WAITV_32 = 2 };

struct waitv {
	uint64_t value, address;
	uint32_t flags, reserved;
};

static long waitv(const struct waitv *entry, unsigned count, unsigned flags, const struct timespec *limit, int clock)
{
	return syscall(SYS_WAITV, entry, count, flags, limit, clock);
}

static bool has_waitv(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	return major > 5 || (major == 5 && minor >= 16);
}

static void several(void)
{
	uint32_t own = 0;
	struct waitv entry[] = {
		{ 0, (uintptr_t)&own, WAITV_32 | FUTEX_PRIVATE_FLAG, 0 },
		{ 0, (uintptr_t)&shared->word, WAITV_32, 0 },
		{ 0, (uintptr_t)&shared->other, WAITV_32, 0 },
	};
	struct timespec soon;
	pid_t child = fork();

	if (child == 0) {
		long index = waitv(entry, 3, 0, NULL, 0);

		_exit(index == 2 ? 7 : 8);
	}
	await_waiters(&shared->other, 1);
	await_waiters(&shared->word, 1);
	SHOW(futex(&shared->other, FUTEX_WAKE, INT_MAX, 0, NULL, 0));
	show_end(child);
	SHOW(futex(&shared->word, FUTEX_WAKE, INT_MAX, 0, NULL, 0));
	clock_gettime(CLOCK_MONOTONIC, &soon);
	SHOW(waitv(entry, 3, 0, &soon, CLOCK_MONOTONIC));
	clock_gettime(CLOCK_REALTIME, &soon);
	SHOW(waitv(entry, 3, 0, &soon, CLOCK_REALTIME));
	SHOW(waitv(entry, 3, 0, &soon, CLOCK_BOOTTIME));
	entry[1].value = 1;
	SHOW(waitv(entry, 3, 0, NULL, 0));
	SHOW(waitv(entry, 3, 1, NULL, 0));
	SHOW(waitv(entry, 0, 0, NULL, 0));
	SHOW(waitv(entry, 129, 0, NULL, 0));
	SHOW(waitv(NULL, 1, 0, NULL, 0));
	SHOW(waitv((void *)8, 1, 0, NULL, 0));
	entry[1].reserved = 1;
	SHOW(waitv(entry, 3, 0, NULL, 0));
	entry[1].reserved = 0;
	entry[1].flags = 0;
	SHOW(waitv(entry, 3, 0, NULL, 0));
	entry[1] = (struct waitv){ 0, 8, WAITV_32, 0 };
	SHOW(waitv(entry, 3, 0, NULL, 0));
}

int main(void)
{
	shared = shared_memory(PAGE);
	kinds_of_memory();
	different_objects();
	in_turn();
	bitsets();
	requeued();
	woken_by_operation();
	not_woken();
	wrong_calls();
	if (has_waitv())
		several();
	return 0;
}
