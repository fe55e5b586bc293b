/* The emulator's own descriptors: they have high numbers, and the guest cannot use them. */
#ifndef TICK86_EMU_HIDDEN_H
#define TICK86_EMU_HIDDEN_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

enum { HIDDEN_FD_FIRST = 960, HIDDEN_FD_END = 1024 };

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
	return fd >= HIDDEN_FD_FIRST && fd < HIDDEN_FD_END;
}

#endif
