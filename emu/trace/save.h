/* Saves a running program to a file, from which `tick86 restore` continues it. */
#ifndef TICK86_EMU_TRACE_SAVE_H
#define TICK86_EMU_TRACE_SAVE_H

#include "emu/linux/kernel/machine.h"

/* Adds an observer to the process, which must not have run yet. It saves the process where the options say so (--save-at, --save-signal)
 * and when `tick86 save` asks for it. If the process cannot be saved, the reason is reported, and the program goes on. Returns false if
 * out of memory. */
bool save_watch(struct process *process);

#endif
