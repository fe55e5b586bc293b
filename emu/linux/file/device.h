/* Emulated descriptors: the emulator answers some or all calls on them. Each kind is a row of one table (device.c), and every call that
 * can reach a file through a descriptor asks the table first. */
#ifndef TICK86_EMU_DEVICE_H
#define TICK86_EMU_DEVICE_H

#include <sys/stat.h>
#include <sys/uio.h>

#include "emu/linux/kernel/machine.h"

enum { POSITION_OF_FILE = -1 }; /* the transfer is at the descriptor's own position */

/* The calls that a device answers. If a function is NULL or returns false, the host makes the call. `result` is what the system call
 * returns. */
struct device {
	/* Returns true if `fd` is, or may be, such a device. Asked before each of the calls below, so it must be cheap. */
	bool (*is)(struct process *process, int fd);
	/* Transfer `count` parts at `position`. Their addresses are the guest's and have been checked. */
	bool (*read)(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result);
	bool (*write)(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result);
	/* Called if the host has answered a read with EIO, or if the read waits. */
	bool (*read_failed)(struct task *task, int fd, int64_t *result);
	/* For sendfile(2) and splice(2), which read as read(2) does. peek returns the next `size` bytes and does not take them; take takes
	 * bytes. */
	void (*peek)(struct process *process, uint8_t *bytes, uint64_t size);
	void (*take)(struct process *process, uint64_t size);
	bool (*stat)(const struct process *process, int fd, struct stat *status);
	/* getdents64(2) to the guest's buffer. */
	bool (*entries)(struct task *task, int fd, uint64_t buffer, uint64_t size, int64_t *result);
	bool (*ioctl)(struct task *task, const uint64_t arg[6], int64_t *result);
	/* The real driver does not support sendfile, splice and copy_file_range (EINVAL) nor mmap (ENODEV), but the file that implements the
	 * device would. */
	bool only_read_and_write;
};

/* Return false if the host must make the call. */
bool device_read(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result);
bool device_write(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result);
bool device_read_failed(struct task *task, int fd, int64_t *result);
bool device_stat(const struct process *process, int fd, struct stat *status);
bool device_entries(struct task *task, int fd, uint64_t buffer, uint64_t size, int64_t *result);
bool device_ioctl(struct task *task, const uint64_t arg[6], int64_t *result);
/* Return true unless a device forbids it: mapping the descriptor; using it as an end of sendfile(2), splice(2) or copy_file_range(2). */
bool device_can_map(struct process *process, int fd);

/* The input of sendfile(2) or splice(2). If it is an emulated device, a file with its next bytes replaces it. */
struct device_input {
	int fd;                      /* the descriptor from which the host must read */
	const struct device *device; /* NULL: `fd` is the guest's own */
};
/* Opens an input of which at most `size` bytes are needed. Returns 0 or -errno. */
int64_t device_input_open(struct task *task, int fd, uint64_t size, struct device_input *input);
/* `result` is the call's: the number of bytes transferred, or an error. */
void device_input_close(struct task *task, struct device_input *input, int64_t result);

#endif
