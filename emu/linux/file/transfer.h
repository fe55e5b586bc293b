/* Reading and writing without blocking the host thread. */
#ifndef TICK86_EMU_TRANSFER_H
#define TICK86_EMU_TRANSFER_H

#include <sys/uio.h>

#include "emu/linux/kernel/machine.h"

/* read(2), write(2) and those of their kin that move bytes at the file's own position. */
struct transfer {
	int fd;
	bool write;
	bool plain;                 /* it is read(2) or write(2) itself */
	uint64_t number;            /* the host's call that does it, and its arguments */
	const uint64_t *arg;
	const struct iovec *vector; /* what it moves */
	uint64_t count;
	uint64_t flags;             /* RWF_* of preadv2 and pwritev2 */
};

/* A pipe that is ready takes PIPE_BUF bytes without blocking. Whether a write of more than that may block although the descriptor, which is
 * then a blocking pipe, socket or device, is ready. */
enum { FILE_PIECE = 4096 };
bool file_may_block_midway(int fd);
/* The guest's result, or SYSCALL_WAIT. */
int64_t file_transfer(struct task *task, const struct transfer *transfer);

#endif
