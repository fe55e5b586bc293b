/* tick86 run, record and restore: their rows, and how programs are found. */
#ifndef TICK86_EMU_RUN_COMMAND_H
#define TICK86_EMU_RUN_COMMAND_H

#include "emu/options.h"

extern const struct command_row run_command_row, record_command_row, restore_command_row;

/* Searches a program's file; names without a slash along PATH. `path` is room for the result. Returns NULL if there is none. */
const char *find_program(const char *name, char *path, size_t size);

#endif
