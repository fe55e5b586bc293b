/* Paths: the program's own, and the sysroot. */
#ifndef TICK86_EMU_PATH_H
#define TICK86_EMU_PATH_H

#include <limits.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/syscall.h"

/* What the first parts of a path below /proc mean. */
struct proc_place {
	pid_t pid;        /* as the guest has it: of /proc/PID, /proc/self */
	pid_t tid;        /* of /proc/PID/task/TID, /proc/thread-self; or 0 */
	const char *rest; /* behind them; may be empty */
};

/* False: the path is not of a process. */
bool path_of_process(const struct process *process, const char *path, struct proc_place *place);
/* The same for a path in the host's ids, of a process of the run. */
bool path_of_host(const struct process *process, const char *path, struct proc_place *place);
/* The program that a path like /proc/PID/exe is a link to, or NULL where it is no such path. May use `buffer`. */
const char *path_program(const struct process *process, const char *path, char buffer[PATH_MAX]);

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
