/* Saving a running program to a file, from which `tick86 restore` goes on with it. */
#ifndef TICK86_EMU_TRACE_SAVE_H
#define TICK86_EMU_TRACE_SAVE_H

#include "emu/linux/kernel/machine.h"

/* From now on the process, which is not to run yet, is saved where its options say so (--save-at, --save-signal), or `tick86 save` does.
 * What cannot be saved is named to who asked, and the program goes on. False: no memory. */
bool save_watch(struct process *process);

#endif
