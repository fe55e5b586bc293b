/* /proc of threads and of other processes: states, ids, names, signals, lists of threads; texts that are made anew for each reader. */
/* tests/guest.test: --serial */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

static volatile int tid, stop;

static const char *read_file(const char *path)
{
	static char text[8192];
	int fd = open(path, O_RDONLY);
	ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[size < 0 ? 0 : size] = '\0';
	close(fd);
	return text;
}

/* The state in a stat file, once it is the wanted one, or what it stays. */
static char await_state(const char *path, char wanted)
{
	char state = '?';

	for (int i = 0; i < 1500 && state != wanted; i++) {
		const char *end = strrchr(read_file(path), ')');

		state = end ? end[2] : '?';
		if (state != wanted)
			usleep(2000);
	}
	return state;
}

static const char *status_line(const char *path, const char *key)
{
	static char line[200];
	const char *at = strstr(read_file(path), key);

	snprintf(line, sizeof(line), "%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
	return line;
}

static int number_in(const char *path, const char *key)
{
	return atoi(status_line(path, key) + strlen(key));
}

static void list_threads(const char *path, int expected)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int count = 0, known = 0;

	while (directory && (entry = readdir(directory))) {
		count += entry->d_name[0] != '.';
		known += atoi(entry->d_name) == expected;
	}
	if (directory)
		closedir(directory);
	printf("%d threads, known %d\n", count, known);
}

static void *wait_for_stop(void *unused)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_NAME, "waiter");
	tid = (int)syscall(SYS_gettid);
	while (!stop)
		usleep(20000);
	return unused;
}

static void *compute(void *unused)
{
	tid = (int)syscall(SYS_gettid);
	while (!stop)
		;
	return unused;
}

static void write_name(const char *path, const char *name)
{
	int fd = open(path, O_RDWR);

	SHOW(write(fd, name, strlen(name)));
	close(fd);
	printf("%s", read_file(path));
}

static void waiting_thread(void)
{
	char stat[64], status[64], path[64];
	pthread_t thread;

	pthread_create(&thread, NULL, wait_for_stop, NULL);
	while (!tid)
		usleep(1000);
	snprintf(stat, sizeof(stat), "/proc/self/task/%d/stat", tid);
	snprintf(status, sizeof(status), "/proc/%d/task/%d/status", getpid(), tid);
	printf("waiting thread: %c\n", await_state(stat, 'S'));
	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	printf("by its id alone: %c\n", await_state(path, 'S'));
	puts(status_line(status, "Name:"));
	puts(status_line(status, "Threads:"));
	puts(status_line(status, "SigBlk:"));
	pthread_kill(thread, SIGUSR2);
	puts(status_line(status, "SigPnd:"));
	puts(status_line("/proc/self/status", "SigPnd:"));
	CHECK(number_in(status, "Tgid:") == getpid());
	CHECK(number_in(status, "\nPid:") == tid);
	CHECK(number_in(status, "PPid:") == getppid());
	CHECK(atoi(read_file(stat)) == tid);
	list_threads("/proc/self/task", tid);
	snprintf(path, sizeof(path), "/proc/%d/task", getpid());
	list_threads(path, getpid());
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	write_name(path, "renamed");
	puts(status_line(status, "Name:"));
	SUCCEEDS(access("/proc/self/task/1/stat", F_OK));
	SUCCEEDS(access(stat, F_OK));
	SUCCEEDS(open("/proc/self/task/1/stat", O_RDONLY));
	stop = 1;
	pthread_join(thread, NULL);
	for (int i = 0; i < 1000 && access(stat, F_OK) == 0; i++)
		usleep(1000);
	SUCCEEDS(open(stat, O_RDONLY));
}

static void computing_thread(void)
{
	char stat[64];
	pthread_t thread;

	stop = tid = 0;
	pthread_create(&thread, NULL, compute, NULL);
	while (!tid)
		usleep(1000);
	snprintf(stat, sizeof(stat), "/proc/self/task/%d/stat", tid);
	printf("computing thread: %c\n", await_state(stat, 'R'));
	stop = 1;
	pthread_join(thread, NULL);
}

static void links(void)
{
	char target[100], expected[100];
	ssize_t length = readlink("/proc/self", target, sizeof(target) - 1);

	target[length < 0 ? 0 : length] = '\0';
	CHECK(atoi(target) == getpid());
	length = readlink("/proc/thread-self", target, sizeof(target) - 1);
	target[length < 0 ? 0 : length] = '\0';
	snprintf(expected, sizeof(expected), "%d/task/%d", getpid(), (int)syscall(SYS_gettid));
	CHECK(strcmp(target, expected) == 0);
	length = readlink("/proc/self", target, 2);
	CHECK(length <= 2 && length > 0);
}

