/* The files of /proc about the program itself, by every way of naming them: they show the guest, not the emulator. Prints what each file
 * says, as compared with what the program knows: paths DATA, an address of the emulator. */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "attack.h"

static struct target targets[TARGETS];
static unsigned target_count;
static char text[1 << 20];
static const char *program;

/* --- ways -------------------------------------------------------------------------------------------------------- */

/* A directory, and how a file in it is opened. */
struct way {
	const char *name;
	int dirfd; /* the prefix is relative to it */
	char prefix[PATH_MAX];
	enum { BY_OPEN, BY_OPENAT2, BY_PATH_FD, BY_SYMLINK } how;
};

enum { WAYS = 32 };

static struct way ways[WAYS];
static unsigned way_count;

static void add(const char *name, int dirfd, const char *prefix, int how)
{
	struct way *way = &ways[way_count++];

	way->name = name;
	way->dirfd = dirfd;
	way->how = how;
	snprintf(way->prefix, sizeof(way->prefix), "%s", prefix);
}

static const char *with_ids(const char *format)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), format, getpid(), getpid());
	return path;
}

static void find_ways(void)
{
	int self = open("/proc/self", O_PATH | O_DIRECTORY), proc = open("/proc", O_RDONLY | O_DIRECTORY);

	add("self", AT_FDCWD, "/proc/self/", BY_OPEN);
	add("slashes", AT_FDCWD, "//proc//self//", BY_OPEN);
	add("dots", AT_FDCWD, "/proc/./self/./", BY_OPEN);
	add("up and down", AT_FDCWD, "/proc/../proc/self/", BY_OPEN);
	add("thread-self", AT_FDCWD, "/proc/thread-self/", BY_OPEN);
	add("PID", AT_FDCWD, with_ids("/proc/%d/"), BY_OPEN);
	add("zeros", AT_FDCWD, with_ids("/proc/0%d/"), BY_OPEN);
	add("task", AT_FDCWD, with_ids("/proc/self/task/%d/"), BY_OPEN);
	add("task, up", AT_FDCWD, "/proc/self/task/../", BY_OPEN);
	add("task, twice up", AT_FDCWD, with_ids("/proc/%d/task/%d/../../"), BY_OPEN);
	add("ns, up", AT_FDCWD, "/proc/self/ns/../", BY_OPEN);
	add("root", AT_FDCWD, "/proc/self/root/proc/self/", BY_OPEN);
	add("/dev/fd, up", AT_FDCWD, "/dev/fd/../", BY_OPEN);
	add("directory", self, "", BY_OPEN);
	add("directory, dot", self, "./", BY_OPEN);
	add("directory, task", self, with_ids("task/%d/"), BY_OPEN);
	add("directory of /proc", proc, "self/", BY_OPEN);
	add("descriptor's link", AT_FDCWD, (snprintf(text, sizeof(text), "/proc/self/fd/%d/", self), text), BY_OPEN);
	add("openat2", AT_FDCWD, "/proc/self/", BY_OPENAT2);
	add("openat2, beneath", self, "./", BY_OPENAT2);
	add("path descriptor", AT_FDCWD, "/proc/self/", BY_PATH_FD);
	add("symbolic link", AT_FDCWD, "/proc/self/", BY_SYMLINK);
}

static int open2(int dirfd, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)flags, .resolve = dirfd == AT_FDCWD ? RESOLVE_NO_XDEV : RESOLVE_BENEATH };

	if (dirfd == AT_FDCWD)
		how.resolve = 0;
	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static int open_by(const struct way *way, const char *file, int flags)
{
	char path[PATH_MAX + 64], link[64];
	int fd, by;

	snprintf(path, sizeof(path), "%s%s", way->prefix, file);
	switch (way->how) {
	case BY_OPENAT2: return open2(way->dirfd, path, flags);
	case BY_PATH_FD:
		by = open(path, O_PATH);
		snprintf(link, sizeof(link), "/proc/self/fd/%d", by);
		fd = open(link, flags);
		close(by);
		return fd;
	case BY_SYMLINK:
		if (symlink(path, "link") < 0)
			return -1;
		fd = open("link", flags);
		unlink("link");
		return fd;
	default: return openat(way->dirfd, path, flags);
	}
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static ssize_t read_all(int fd)
{
	ssize_t size = 0, got;

	while ((got = read(fd, text + size, sizeof(text) - 1 - (size_t)size)) > 0)
		size += got;
	text[size] = 0;
	return size;
}

static uint64_t own_start; /* of the mapping of this code */

static void find_own_start(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uint64_t start, end;

	while (maps && fscanf(maps, "%lx-%lx %*[^\n]", &start, &end) == 2)
		if (start <= (uint64_t)find_own_start && (uint64_t)find_own_start < end)
			own_start = start;
	if (maps)
		fclose(maps);
}

/* Lists mappings: one holds this function, and none is where the emulator may be. */
static const char *judge_maps(int fd)
{
	bool ours = false, names = false;

	read_all(fd);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		uint64_t start, end;
		int fields = sscanf(line, "%lx-%lx ", &start, &end);

		names |= strstr(line, "tick86") != NULL;
		if (fields < 2)
			end = start + 1;
		if (fields < 1 || strchr(line, ':') == line + strcspn(line, " :"))
			continue;
		for (unsigned t = 0; t < 3; t++)
			if (start <= targets[t].address && targets[t].address < end)
				return "shows the emulator";
		ours |= fields == 2 && start <= (uint64_t)judge_maps && (uint64_t)judge_maps < end;
		ours |= fields == 1 && strstr(line, "default") != NULL && start == own_start;
	}
	return names ? "names the emulator" : ours ? "the program's" : "lacks the program";
}

