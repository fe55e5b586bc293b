/* tick86 save: makes a running tick86 save its program, and waits for the result. */
#ifndef TICK86_EMU_SAVE_COMMAND_H
#define TICK86_EMU_SAVE_COMMAND_H

#include "emu/command_line.h"

extern const struct command_row save_command_row;

#endif
