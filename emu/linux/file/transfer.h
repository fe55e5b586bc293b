/* Reading and writing without blocking the host thread. */
#ifndef TICK86_EMU_TRANSFER_H
#define TICK86_EMU_TRANSFER_H

#include <sys/uio.h>

#include "emu/linux/kernel/machine.h"

/* A call such as read(2) or write(2), at the file's own position. */
struct transfer {
	int fd;
	bool write;
	bool plain;      /* true for read(2) and write(2) */
	uint64_t number; /* the host call that does it, and its arguments */
	const uint64_t *arg;
	const struct iovec *vector; /* the memory to transfer */
	uint64_t count;
	uint64_t flags; /* RWF_* of preadv2 and pwritev2 */
};

/* A pipe that is ready takes PIPE_BUF bytes without blocking. file_may_block_midway returns true if a larger write may block although
 * the descriptor is ready: then it is a blocking pipe, socket or device. */
enum { FILE_PIECE = 4096 };
bool file_may_block_midway(int fd);
/* Returns the guest's result, or SYSCALL_WAIT. */
int64_t file_transfer(struct task *task, const struct transfer *transfer);

#endif
