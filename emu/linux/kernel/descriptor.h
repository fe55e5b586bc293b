/* Descriptors: waiting for them, and keeping the emulator's own out of the guest's way. */
#ifndef TICK86_EMU_DESCRIPTOR_H
#define TICK86_EMU_DESCRIPTOR_H

#include <limits.h>

#include "emu/linux/kernel/machine.h"

/* Moves a descriptor that the host has given out from the emulator's range to one that the guest can use. Takes results
 * and errors of system calls as they are. */
int64_t file_outside_hidden(int64_t fd);
/* The number of the line `name` in a descriptor's /proc/PID/fdinfo; FILE_NO_INFO: it has no such line. */
enum { FILE_NO_INFO = INT_MIN };
int file_info(int fd, const char *name);
/* Whether poll says that `events` would not block (or knows nothing of the file); whether a call that waits for them is one that blocks
 * at all: a descriptor without O_NONBLOCK, open for reading (POLLIN) or writing (POLLOUT). */
bool file_is_ready(int fd, short events);
bool file_blocks(int fd, short events);
/* Waits for `events`, for as long as the socket's timeout allows: 0 if they have come meanwhile, else SYSCALL_WAIT or -EAGAIN. */
int64_t file_wait(struct task *task, int fd, short events);
/* For a call on `fd` that is made without blocking first. file_woken, ahead of it: 0 to go on, or why not: -ERESTARTSYS (-EINTR where the
 * socket has a timeout: signal(7)), or -EAGAIN after that timeout. file_wait_again, after
 * it said EAGAIN although the descriptor blocks: 0 to make it again at once, SYSCALL_WAIT, or -EAGAIN after the socket's timeout. */
int64_t file_woken(struct task *task, int fd, short events);
int64_t file_wait_again(struct task *task, int fd, short events);
/* When a wait for `events` ends by the socket's SO_RCVTIMEO or SO_SNDTIMEO, which count on the guest's clock; WAIT_FOREVER: it has none. */
uint64_t file_socket_deadline(struct task *task, int fd, short events);
/* For what cannot be polled: waits a millisecond, after which the call is tried again; -ETIMEDOUT at `deadline` (that of the first try
 * counts). file_retry_later: without one. At a call's beginning file_retried tells 0, or -ERESTARTSYS when a signal ended that wait. */
int64_t file_retry_until(struct task *task, uint64_t deadline);
int64_t file_retry_later(struct task *task);
int64_t file_retried(struct task *task);
/* The virtual deadline of a timeout in the guest's struct timespec (NULL: forever). 0 or -errno. */
int64_t file_deadline(struct task *task, uint64_t timespec, uint64_t *deadline);

#endif
