/* Begins to record. */
#ifndef TICK86_EMU_TRACE_COMMAND_H
#define TICK86_EMU_TRACE_COMMAND_H

#include "emu/linux/kernel/machine.h"

/* `tick86 record`: begins to record a process that is still empty. The file is -o's, or named after `program`. Returns false after a
 * message. */
bool trace_record_begin(struct process *process, const char *program);

#endif
