/* Memory and load of the machine. In mode icount it is always an idle machine with 4 GiB, since the host's free memory would differ
 * between runs. In other modes it is the host. */
#ifndef TICK86_EMU_SYSTEM_H
#define TICK86_EMU_SYSTEM_H

#include <stdio.h>

#include "emu/linux/kernel/machine.h"

/* Returns true if the fixed machine replaces the host. */
bool system_is_fixed(const struct process *process);

/* Write /proc/meminfo and /proc/loadavg of the fixed machine. */
void system_write_meminfo(struct task *task, FILE *out);
void system_write_loadavg(struct task *task, FILE *out);

#endif
