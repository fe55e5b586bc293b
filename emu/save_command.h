/* `tick86 save [-o FILE] PID`. */
#ifndef TICK86_EMU_SAVE_COMMAND_H
#define TICK86_EMU_SAVE_COMMAND_H

/* Makes a running tick86 save its program, and waits for the result. argv[0] is the command's name. Returns the exit status: 0; 2 wrong
 * usage, or no such tick86; 126 the program cannot be saved. */
int save_command(char **argv);

#endif
