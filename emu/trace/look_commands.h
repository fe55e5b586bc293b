/* The rows of the commands that look into recordings. */
#ifndef TICK86_EMU_TRACE_LOOK_COMMANDS_H
#define TICK86_EMU_TRACE_LOOK_COMMANDS_H

#include "emu/command_line.h"

extern const struct command_row dump_command_row, diff_command_row, stat_command_row, export_command_row, plot_command_row;

/* Exit statuses that all of them have. */
#define LOOK_STATUSES                                                                    \
	"  2    wrong command line, no recording, or a file cannot be read or written\n" \
	"  4    the recording is damaged or incomplete; what comes before is shown\n"

#endif
