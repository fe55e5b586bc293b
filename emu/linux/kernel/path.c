/* Paths: the program's own, and the sysroot. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/kernel/pids.h"

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

const char *file_host_path_of_link(const struct process *process, const char *path, char buffer[PATH_MAX])
{
	const char *prefix = process->options->sysroot;
	if (strncmp(path, "/proc/", 6) == 0)
		return translate_pid(process, path, buffer);
	if (!prefix || path[0] != '/')
		return path;
	int length = snprintf(buffer, PATH_MAX, "%s%s", prefix, path);
	if (length >= PATH_MAX || faccessat(AT_FDCWD, buffer, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return path;
	return buffer;
}

const char *file_host_path(const struct process *process, const char *path, char buffer[PATH_MAX])
{
	if (process->exe_path && strncmp(path, "/proc/", 6) == 0 && is_own_exe(process, path))
		return process->exe_path;
	return file_host_path_of_link(process, path, buffer);
}

unsigned file_row_looks(const struct syscall_row *row)
{
	unsigned path = syscall_arg_with_role(row, ROLE_LOOK);

	return path < row->args ? path : syscall_arg_with_role(row, ROLE_LOOK_LINK);
}

bool file_call_follows(const struct syscall_row *row, const uint64_t arg[6])
{
	unsigned flags = syscall_arg_with_role(row, ROLE_AT_FLAGS);

	if (syscall_arg_with_role(row, ROLE_LOOK_LINK) < row->args)
		return false;
	return flags == row->args || !(arg[flags] & AT_SYMLINK_NOFOLLOW);
}
