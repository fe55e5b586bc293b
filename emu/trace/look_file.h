/* What the commands that look into recordings share: opening, saying what is wrong, exit statuses. */
#ifndef TICK86_EMU_TRACE_LOOK_FILE_H
#define TICK86_EMU_TRACE_LOOK_FILE_H

#include <stdio.h>

#include "emu/trace/walk.h"

/* As replay's: the file cannot be used at all, or what the command line says; the recording goes no further, what there is was shown. */
enum { LOOK_TROUBLE = 2, LOOK_INCOMPLETE = 4 };

/* What is wrong with the command line (NULL: something is missing) and the usage, on standard error. Returns LOOK_TROUBLE. */
int look_usage(const char *command, const char *argument, const char *usage);

/* Begins a walk. NULL: it has said why not. */
struct walk *look_open(const char *command, const char *path);
/* Says on standard error why the recording is not whole, if it is not. Returns 0 or LOOK_INCOMPLETE. */
int look_tell_trouble(const char *command, const char *path, const struct walk *walk);
/* The same, and ends the walk. */
int look_close(const char *command, const char *path, struct walk *walk);

/* The file to write; NULL: it has said why not. */
FILE *look_create(const char *command, const char *path);
/* Closes it; standard output is flushed. Returns `status`, or LOOK_TROUBLE and says so if not all could be written. */
int look_written(const char *command, const char *path, FILE *out, int status);

#endif