static const char *judge_rollup(int fd)
{
	uint64_t start = 0, end = 0;

	read_all(fd);
	sscanf(text, "%lx-%lx ---p 00000000 00:00 0", &start, &end);
	return start && strstr(text, "[rollup]\nRss:") ? "the program's" : "odd";
}

static const char *judge_mem(int fd)
{
	static char result[200];
	volatile uint64_t variable = 5, value = 7;
	uint64_t page[2] = { 0 };
	int length = 0;

	pwrite(fd, (void *)&value, sizeof(value), (off_t)&variable);
	length += snprintf(result, sizeof(result), "variable %d", (int)variable);
	for (unsigned t = 0; t < target_count && t < 7; t++) {
		long got, put;

		got = pread(fd, page, sizeof(page), (off_t)targets[t].address);
		length += snprintf(result + length, sizeof(result) - (size_t)length, ", %ld", got < 0 ? -errno : got);
		put = pwrite(fd, page, sizeof(page), (off_t)targets[t].address);
		length += snprintf(result + length, sizeof(result) - (size_t)length, " %ld", put < 0 ? -errno : put);
	}
	lseek(fd, (off_t)targets[0].address, SEEK_SET);
	length += snprintf(result + length, sizeof(result) - (size_t)length, ", %s",
		write(fd, page, 8) < 0 ? strerrorname_np(errno) : "written");
	return result;
}

/* A function that is hot already changes by a write to mem. */
static const char *judge_code(int fd)
{
	static const unsigned char returns_one[] = { 0xb8, 1, 0, 0, 0, 0xc3 };
	unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static char result[64];
	int (*function)(void) = (int (*)(void))code, before = 0, two = 2;

	memcpy(code, returns_one, sizeof(returns_one));
	for (int k = 0; k < 5000; k++)
		before = function();
	pwrite(fd, &two, sizeof(two), (off_t)(code + 1));
	snprintf(result, sizeof(result), "code %d, %d", before, function());
	munmap(code, 4096);
	return result;
}

static const char *judge_pagemap(int fd)
{
	uint64_t entry[3] = { 1, 1, 1 }, here = 0;

	for (unsigned t = 0; t < 3; t++)
		if (pread(fd, &entry[t], 8, (off_t)(targets[t].address / 4096 * 8)) != 8)
			return "short";
	pread(fd, &here, 8, (off_t)((uint64_t)text / 4096 * 8));
	return entry[0] || entry[1] || entry[2] ? "shows the emulator" : here >> 63 ? "the program's" : "lacks the program";
}

static const char *judge_auxv(int fd)
{
	ssize_t size = read_all(fd);

	for (ssize_t at = 0; at + 16 <= size; at += 16) {
		Elf64_auxv_t entry;

		memcpy(&entry, text + at, sizeof(entry));
		if (entry.a_type == AT_ENTRY || entry.a_type == AT_PHDR || entry.a_type == AT_RANDOM)
			if (entry.a_un.a_val != getauxval(entry.a_type))
				return "another's";
	}
	return size ? "the program's" : "empty";
}

static const char *judge_exe(int fd)
{
	struct stat own, other;

	return stat(program, &own) == 0 && fstat(fd, &other) == 0 && own.st_ino == other.st_ino ? "the program's" : "another's";
}

static const char *judge_cmdline(int fd)
{
	read_all(fd);
	return strcmp(text, program) == 0 ? "the program's" : "another's";
}

static const char *judge_comm(int fd)
{
	read_all(fd);
	return strcmp(text, "attacker\n") == 0 ? "the program's" : "another's";
}

static const char *judge_stat(int fd)
{
	int id = 0;

	read_all(fd);
	return sscanf(text, "%d (attacker)", &id) == 1 && id == getpid() ? "the program's" : "another's";
}

static const char *judge_status(int fd)
{
	int id = 0;
	char *at;

	read_all(fd);
	at = strstr(text, "\nPid:");
	return at && sscanf(at, "\nPid: %d", &id) == 1 && id == getpid() ? "the program's" : "another's";
}

static const char *judge_statm(int fd)
{
	unsigned long pages = 0;

	read_all(fd);
	return sscanf(text, "%lu", &pages) == 1 && pages < 100000 ? "the program's" : "another's";
}

static const char *judge_environ(int fd)
{
	read_all(fd);
	return strstr(text, "ATTACK=yes") == text ? "the program's" : "another's";
}

