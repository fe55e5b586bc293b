/* Resource limits count what the program itself uses: descriptors up to the limit, memory, queued signals. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

enum { DESCRIPTORS = 20, MIB = 1 << 20 };

static int set_limit(int resource, rlim_t soft)
{
	struct rlimit limit;

	getrlimit(resource, &limit);
	limit.rlim_cur = soft;
	return setrlimit(resource, &limit);
}

/* Prints the soft limit, and with `whole` the hard one, from /proc/PID/limits. */
static void show_limit(pid_t pid, const char *name, bool whole)
{
	char path[40], line[200], soft[21], hard[21];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/limits", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0 && sscanf(line + 25, "%20s %20s", soft, hard) == 2)
			printf("%s: %s %s\n", name, soft, whole ? hard : "");
	if (file)
		fclose(file);
}

static void *nothing(void *unused)
{
	return unused;
}

static void all_in_use(char *program)
{
	char *arguments[] = { program, "again", NULL };
	int pair[2], status = 0;
	pthread_t thread;
	pid_t pid;

	SHOW(open("/dev/null", O_RDONLY));
	SHOW(pipe(pair));
	SHOW(dup(0));
	SHOW(dup2(0, DESCRIPTORS));
	SHOW(dup2(0, DESCRIPTORS - 1));
	SHOW(fcntl(0, F_DUPFD, DESCRIPTORS));
	SHOW(fcntl(0, F_DUPFD, DESCRIPTORS - 1));
	SHOW(open("made", O_CREAT | O_RDWR, 0600));
	SHOW(access("made", F_OK));
	SHOW(poll(NULL, DESCRIPTORS + 1, 0));
	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	SHOW(poll(NULL, 0, 1));
	SHOW(pthread_create(&thread, NULL, nothing, NULL));
	SHOW(pthread_join(thread, NULL));
	pid = fork();
	if (!pid)
		_exit(3);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	pid = vfork();
	if (!pid) {
		close(DESCRIPTORS - 1);
		close(DESCRIPTORS - 2);
		execv("/proc/self/exe", arguments);
		_exit(4);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	printf("status %x\n", status);
}

static void descriptors(char *program)
{
	int count = 0, fd, last = -1;

	SHOW(set_limit(RLIMIT_NOFILE, DESCRIPTORS));
	while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
		last = fd;
		count++;
	}
	printf("last %d, some %d, errno %d\n", last, count > 0, errno);
	all_in_use(program);
	close(last);
	SHOW(open("/dev/null", O_RDONLY));
	SHOW(set_limit(RLIMIT_NOFILE, 10));
	SHOW(fcntl(last, F_GETFD) >= 0);
	SHOW(dup2(0, 15));
	for (fd = 3; fd <= last; fd++)
		close(fd);
	SHOW(set_limit(RLIMIT_NOFILE, 1024));
	SHOW(dup2(0, 1000));
	SHOW(fcntl(1000, F_GETFD));
	SHOW(dup2(0, 1023));
	SHOW(dup2(0, 1024));
	SHOW(close(1000) + close(1023));
}

