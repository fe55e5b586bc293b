/* Resource limits. Those that the emulator's own descriptors and memory would use up are not the host's to judge: it has them as high as it
 * can, and the guest's are kept here and judged by what the guest itself uses. */
#ifndef TICK86_EMU_LIMITS_H
#define TICK86_EMU_LIMITS_H

#include "emu/linux/kernel/machine.h"

/* Takes over the limits that the run begins with, and raises the host's. */
void limits_begin(struct process *process);
/* Whether the limit is judged here. */
bool limit_is_kept(int resource);
/* Any limit as the guest has it: 0 or -errno. limit_set checks what the kernel does. */
int64_t limit_get(const struct process *process, int resource, struct rlimit *limit);
int64_t limit_set(struct process *process, int resource, const struct rlimit *limit);
/* The soft limit of one that is kept. */
uint64_t limit_of(const struct process *process, int resource);
/* Until it is called with false, the host gives out no descriptor beyond the guest's limit. */
void limit_host_descriptors(const struct process *process, bool on);

#endif
