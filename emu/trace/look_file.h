/* Opening recordings, error messages and exit statuses of the commands that look into recordings. */
#ifndef TICK86_EMU_TRACE_LOOK_FILE_H
#define TICK86_EMU_TRACE_LOOK_FILE_H

#include <stdio.h>

#include "emu/trace/walk.h"

/* Exit statuses, as for replay. TROUBLE: the command line is wrong or the file cannot be used. INCOMPLETE: the recording is cut off or
 * damaged, and the command has shown what comes before. */
enum { LOOK_TROUBLE = 2, LOOK_INCOMPLETE = 4 };

/* Begins a walk. On failure prints the reason and returns NULL. */
struct walk *look_open(const char *command, const char *path);
/* Prints on standard error why the recording is incomplete, if it is. Returns 0 or LOOK_INCOMPLETE. */
int look_tell_trouble(const char *command, const char *path, const struct walk *walk);
/* The same, and ends the walk. */
int look_close(const char *command, const char *path, struct walk *walk);

/* Opens a file for writing. On failure prints the reason and returns NULL. */
FILE *look_create(const char *command, const char *path);
/* Closes the file; standard output is flushed only. Returns `status`, or prints an error and returns LOOK_TROUBLE if not all could be
 * written. */
int look_written(const char *command, const char *path, FILE *out, int status);

#endif
