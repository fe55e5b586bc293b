/* Writes of processes to each other's memory that ignore page protection (process_vm_writev(2), /proc/PID/mem). They may change code,
 * and the process whose code it is cannot notice; so the writer reports the write here. */
#ifndef TICK86_EMU_WRITTEN_H
#define TICK86_EMU_WRITTEN_H

#include "emu/linux/kernel/machine.h"

/* To be called before the process has children. Returns false if out of memory. */
bool written_share(struct process *process);
/* Reports that the process has written another one's memory. */
void written_tell(struct process *process, pid_t host_pid, uint64_t address, uint64_t length);
/* To be called before guest code runs that may rely on another process's writes: drops the code decoded from what was written. */
void written_look(struct process *process);

#endif
