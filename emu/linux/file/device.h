/* Descriptors that the emulator answers for, in part or in whole. Each is a row of one table (device.c); every call that can reach a file
 * by a descriptor asks the table first. */
#ifndef TICK86_EMU_DEVICE_H
#define TICK86_EMU_DEVICE_H

#include <sys/stat.h>
#include <sys/uio.h>

#include "emu/linux/kernel/machine.h"

enum { POSITION_OF_FILE = -1 }; /* a transfer at the descriptor's own position */

/* What a device does itself. A member that is NULL, or that returns false, leaves the call to the host. `result` is what the system call
 * returns. */
struct device {
	/* Whether `fd` is, or may be, such a device. Asked before each of the calls below, so what rules it out must be cheap. */
	bool (*is)(struct process *process, int fd);
	/* Moves `count` parts, whose addresses are the guest's and have been checked, at `position`. */
	bool (*read)(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result);
	bool (*write)(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result);
	/* The host said EIO to a read, or the read waits. */
	bool (*read_failed)(struct task *task, int fd, int64_t *result);
	/* For sendfile(2) and splice(2), which read as read(2) does: the next `size` bytes, which stay the next ones; then, how many of them
	 * were taken. */
	void (*peek)(struct process *process, uint8_t *bytes, uint64_t size);
	void (*take)(struct process *process, uint64_t size);
	bool (*stat)(const struct process *process, int fd, struct stat *status);
	/* getdents64(2) into the guest's buffer. */
	bool (*entries)(struct task *task, int fd, uint64_t buffer, uint64_t size, int64_t *result);
	bool (*ioctl)(struct task *task, const uint64_t arg[6], int64_t *result);
	/* The driver has no way for sendfile, splice and copy_file_range (EINVAL), nor for mmap (ENODEV), but what stands for it would. */
	bool only_read_and_write;
};

/* Each is false where the host is to do the call. */
bool device_read(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result);
bool device_write(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result);
bool device_read_failed(struct task *task, int fd, int64_t *result);
bool device_stat(const struct process *process, int fd, struct stat *status);
bool device_entries(struct task *task, int fd, uint64_t buffer, uint64_t size, int64_t *result);
bool device_ioctl(struct task *task, const uint64_t arg[6], int64_t *result);
/* Whether the descriptor can be mapped, or be an end of sendfile(2) and its kin, as far as devices are concerned. */
bool device_can_map(struct process *process, int fd);

/* The input of sendfile(2) or splice(2). Where a device answers for it, a file with its next bytes takes its place. */
struct device_input {
	int fd;                     /* what the host is to read from */
	const struct device *device; /* or NULL: `fd` is the guest's own */
};
/* At most `size` bytes are wanted. 0 or -errno. */
int64_t device_input_open(struct task *task, int fd, uint64_t size, struct device_input *input);
/* `result` is the call's: how many bytes have gone, or an error. */
void device_input_close(struct task *task, struct device_input *input, int64_t result);

#endif
