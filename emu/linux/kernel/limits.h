/* Resource limits. The emulator's own descriptors and memory would count against some of the host's limits. So the host's are raised as
 * far as possible, and the guest's are kept here and compared with what the guest itself uses. */
#ifndef TICK86_EMU_LIMITS_H
#define TICK86_EMU_LIMITS_H

#include "emu/linux/kernel/machine.h"

/* Takes over the limits with which the run begins, and raises the host's. */
void limits_begin(struct process *process);
/* Returns true if the limit is kept and enforced here. */
bool limit_is_kept(const struct process *process, int resource);
/* Get and set any limit of the guest. Return 0 or -errno. limit_set checks what the kernel checks. */
int64_t limit_get(const struct process *process, int resource, struct rlimit *limit);
/* Returns true if the calling thread has the capability in effect (capabilities(7)). */
bool limits_capable(int capability);
int64_t limit_set(struct process *process, int resource, const struct rlimit *limit);
/* Returns a limit that is kept here. `process` may be a copy of another process's. */
struct rlimit limit_kept(const struct process *process, int resource);
/* Returns the soft limit of one that is kept here. */
uint64_t limit_of(const struct process *process, int resource);
/* on: the host must not give out descriptors beyond the guest's limit, until the call with false. */
void limit_host_descriptors(const struct process *process, bool on);

#endif
