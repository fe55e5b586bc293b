/* The commands that look into recordings. `argv` begins with the command's name. Each returns the exit status. */
#ifndef TICK86_EMU_TRACE_LOOK_COMMANDS_H
#define TICK86_EMU_TRACE_LOOK_COMMANDS_H

int dump_command(char **argv);
int diff_command(char **argv);
int stat_command(char **argv);
int export_command(char **argv);
int plot_command(char **argv);

#endif
