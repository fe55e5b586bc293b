/* Recording a run. What the world does to a guest process between two stretches of its code - registers, memory, mappings, threads -
 * is written down as effects, whatever system call, signal or clock they come from. */
#ifndef TICK86_EMU_TRACE_RECORD_H
#define TICK86_EMU_TRACE_RECORD_H

#include "emu/linux/kernel/machine.h"

#include "emu/linux/kernel/machine.h"

/* Begins the recording of `process`, which must be empty yet, into the file `path`, which is created or emptied: an observer that writes
 * down what it is told. `config` (JSON) says what is run. 0 or -errno. */
int record_begin(struct process *process, const char *path, const char *config);

#endif
