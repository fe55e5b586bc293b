/* What the words of tick86's command line mean. */
#ifndef TICK86_EMU_COMMANDS_H
#define TICK86_EMU_COMMANDS_H

/* Runs the command that argv names, or a program. Returns the exit status. */
int commands_run(char **argv);

#endif
