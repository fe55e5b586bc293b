/* Paths: the program's own, those with process ids, and the sysroot. */
#ifndef TICK86_EMU_PATH_H
#define TICK86_EMU_PATH_H

#include <limits.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/syscall.h"

/* The meaning of the first parts of a path below /proc. */
struct proc_place {
	pid_t pid;        /* the guest's id, from /proc/PID or /proc/self */
	pid_t tid;        /* from /proc/PID/task/TID or /proc/thread-self; 0: none */
	const char *rest; /* the rest of the path; may be empty */
};

/* Takes a path apart. Returns false if it is not about a process. */
bool path_of_process(const struct process *process, const char *path, struct proc_place *place);
/* The same for a path with the host's ids, about a process of the run. */
bool path_of_host(const struct process *process, const char *path, struct proc_place *place);
/* Returns the path of an open file below /proc or /sys, with the guest's ids. Returns false for other files. */
bool path_of_open(const struct process *process, int fd, char path[PATH_MAX]);
/* Returns `path`, or, if it depends on the directory `dirfd` below /proc, or is an odd name of a link to a program, the plain path from the
 * root. May use `buffer`. */
const char *path_plain(const struct process *process, int dirfd, const char *path, char buffer[PATH_MAX]);
/* Returns the path of the program if `path` is a link to it like /proc/PID/exe, otherwise NULL. May use `buffer`. */
const char *path_program(const struct process *process, const char *path, char buffer[PATH_MAX]);

/* Returns the host's path for the guest's `path`: the program for /proc/self/exe; with -L PREFIX the file below the prefix if the path
 * is absolute and exists there; otherwise `path` itself. May use `buffer`. */
const char *file_host_path(const struct process *process, const char *path, char buffer[PATH_MAX]);
/* The same for a call that does not follow a link at the path's end: then /proc/self/exe is the link itself. */
const char *file_host_path_of_link(const struct process *process, const char *path, char buffer[PATH_MAX]);
/* file_row_looks returns the number of the argument that is the path of a file which the call only looks at, so that the two functions
 * above apply; row->args if there is none. file_call_follows returns true if the call, with these arguments, follows a link at the
 * path's end. */
unsigned file_row_looks(const struct syscall_row *row);
bool file_call_follows(const struct syscall_row *row, const uint64_t arg[6]);

#endif
