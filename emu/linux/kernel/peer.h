/* Reads the structures of the run's other processes. All processes are forks of the first one, so each has its struct process at the
 * same address as this one, and it is read from there with process_vm_readv. While processes take turns, the others do not change. */
#ifndef TICK86_EMU_PEER_H
#define TICK86_EMU_PEER_H

#include "emu/linux/kernel/machine.h"

/* Copies `size` bytes of the process's memory. Returns false if the process has ended, is not ours, or the host does not permit it. */
bool peer_read(pid_t host, const void *from, void *to, size_t size);
bool peer_write(pid_t host, void *to, const void *from, size_t size);
/* Copies the struct process of `host`, a host pid. Its pointers are addresses for peer_read. Returns false as above, or if the process
 * is not of this run. */
bool peer_record(const struct process *own, pid_t host, struct process *copy);
/* Copies a struct task without its registers. */
bool peer_task(pid_t host, const struct task *from, struct task *copy);

#endif
