/* What the files of the file family share. */
#ifndef TICK86_EMU_FILE_H
#define TICK86_EMU_FILE_H

#include <limits.h>
#include <sys/uio.h>

#include "emu/linux/syscall.h"

/* With -L PREFIX: the file below the prefix, in `buffer`, if `path` is absolute and exists there; else `path` itself. */
const char *file_host_path(const struct process *process, const char *path, char buffer[PATH_MAX]);

#endif
