/* Generators of /proc/self: what the host would tell of the emulator. */
#ifndef TICK86_EMU_PROC_SELF_H
#define TICK86_EMU_PROC_SELF_H

#include "emu/linux/kernel/machine.h"

/* Each writes the text that the kernel would show the task's process, with the guest's own mappings, times and ids. */
void proc_write_maps(struct task *task, FILE *out);
void proc_write_smaps(struct task *task, FILE *out);
void proc_write_cmdline(struct task *task, FILE *out);
void proc_write_environ(struct task *task, FILE *out);
void proc_write_auxv(struct task *task, FILE *out);
void proc_write_stat(struct task *task, FILE *out);
void proc_write_status(struct task *task, FILE *out);
void proc_write_statm(struct task *task, FILE *out);

#endif