static void child(void)
{
	char stat[64], status[64], path[64], own[4096], other[4096];
	pid_t pid = fork();
	ssize_t size;

	if (!pid) {
		prctl(PR_SET_NAME, "a child");
		pause();
		_exit(3);
	}
	snprintf(stat, sizeof(stat), "/proc/%d/stat", pid);
	snprintf(status, sizeof(status), "/proc/%d/status", pid);
	printf("child that waits: %c\n", await_state(stat, 'S'));
	puts(status_line(status, "Name:"));
	puts(status_line(status, "Threads:"));
	CHECK(number_in(status, "\nPid:") == pid);
	CHECK(number_in(status, "PPid:") == getpid());
	CHECK(atoi(read_file(stat)) == pid);
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	list_threads(path, pid);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	CHECK(atoi(read_file(path)) == pid);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	strcpy(own, read_file("/proc/self/cmdline"));
	CHECK(strcmp(own, read_file(path)) == 0);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	size = readlink("/proc/self/exe", own, sizeof(own));
	CHECK(size > 0 && readlink(path, other, sizeof(other)) == size && memcmp(own, other, size) == 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	printf("%d\n", atoi(read_file(path)) == pid || *read_file(path) == '\0'); /* the kernel may be built without */
	kill(pid, SIGSTOP);
	printf("stopped: %c\n", await_state(stat, 'T'));
	kill(pid, SIGCONT);
	printf("continued: %c\n", await_state(stat, 'S'));
	kill(pid, SIGTERM);
	printf("ended: %c\n", await_state(stat, 'Z'));
	waitpid(pid, NULL, 0);
	SUCCEEDS(open(stat, O_RDONLY));
}

/* A descriptor of a file that has been read shows, from its beginning, what holds now. */
static void read_again(void)
{
	int fd = open("/proc/uptime", O_RDONLY);
	char first[100] = "", second[100] = "";

	CHECK(read(fd, first, sizeof(first) - 1) > 0);
	SHOW(read(fd, second, sizeof(second) - 1));
	usleep(50000);
	CHECK(pread(fd, second, sizeof(second) - 1, 0) > 0);
	CHECK(strcmp(first, second) != 0);
	strcpy(first, second);
	usleep(50000);
	SHOW(lseek(fd, 0, SEEK_SET));
	CHECK(read(fd, second, sizeof(second) - 1) > 0);
	CHECK(strcmp(first, second) != 0);
	close(fd);
	fd = open("/proc/self/comm", O_RDONLY);
	CHECK(read(fd, first, sizeof(first)) > 0);
	prctl(PR_SET_NAME, "new name");
	SHOW(pread(fd, second, sizeof(second), 0));
	printf("%.9s", second);
	close(fd);
	write_name("/proc/self/comm", "by writing");
}

static void relative(void)
{
	int directory = open("/proc/self", O_RDONLY | O_DIRECTORY), fd = openat(directory, "stat", O_RDONLY);
	char text[100] = "";

	CHECK(read(fd, text, sizeof(text) - 1) > 0 && atoi(text) == getpid());
	close(fd);
	close(directory);
}

/* Paths with ids that are relative to a directory's descriptor. */
static void relative_with_ids(void)
{
	struct stat status;
	char path[64], link[16] = "";
	int fd, proc = open("/proc", O_RDONLY | O_DIRECTORY), self = open("/proc/self", O_RDONLY | O_DIRECTORY);

	snprintf(path, sizeof(path), "%d/fd", getpid());
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY);
	SHOW(fd);
	CHECK(fstatat(fd, "0", &status, 0) == 0);
	close(fd);
	snprintf(path, sizeof(path), "task/%d/stat", getpid());
	fd = openat(self, path, O_RDONLY);
	CHECK(read(fd, link, sizeof(link) - 1) > 0 && atoi(link) == getpid());
	close(fd);
	SHOW(faccessat(self, path, R_OK, 0));
	snprintf(path, sizeof(path), "%d", getppid());
	SHOW(fstatat(proc, path, &status, 0));
	SHOW(fstatat(proc, "4194303/stat", &status, 0));
	SHOW(fstatat(self, "", &status, AT_EMPTY_PATH));
	memset(link, 0, sizeof(link));
	CHECK(readlinkat(proc, "self", link, sizeof(link) - 1) > 0 && atoi(link) == getpid());
	close(self);
	close(proc);
}

int main(void)
{
	links();
	waiting_thread();
	computing_thread();
	child();
	read_again();
	relative();
	relative_with_ids();
	return 0;
}
