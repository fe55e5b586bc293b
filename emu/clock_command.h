/* tick86 clock replay|record|plot: host clock traces. */
#ifndef TICK86_EMU_CLOCK_COMMAND_H
#define TICK86_EMU_CLOCK_COMMAND_H

/* `argv` begins behind "clock". Returns the exit status: 0; 1 where an expectation failed; 2 for a wrong command line, a file that cannot
 * be read, or a malformed line. */
int clock_command(char **argv);

#endif
