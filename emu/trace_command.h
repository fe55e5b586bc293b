/* The commands about recordings of runs. */
#ifndef TICK86_EMU_TRACE_COMMAND_H
#define TICK86_EMU_TRACE_COMMAND_H

#include "emu/linux/kernel/machine.h"



/* `tick86 record`: begins the recording of a process that is empty yet; its name is the -o option's or made from `program`'s. False:
 * a person has been told why not. */
bool trace_record_begin(struct process *process, const char *program);

bool trace_command_known(const char *word);
/* The other commands: argv[0] is the word. Returns the exit status. */
int trace_command(char **argv);

#endif
