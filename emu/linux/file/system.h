/* What the whole machine says of its memory and load. Under icount it is an idle one with 4 GiB in every run, since what happens to be free
 * on the host is nothing that two runs could share; else the host. */
#ifndef TICK86_EMU_SYSTEM_H
#define TICK86_EMU_SYSTEM_H

#include <stdio.h>

#include "emu/linux/kernel/machine.h"

/* Whether that machine stands in for the host. */
bool system_is_fixed(const struct process *process);

/* Generators of /proc/meminfo and /proc/loadavg, for a fixed machine. */
void system_write_meminfo(struct task *task, FILE *out);
void system_write_loadavg(struct task *task, FILE *out);

#endif
