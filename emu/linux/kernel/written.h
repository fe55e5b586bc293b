/* What processes of the run have written to each other's memory past its page protection (process_vm_writev(2), /proc/PID/mem): code
 * there may have changed, whose process cannot know by itself. */
#ifndef TICK86_EMU_WRITTEN_H
#define TICK86_EMU_WRITTEN_H

#include "emu/linux/kernel/machine.h"

/* Before the process has children. False: no memory. */
bool written_share(struct process *process);
/* The process has written the other one's memory. */
void written_tell(struct process *process, pid_t host_pid, uint64_t address, uint64_t length);
/* Ahead of guest code that may rely on what another process did: drops what is decoded of what others have written. */
void written_look(struct process *process);

#endif
