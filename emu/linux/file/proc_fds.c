/* Directories of /proc with a process's descriptors and mapped files. They do not show the emulator's own. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/file/device.h"
#include "emu/linux/file/file.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/rows/calls.h"

/* Processes of other users cannot be examined, by the guest either. */
bool proc_runs_emulator(pid_t host_pid)
{
	struct stat own, other;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", host_pid);
	return stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 && own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* Directories of a process that runs the emulator, with entries that the guest must not see. */
enum listing {
	LISTS_OTHER,
	LISTS_FDS,  /* such as "/proc/PID/fd" or "/proc/PID/task/TID/fdinfo" */
	LISTS_MAPS, /* "/proc/PID/map_files" */
};

static enum listing listing_of(int fd)
{
	char link[32], path[64];
	int pid, end = 0;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0)
		return LISTS_OTHER;
	path[length] = 0;
	if (sscanf(path, "/proc/%d%n/task/%*d%n", &pid, &end, &end) < 1)
		return LISTS_OTHER;
	if (strcmp(path + end, "/map_files") == 0)
		return proc_runs_emulator(pid) ? LISTS_MAPS : LISTS_OTHER;
	return (strcmp(path + end, "/fd") == 0 || strcmp(path + end, "/fdinfo") == 0) && proc_runs_emulator(pid) ? LISTS_FDS : LISTS_OTHER;
}

/* Returns the kind of directory in which such a name is hidden. */
static enum listing hidden_in(const char *name)
{
	uint64_t start, end;
	int last = 0;
	char *rest;
	long number = strtol(name, &rest, 10);

	if (rest != name && !*rest)
		return fd_is_hidden((int)number) ? LISTS_FDS : LISTS_OTHER;
	if (sscanf(name, "%" SCNx64 "-%" SCNx64 "%n", &start, &end, &last) == 2 && !name[last] && !space_in_guest(start, end - start))
		return LISTS_MAPS;
	return LISTS_OTHER;
}

/* --- by name ------------------------------------------------------------------------------------------------------- */

bool proc_path_is_hidden(const struct process *process, int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/'), *host;
	char buffer[PATH_MAX], directory[PATH_MAX];
	bool hidden;
	int fd;

	if (hidden_in(slash ? slash + 1 : path) == LISTS_OTHER)
		return false;
	host = file_host_path(process, path, buffer);
	slash = strrchr(host, '/');
	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - host) + 1 : 1, slash ? host : ".");
	fd = openat(dirfd, directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	hidden = fd >= 0 && listing_of(fd) == hidden_in(slash ? slash + 1 : host);
	if (fd >= 0)
		close(fd);
	return hidden;
}

/* --- by list ------------------------------------------------------------------------------------------------------- */

/* In struct linux_dirent64 the type is before the name; in the entries of getdents(2)'s first version it is after it. */
struct entry {
	uint64_t inode, offset;
	uint16_t length;
	char rest[];
};

/* Removes what is the emulator's from the list. If nothing is left, reads the next part. */
static int64_t list_directory(uint64_t number, const uint64_t arg[6], size_t name_at)
{
	for (;;) {
		int64_t length = syscall_host(number, arg), kept = 0;
		enum listing listing = length > 0 ? listing_of((int)arg[0]) : LISTS_OTHER;
		bool filter = listing != LISTS_OTHER;
		for (int64_t at = 0; filter && at < length;) {
			struct entry *entry = (struct entry *)(arg[1] + (uint64_t)at);
			uint16_t size = entry->length;
			if (hidden_in(entry->rest + name_at) != listing) {
				memmove((char *)arg[1] + kept, entry, size);
				kept += size;
			}
			at += size;
		}
		if (!filter || kept)
			return filter ? kept : length;
	}
}

/* Turns entries of getdents64(2) into those of the first version, which have the same length: the type moves behind the name, to the end. */
static void use_first_version(uint64_t entries, int64_t length)
{
	for (int64_t at = 0; at < length;) {
		struct entry *entry = (struct entry *)(entries + (uint64_t)at);
		char type = entry->rest[0];

		memmove(entry->rest, entry->rest + 1, strlen(entry->rest + 1) + 1);
		((char *)entry)[entry->length - 1] = type;
		at += entry->length;
	}
}

int64_t sys_getdents(struct task *task, const uint64_t arg[6])
{
	int64_t entries;

	if (device_entries(task, (int)arg[0], arg[1], arg[2], &entries)) {
		use_first_version(arg[1], entries);
		return entries;
	}
	return list_directory(SYS_getdents, arg, 0);
}

int64_t sys_getdents64(struct task *task, const uint64_t arg[6])
{
	int64_t entries;

	if (device_entries(task, (int)arg[0], arg[1], arg[2], &entries))
		return entries;
	return list_directory(SYS_getdents64, arg, 1);
}
