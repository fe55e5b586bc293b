/* tick86 clock replay|record|plot: commands for host clock traces. */
#ifndef TICK86_EMU_CLOCK_COMMAND_H
#define TICK86_EMU_CLOCK_COMMAND_H

/* `argv` begins with the word after "clock". Returns the exit status: 0; 1 if an expectation failed; 2 for a wrong command line, an
 * unreadable file, or a malformed line. */
int clock_command(char **argv);

#endif
