/* Saving a running program to a file, from which `tick86 restore` goes on with it. */
#ifndef TICK86_EMU_TRACE_SAVE_H
#define TICK86_EMU_TRACE_SAVE_H

#include <signal.h>

#include "emu/linux/kernel/machine.h"

/* From now on the process, which is not to run yet, is saved where its options say so (--save-at, --save-signal), or `tick86 save` does.
 * What cannot be saved is named to who asked, and the program goes on. False: no memory. */
bool save_watch(struct process *process);

/* The signal by which `tick86 save` asks a process for a file, and its value: the asker's descriptors `fd`, the file to write, and
 * `fd` + 1, where the answer goes, a line that begins with a + or a - for success or failure. */
enum { SAVE_SIGNAL = 64 };
union sigval save_request(int fd);

#endif
