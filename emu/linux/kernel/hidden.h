/* The emulator's own descriptors: they have high numbers, and the guest cannot use them. */
#ifndef TICK86_EMU_HIDDEN_H
#define TICK86_EMU_HIDDEN_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* So many, above what programs use that know of select(2)'s 1024, where the hard limit allows it; else just below those. Higher ones would
 * make each fork copy a larger table. */
enum { HIDDEN_FDS = 64, HIDDEN_FD_LOW = 960, HIDDEN_FD_HIGH = 4032, HIDDEN_FD_NEEDED = HIDDEN_FD_LOW + HIDDEN_FDS };

/* The first of them: chosen by hidden_choose, before there is a guest. */
extern int hidden_fd_first;
void hidden_choose(void);

/* Moves `fd` to a hidden number, without FD_CLOEXEC, and closes the old one. Returns the new one, or -1. */
int hidden_fd(int fd);

/* Writes to a file of the emulator's, at the position `at` (-1: where it stands), whatever limit for files (RLIMIT_FSIZE) the guest has set
 * or was given, as far as this process may lift that. As pwrite(2) and write(2). */
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