static const char *judge_syscall(int fd)
{
	long number = -1;
	uint64_t stack = 0, here = (uint64_t)__builtin_frame_address(0);
	int scanned = read_all(fd) > 0 ? sscanf(text, "%ld 0x%*x 0x%*x 0x%*x 0x%*x 0x%*x 0x%*x 0x%lx 0x", &number, &stack) : 0;

	return scanned == 2 && number == SYS_read && here - stack < 4096 ? "read" : "another's";
}

static const char *judge_limits(int fd)
{
	read_all(fd);
	return strstr(text, "Max open files            77                   77 ") ? "the program's" : "another's";
}

/* Descriptors: those that this program has opened, whose numbers are below 77. */
static const char *judge_descriptors(int fd)
{
	DIR *directory = fdopendir(dup(fd));
	struct dirent *entry;
	bool hidden = false;

	while (directory && (entry = readdir(directory)))
		hidden |= atoi(entry->d_name) > 900;
	if (directory)
		closedir(directory);
	return !directory ? "not a directory" : hidden ? "shows the emulator's" : "the program's";
}

static const char *judge_map_files(int fd)
{
	DIR *directory = fdopendir(dup(fd));
	struct dirent *entry;
	const char *result = "the program's";
	struct stat status;

	while (directory && (entry = readdir(directory))) {
		uint64_t start, end;
		char link[PATH_MAX] = "";

		if (sscanf(entry->d_name, "%lx-%lx", &start, &end) != 2)
			continue;
		(void)!readlinkat(fd, entry->d_name, link, sizeof(link) - 1);
		if ((start <= targets[0].address && targets[0].address < end) || strstr(link, "/tick86"))
			result = "shows the emulator";
		if (fstatat(fd, entry->d_name, &status, 0) < 0)
			result = "has what is not there";
	}
	if (directory)
		closedir(directory);
	return directory ? result : "not a directory";
}

static const struct {
	const char *name;
	int flags;
	const char *(*judge)(int fd);
} files[] = {
	{ "maps", O_RDONLY, judge_maps },
	{ "smaps", O_RDONLY, judge_maps },
	{ "numa_maps", O_RDONLY, judge_maps },
	{ "smaps_rollup", O_RDONLY, judge_rollup },
	{ "mem", O_RDWR, judge_mem },
	{ "mem", O_RDWR, judge_code },
	{ "pagemap", O_RDONLY, judge_pagemap },
	{ "auxv", O_RDONLY, judge_auxv },
	{ "exe", O_RDONLY, judge_exe },
	{ "cmdline", O_RDONLY, judge_cmdline },
	{ "comm", O_RDONLY, judge_comm },
	{ "stat", O_RDONLY, judge_stat },
	{ "status", O_RDONLY, judge_status },
	{ "statm", O_RDONLY, judge_statm },
	{ "environ", O_RDONLY, judge_environ },
	{ "syscall", O_RDONLY, judge_syscall },
	{ "limits", O_RDONLY, judge_limits },
	{ "fd", O_RDONLY | O_DIRECTORY, judge_descriptors },
	{ "fdinfo", O_RDONLY | O_DIRECTORY, judge_descriptors },
	{ "map_files", O_RDONLY | O_DIRECTORY, judge_map_files },
};

/* --- links ------------------------------------------------------------------------------------------------------- */

static void attack_exe_link(const struct way *way)
{
	char path[PATH_MAX + 8], link[PATH_MAX] = "", real[PATH_MAX];
	struct stat own, other = { 0 };

	snprintf(path, sizeof(path), "%sexe", way->prefix);
	if (readlinkat(way->dirfd, path, link, sizeof(link) - 1) < 0)
		snprintf(link, sizeof(link), "%s", strerrorname_np(errno));
	printf("link of exe by %s: %s\n", way->name, realpath(program, real) && strcmp(link, real) == 0 ? "the program's" : link);
	if (stat(program, &own) == 0 && fstatat(way->dirfd, path, &other, 0) == 0)
		printf("status of exe by %s: %s\n", way->name, own.st_ino == other.st_ino ? "the program's" : "another's");
}

int main(int count, char **argument)
{
	struct rlimit {
		unsigned long now, most;
	} few = { 77, 77 };

	(void)count;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	program = argument[0];
	if (!getenv("ATTACK")) {
		char *environment[] = { "ATTACK=yes", NULL };

		execve("/proc/self/exe", argument, environment);
		return 1;
	}
	prctl(PR_SET_NAME, "attacker");
	syscall(SYS_setrlimit, 7, &few);
	target_count = find_targets(argument[1], targets);
	find_own_start();
	find_ways();
	for (unsigned w = 0; w < way_count; w++) {
		for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
			int fd;

			if (ways[w].how == BY_SYMLINK && files[f].judge == judge_exe)
				continue;
			fd = open_by(&ways[w], files[f].name, files[f].flags);
			printf("%s by %s: %s\n", files[f].name, ways[w].name, fd < 0 ? strerrorname_np(errno) : files[f].judge(fd));
			if (fd >= 0)
				close(fd);
		}
		if (ways[w].how == BY_OPEN)
			attack_exe_link(&ways[w]);
	}
	puts("alive");
	return 0;
}
