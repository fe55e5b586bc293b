/* Descriptors: waiting for them, and keeping the emulator's own ones hidden from the guest. */
#ifndef TICK86_EMU_DESCRIPTOR_H
#define TICK86_EMU_DESCRIPTOR_H

#include <limits.h>

#include "emu/linux/kernel/machine.h"

/* Makes a host call that may make descriptors, with the guest's limit. Returns its result: numbers that descriptor_keep must see. */
int64_t descriptor_call(struct process *process, uint64_t number, const uint64_t arg[6]);
/* Has the host make the descriptor that the guest asks for. Returns a number that the guest can use and that its limit allows, or
 * -errno. */
int64_t descriptor_make(struct process *process, uint64_t number, const uint64_t arg[6]);
/* The same for the result of a call that was already made. */
int64_t descriptor_keep(struct process *process, int64_t fd);
/* Returns the number in the line `name` of a descriptor's /proc/PID/fdinfo, or FILE_NO_INFO if there is no such line. */
enum { FILE_NO_INFO = INT_MIN };
int file_info(int fd, const char *name);
/* file_is_ready returns true if `events` would not block, or if the file cannot be polled. file_blocks returns true if a call that waits
 * for `events` may block: the descriptor has no O_NONBLOCK and is open for reading (POLLIN) or writing (POLLOUT). */
bool file_is_ready(int fd, short events);
bool file_blocks(int fd, short events);
/* Waits for `events`, but not longer than the socket's timeout. Returns 0 if they have come, otherwise SYSCALL_WAIT or -EAGAIN. */
int64_t file_wait(struct task *task, int fd, short events);
/* For a call on `fd` that is tried without blocking. First call file_woken: it returns 0 to go on, -ERESTARTSYS after a signal (-EINTR
 * if the socket has a timeout: signal(7)), or -EAGAIN after that timeout. If the try gives EAGAIN although the descriptor blocks, call
 * file_wait_again: it returns 0 to try again at once, SYSCALL_WAIT, or -EAGAIN after the socket's timeout. */
int64_t file_woken(struct task *task, int fd, short events);
int64_t file_wait_again(struct task *task, int fd, short events);
/* Returns when a wait for `events` ends by the socket's SO_RCVTIMEO or SO_SNDTIMEO, on the guest's clock. WAIT_FOREVER: the socket has
 * no timeout. */
uint64_t file_socket_deadline(struct task *task, int fd, short events);
/* For files that cannot be polled. file_retry_until waits a millisecond, and then the call is tried again; it returns -ETIMEDOUT at the
 * `deadline` of the first try. file_retry_later has no deadline. At a call's beginning, file_retried returns 0, or -ERESTARTSYS if a
 * signal ended that wait. */
int64_t file_retry_until(struct task *task, uint64_t deadline);
int64_t file_retry_later(struct task *task);
int64_t file_retried(struct task *task);
/* Computes the virtual deadline for a timeout in the guest's struct timespec (NULL: never). Returns 0 or -errno. */
int64_t file_deadline(struct task *task, uint64_t timespec, uint64_t *deadline);

#endif
