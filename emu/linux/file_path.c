/* Paths: the program's own, and the sysroot. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/linux/file.h"
#include "emu/linux/pids.h"

static bool is_own_exe(const struct process *process, const char *path)
{
	char by_pid[32];
	snprintf(by_pid, sizeof by_pid, "/proc/%d/exe", process->pid);
	return strcmp(path, "/proc/self/exe") == 0 || strcmp(path, "/proc/thread-self/exe") == 0 || strcmp(path, by_pid) == 0;
}

/* "/proc/PID/...": the host may have another number for that process. */
static const char *translate_pid(const struct process *process, const char *path, char buffer[PATH_MAX])
{
	char *rest;
	long pid = strtol(path + strlen("/proc/"), &rest, 10);
	pid_t host = pid > 0 && pid <= INT_MAX ? pids_to_host(process, (pid_t)pid) : 0;
	if (host <= 0 || host == pid || (*rest && *rest != '/') ||
	    snprintf(buffer, PATH_MAX, "/proc/%d%s", host, rest) >= PATH_MAX)
		return path;
	return buffer;
}

const char *file_host_path(const struct process *process, const char *path, char buffer[PATH_MAX])
{
	const char *prefix = process->options->sysroot;
	if (process->exe_path && strncmp(path, "/proc/", 6) == 0 && is_own_exe(process, path))
		return process->exe_path;
	if (strncmp(path, "/proc/", 6) == 0)
		return translate_pid(process, path, buffer);
	if (!prefix || path[0] != '/')
		return path;
	int length = snprintf(buffer, PATH_MAX, "%s%s", prefix, path);
	if (length >= PATH_MAX || faccessat(AT_FDCWD, buffer, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return path;
	return buffer;
}

bool file_row_looks(const struct syscall_row *row)
{
	static const char *const names[] = {"stat", "lstat", "newfstatat", "statx", "statfs", "access", "faccessat", "faccessat2",
	                                    "getxattr", "lgetxattr", "listxattr", "llistxattr"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(row->name, names[i]) == 0)
			return true;
	}
	return false;
}
