/* Saving a running program to a file, from which `tick86 restore` goes on with it. */
#ifndef TICK86_EMU_TRACE_SAVE_H
#define TICK86_EMU_TRACE_SAVE_H

#include <signal.h>

#include "emu/linux/kernel/machine.h"

/* Takes note of the descriptors that a process which is not to run yet has inherited: they are not the program's own. */
void save_note_inherited(struct process *process);
/* Whether this signal from outside asks for the process to be saved (--save-signal, `tick86 save PID`): that is kept in mind, and
 * the signal is not to be delivered. */
bool save_asked(struct process *process, const siginfo_t *info);
/* Instructions that may run until --save-at wants the process to be saved; UINT64_MAX. */
uint64_t save_budget(const struct process *process);
/* Between two slices: saves the process where it is due. What cannot be saved is named to who asked, and the program goes on. */
void save_if_due(struct process *process);

/* The signal by which `tick86 save` asks a process for a file, and its value: the asker's descriptors `fd`, the file to write, and
 * `fd` + 1, where the answer goes, a line that begins with a + or a - for success or failure. */
enum { SAVE_SIGNAL = 64 };
union sigval save_request(int fd);

#endif
