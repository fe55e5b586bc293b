/* Paths: the program's own, and the sysroot. */
#ifndef TICK86_EMU_PATH_H
#define TICK86_EMU_PATH_H

#include <limits.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/syscall.h"

/* The file that the guest means by `path`: the program for /proc/self/exe, with -L PREFIX the file below the prefix if the path
 * is absolute and exists there, else `path` itself. May use `buffer`. */
const char *file_host_path(const struct process *process, const char *path, char buffer[PATH_MAX]);
/* The same for a call that does not follow a link at the path's end: /proc/self/exe is the link then. */
const char *file_host_path_of_link(const struct process *process, const char *path, char buffer[PATH_MAX]);
/* Which argument is the path of a file that the call only looks at, so that the two above apply; or row->args. And whether
 * the call, with these arguments, follows a link at the path's end. */
unsigned file_row_looks(const struct syscall_row *row);
bool file_call_follows(const struct syscall_row *row, const uint64_t arg[6]);

#endif
