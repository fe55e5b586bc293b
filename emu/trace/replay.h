/* Replays a recording. The effects in its log replace the world: a replay touches nothing outside but standard output and error. */
#ifndef TICK86_EMU_TRACE_REPLAY_H
#define TICK86_EMU_TRACE_REPLAY_H

#include "emu/command_line.h"

extern const struct command_row replay_command_row;

#endif
