/* Job control. The host blocks SIGTTIN and SIGTTOU for us, so its terminals let a background process write and refuse its reads
 * with EIO; the guest must be stopped instead (tty_check_change(), job_control() in the kernel's drivers/tty). */
#ifndef TICK86_EMU_TTY_H
#define TICK86_EMU_TTY_H

#include "emu/linux/kernel/machine.h"

/* An ioctl that concerns job control: true, and `result` is what the guest gets. False: not one, or nothing is special. */
bool tty_ioctl(struct task *task, const uint64_t arg[6], int64_t *result);
/* The host said EIO to a read of `fd`, or the read waits. True where the process is in the background: `result` is -ERESTARTSYS with
 * SIGTTIN sent, or -EIO. */
bool tty_read_failed(struct task *task, int fd, int64_t *result);

#endif
