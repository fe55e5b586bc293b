/* Job control. SIGTTIN and SIGTTOU are blocked in the host, so the host's terminals let a background process write, and refuse its reads
 * with EIO. But the guest must be stopped (tty_check_change(), job_control() in the kernel's drivers/tty). */
#ifndef TICK86_EMU_TTY_H
#define TICK86_EMU_TTY_H

#include "emu/linux/kernel/machine.h"

/* Handles an ioctl for job control: returns true, and `result` is the guest's. Returns false if the host must make the call. */
bool tty_ioctl(struct task *task, const uint64_t arg[6], int64_t *result);
/* Called if the host has answered a read of `fd` with EIO, or if the read waits. Returns true if the process is in the background:
 * `result` is -ERESTARTSYS, and SIGTTIN was sent, or -EIO. */
bool tty_read_failed(struct task *task, int fd, int64_t *result);

#endif
