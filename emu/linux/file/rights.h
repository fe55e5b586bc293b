/* Descriptors in control messages (SCM_RIGHTS). */
#ifndef TICK86_EMU_RIGHTS_H
#define TICK86_EMU_RIGHTS_H

#include <sys/socket.h>

#include "emu/linux/kernel/machine.h"

/* The headers are ours; their control data are in the guest's memory. rights_check_sent returns 0, or -EBADF if a descriptor to be sent is
 * not the guest's. rights_keep_received is called after the host's recvmsg(2): it replaces numbers that the guest cannot use, and sets
 * MSG_CTRUNC if there are not enough. */
int64_t rights_check_sent(struct task *task, const struct msghdr *header);
void rights_keep_received(struct task *task, struct msghdr *header);

#endif
