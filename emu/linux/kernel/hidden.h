/* The emulator's own descriptors, kept out of the guest's way at high numbers. */
#ifndef TICK86_EMU_HIDDEN_H
#define TICK86_EMU_HIDDEN_H

#include <stdbool.h>
#include <stdio.h>

enum { HIDDEN_FD_FIRST = 960, HIDDEN_FD_END = 1024 };

/* Moves `fd` to a hidden number, without FD_CLOEXEC; closes the old one. -1 on error. */
int hidden_fd(int fd);

/* Opens a report for people, out of the guest's reach: the file `path`, emptied, or standard error where it is NULL or "-".
 * NULL: errno says why not. */
FILE *hidden_report(const char *path);

/* Whether the guest must not touch `fd`: to it that number is not open. */
static inline bool fd_is_hidden(int fd)
{
	return fd >= HIDDEN_FD_FIRST && fd < HIDDEN_FD_END;
}

#endif
