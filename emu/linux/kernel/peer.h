/* The other processes of the run, as their own emulators have them. All are forks of the first one, so the record of each stands at
 * the same address in its memory as ours does here, and is read from there; where processes take turns it does not change meanwhile. */
#ifndef TICK86_EMU_PEER_H
#define TICK86_EMU_PEER_H

#include "emu/linux/kernel/machine.h"

/* Copies `size` bytes of the process's memory. False: it has ended, is no process of ours, or the host does not permit it. */
bool peer_read(pid_t host, const void *from, void *to, size_t size);
bool peer_write(pid_t host, void *to, const void *from, size_t size);
/* The record of the process `host`, a host's id. Its pointers are addresses for peer_read. False as above, or it is not of the run. */
bool peer_record(const struct process *own, pid_t host, struct process *copy);
/* What struct task holds but for its registers, which are left as they are. */
bool peer_task(pid_t host, const struct task *from, struct task *copy);

#endif
