/* tick86 completion: prints a script that completes tick86's commands and options in a shell. */
#ifndef TICK86_EMU_COMPLETION_COMMAND_H
#define TICK86_EMU_COMPLETION_COMMAND_H

#include "emu/command_line.h"

extern const struct command_row completion_command_row;

#endif
