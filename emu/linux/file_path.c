/* Paths: the sysroot. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "emu/linux/file.h"

const char *file_host_path(const struct process *process, const char *path, char buffer[PATH_MAX])
{
	const char *prefix = process->options->sysroot;
	if (!prefix || path[0] != '/')
		return path;
	int length = snprintf(buffer, PATH_MAX, "%s%s", prefix, path);
	if (length >= PATH_MAX || faccessat(AT_FDCWD, buffer, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return path;
	return buffer;
}
