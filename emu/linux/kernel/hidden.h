/* The emulator's own descriptors: they have high numbers, and the guest cannot use them. */
#ifndef TICK86_EMU_HIDDEN_H
#define TICK86_EMU_HIDDEN_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* How many there are, and their first number. If the hard limit allows it, they are above what programs with select(2)'s 1024 use,
 * otherwise just below 1024. Higher numbers would make each fork copy a larger table. */
enum { HIDDEN_FDS = 64, HIDDEN_FD_LOW = 960, HIDDEN_FD_HIGH = 4032, HIDDEN_FD_NEEDED = HIDDEN_FD_LOW + HIDDEN_FDS };

/* The first number; hidden_choose sets it before there is a guest. */
extern int hidden_fd_first;
void hidden_choose(void);

/* Moves `fd` to a hidden number, without FD_CLOEXEC, and closes the old one. Returns the new one, or -1. */
int hidden_fd(int fd);

/* Opens a file on a hidden descriptor, for writing. A FIFO waits for its reader, until SIGINT, SIGTERM or SIGHUP ends the program. Returns
 * the descriptor, or -1 with errno set. */
int hidden_open(const char *path, int flags, mode_t mode);

/* Writes to a file of the emulator at the position `at` (-1: the current one), whatever file size limit (RLIMIT_FSIZE) the guest has, if
 * this process may lift the limit. Returns as pwrite(2) and write(2) do. */
ssize_t hidden_write(int fd, const void *bytes, size_t size, off_t at);

/* Opens a report on a hidden descriptor: the file `path`, emptied, or standard error if `path` is NULL or "-". Returns NULL with errno
 * set on failure. */
FILE *hidden_report(const char *path);

/* Returns true if `fd` is the emulator's. For the guest that number is not open. */
static inline bool fd_is_hidden(int fd)
{
	return fd >= hidden_fd_first && fd < hidden_fd_first + HIDDEN_FDS;
}

#endif
