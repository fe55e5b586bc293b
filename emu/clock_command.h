/* The commands for host clock traces. */
#ifndef TICK86_EMU_CLOCK_COMMAND_H
#define TICK86_EMU_CLOCK_COMMAND_H

#include "emu/command_line.h"

extern const struct command_row clock_replay_row, clock_record_row, clock_plot_row;

#endif