static void memory(void)
{
	void *place;

	SHOW(set_limit(RLIMIT_AS, 400L * MIB));
	show_limit(getpid(), "Max address space", false);
	place = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(place != MAP_FAILED);
	SUCCEEDS(mmap(NULL, 410L * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	SUCCEEDS(mremap(place, MIB, 410L * MIB, MREMAP_MAYMOVE));
	SUCCEEDS(mmap(place, MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	SHOW(set_limit(RLIMIT_AS, RLIM_INFINITY));
	SHOW(set_limit(RLIMIT_DATA, 100L * MIB));
	SUCCEEDS(mmap(NULL, 110L * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	SUCCEEDS(mmap(NULL, 110L * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	SUCCEEDS(mmap(NULL, 110L * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	CHECK(syscall(SYS_brk, syscall(SYS_brk, 0) + 110L * MIB) == syscall(SYS_brk, 0));
	SHOW(set_limit(RLIMIT_DATA, RLIM_INFINITY));
}

static void queued_signals(void)
{
	union sigval value = { 0 };
	timer_t timer;
	sigset_t set;
	int number = SIGRTMIN + 1;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SHOW(set_limit(RLIMIT_SIGPENDING, 0));
	SHOW(sigqueue(getpid(), number, value));
	SHOW(syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), number));
	SHOW(kill(getpid(), SIGUSR1));
	SHOW(timer_create(CLOCK_MONOTONIC, NULL, &timer));
}

static void limits_themselves(void)
{
	struct rlimit limit = { 10, 5 };

	SHOW(setrlimit(RLIMIT_NOFILE, &limit));
	SHOW(setrlimit(RLIMIT_AS, &limit));
	SHOW(syscall(SYS_getrlimit, 99, &limit));
	SHOW(syscall(SYS_setrlimit, 99, &limit));
	SHOW(set_limit(RLIMIT_NOFILE, 77));
	getrlimit(RLIMIT_NOFILE, &limit);
	printf("%ld\n", (long)limit.rlim_cur);
	SHOW(getdtablesize());
	show_limit(getpid(), "Max open files", false);
	show_limit(getpid(), "Max address space", false);
	show_limit(getpid(), "Limit", true);
}

static void of_child(void)
{
	struct rlimit limit = { 33, 44 }, old = { 0, 0 };
	int tell[2], told[2];
	char byte = 0;
	pid_t pid;

	SHOW(pipe(tell) + pipe(told));
	pid = fork();
	if (!pid) {
		byte = read(tell[0], &byte, 1) == 1;
		getrlimit(RLIMIT_NOFILE, &old);
		printf("child: %ld %ld\n", (long)old.rlim_cur, (long)old.rlim_max);
		_exit(0);
	}
	SHOW(syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &limit, &old));
	printf("before: %ld\n", (long)old.rlim_cur);
	SHOW(syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, NULL, &old));
	printf("after: %ld %ld\n", (long)old.rlim_cur, (long)old.rlim_max);
	show_limit(pid, "Max open files", true);
	if (write(tell[1], &byte, 1) == 1)
		waitpid(pid, NULL, 0);
}

/* Locked memory in /proc, in kB. */
static void show_locked(void)
{
	char line[8192];
	long kb, total = 0;
	FILE *status = fopen("/proc/self/status", "r"), *maps = fopen("/proc/self/smaps", "r");

	while (fgets(line, sizeof(line), maps))
		total += sscanf(line, "Locked: %ld", &kb) == 1 ? kb : 0;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "VmLck: %ld", &kb) == 1)
			printf("locked: %ld, %ld\n", kb, total);
	fclose(status);
	fclose(maps);
}

static void locked_memory(void)
{
	char *place = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	show_locked();
	SHOW(mlock(place + 4096, 3 * 4096));
	show_locked();
	SHOW(mprotect(place + 2 * 4096, 4096, PROT_READ));
	SHOW(munlock(place + 4096, 4096));
	show_locked();
	SHOW(munmap(place, 8 * 4096));
	show_locked();
}

/* A part of a segment is gone: the rest is detached all the same. */
static void half_detached(void)
{
	int id = shmget(IPC_PRIVATE, 3 * 4096, 0600);
	char *place = shmat(id, NULL, 0);

	SHOW(shmctl(id, IPC_RMID, NULL));
	SHOW(munmap(place, 4096));
	SHOW(mprotect(place + 8192, 4096, PROT_READ));
	SHOW(shmdt(place));
	SHOW(shmdt(place));
	SHOW(msync(place + 4096, 4096, MS_ASYNC));
}

/* Which of several things that are wrong is told. */
static void ranges(void)
{
	char *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *far = (char *)(1UL << 60);
	unsigned char pages[2];

	place[0] = 1;
	SHOW(mincore(place, 4096, pages));
	SHOW(mincore(place + 1, 4096, pages));
	SHOW(mincore(place + 1, 4096, (unsigned char *)far));
	SHOW(mincore(far, 4096, (unsigned char *)far));
	SHOW(mincore(place, 4096, (unsigned char *)far));
	SHOW(msync(place, 4096, MS_SYNC | MS_ASYNC));
	SHOW(msync(far, 4096, MS_SYNC | MS_ASYNC));
	SHOW(msync(place + 1, 4096, MS_SYNC));
	SHOW(msync(far, 4096, 64));
	SHOW(msync(far, 4096, MS_SYNC));
	SHOW(munmap(place, 4096));
	SHOW(mincore(place, 4096, pages));
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		puts("again");
		return 5;
	}
	limits_themselves();
	descriptors(argv[0]);
	memory();
	of_child();
	locked_memory();
	half_detached();
	ranges();
	SHOW(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
	SHOW(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
	queued_signals();
	return 0;
}
