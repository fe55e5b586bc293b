/* Between descriptors: sendfile, splice, tee, vmsplice. SPLICE_F_NONBLOCK keeps the kernel from waiting for a pipe, so these calls are
 * made with it, and the thread waits on EAGAIN. For a socket or a device at the other end the kernel may wait all the same (splice(2)):
 * so poll is asked first, but only if the arguments are valid. */
#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/linux/file/device.h"
#include "emu/linux/file/file.h"
#include "emu/linux/file/transfer.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/calls.h"

enum { SPLICE_FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT };

static bool is_pipe(int fd)
{
	struct stat status;
	return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

/* Returns true if a call of the host on such a file could wait. */
static bool is_slow(int fd, short events)
{
	struct stat status;
	if (fstat(fd, &status) < 0 || file_is_ready(fd, events) || !file_blocks(fd, events))
		return false;
	return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || (S_ISCHR(status.st_mode) && major(status.st_rdev) != MEM_MAJOR);
}

/* --- sendfile ------------------------------------------------------------------------------------------------------ */

/* Returns the error of do_sendfile() for the input, by a call for no bytes. Its output is a pipe if the guest's is: then the kernel
 * checks the input less. */
static int64_t sendfile_input_error(const uint64_t arg[6])
{
	int scratch[2] = { -1, -1 };
	if (is_pipe((int)arg[0]) ? pipe2(scratch, O_CLOEXEC) < 0 : (scratch[1] = memfd_create("", MFD_CLOEXEC)) < 0)
		return -errno;
	const uint64_t nothing[6] = { (uint64_t)scratch[1], arg[1], arg[2], 0 };
	int64_t result = syscall_host(SYS_sendfile, nothing);
	close(scratch[1]);
	if (scratch[0] >= 0)
		close(scratch[0]);
	return result;
}

/* Moves the guest's position at `address`, if there is one, by what a device has given, since the host did not see it. */
static void advance(struct task *task, uint64_t address, int64_t moved)
{
	struct space *space = &task->process->space;
	int64_t position;
	if (address && moved > 0 && space_read(space, address, &position, sizeof(position))) {
		position += moved;
		space_write(space, address, &position, sizeof(position));
	}
}

/* Makes the host's call, with a device's bytes if the input is a device. */
static int64_t send_file(struct task *task, const uint64_t arg[6])
{
	struct device_input input;
	if (!device_can_map(task->process, (int)arg[0]))
		return -EINVAL;
	int64_t result = device_input_open(task, (int)arg[1], arg[3], &input);
	if (result)
		return result;
	const uint64_t host[6] = { arg[0], (uint64_t)input.fd, input.device ? 0 : arg[2], arg[3] };
	result = syscall_host(SYS_sendfile, host);
	if (input.device)
		advance(task, arg[2], result);
	device_input_close(task, &input, result);
	return result;
}

/* A short count is allowed, so one piece at a time is enough if the receiver may block. The input is seekable, so it never waits. */
int64_t sys_sendfile(struct task *task, const uint64_t arg[6])
{
	int out = (int)arg[0];
	uint64_t count = arg[3] > FILE_PIECE && file_may_block_midway(out) ? FILE_PIECE : arg[3];
	const uint64_t host[6] = { arg[0], arg[1], arg[2], count };
	int64_t wait = file_woken(task, out, POLLOUT);
	if (!wait && is_slow(out, POLLOUT) && (count > 0 || is_pipe(out))) {
		wait = sendfile_input_error(arg);
		wait = wait < 0 ? wait : file_wait(task, out, POLLOUT);
	}
	return wait ? wait : send_file(task, host);
}

/* --- between pipes ------------------------------------------------------------------------------------------------- */

/* Called when a call with SPLICE_F_NONBLOCK gave EAGAIN. Returns 0 if it must be made again. */
static int64_t wait_for_ends(struct task *task, int in, int out, uint64_t flags)
{
	if (flags & SPLICE_F_NONBLOCK || !file_blocks(in, POLLIN) || !file_blocks(out, POLLOUT))
		return -EAGAIN;
	return file_is_ready(in, POLLIN) ? file_wait_again(task, out, POLLOUT) : file_wait_again(task, in, POLLIN);
}

int64_t sys_tee(struct task *task, const uint64_t arg[6])
{
	int in = (int)arg[0], out = (int)arg[1];
	const uint64_t host[6] = { arg[0], arg[1], arg[2], arg[3] | SPLICE_F_NONBLOCK };
	int64_t wait = file_woken(task, in, POLLIN);
	while (!wait) {
		int64_t result = syscall_host(SYS_tee, host);
		if (result != -EAGAIN)
			return result;
		wait = wait_for_ends(task, in, out, arg[3]);
	}
	return wait;
}

int64_t sys_vmsplice(struct task *task, const uint64_t arg[6])
{
	struct iovec vector[FILE_IOV_MAX];
	int fd = (int)arg[0], mode = fcntl(fd, F_GETFL) & O_ACCMODE;
	short events = mode == O_RDONLY ? POLLIN : POLLOUT;
	int64_t wait = file_read_vector(task, arg[1], arg[2], mode == O_RDONLY, vector);
	if (!wait)
		wait = file_woken(task, fd, events);
	const uint64_t host[6] = { arg[0], (uint64_t)vector, arg[2], arg[3] | SPLICE_F_NONBLOCK };
	while (!wait) {
		int64_t result = syscall_host(SYS_vmsplice, host);
		if (result != -EAGAIN || arg[3] & SPLICE_F_NONBLOCK || !file_blocks(fd, events))
			return result;
		wait = file_wait_again(task, fd, events);
	}
	return wait;
}

/* --- splice -------------------------------------------------------------------------------------------------------- */

/* Returns true if do_splice() refuses the call because an end is slow, and so has no position. */
static bool splice_is_refused(const uint64_t arg[6], int in, int out)
{
	int from = fcntl(in, F_GETFL), to = fcntl(out, F_GETFL);
	if (arg[4] == 0 || arg[5] & ~(uint64_t)SPLICE_FLAGS || arg[1] || arg[3] || (!is_pipe(in) && !is_pipe(out)))
		return true;
	return (from & O_ACCMODE) == O_WRONLY || (to & O_ACCMODE) == O_RDONLY || to & O_APPEND;
}

static bool has_bytes(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };
	return poll(&one, 1, 0) > 0 && one.revents & POLLIN;
}

/* The pipe is checked first: while it is not ready, the call does not reach the other end. */
static int64_t wait_for_slow_end(struct task *task, const uint64_t arg[6], int in, int out)
{
	if (!is_pipe(in) && is_slow(in, POLLIN) && file_is_ready(out, POLLOUT) && !splice_is_refused(arg, in, out))
		return file_wait(task, in, POLLIN);
	if (!is_pipe(out) && is_slow(out, POLLOUT) && has_bytes(in) && !splice_is_refused(arg, in, out))
		return file_wait(task, out, POLLOUT);
	return 0;
}

static int64_t splice_host(struct task *task, const uint64_t arg[6])
{
	struct device_input input;
	if (!device_can_map(task->process, (int)arg[2]))
		return -EINVAL;
	int64_t result = device_input_open(task, (int)arg[0], arg[4], &input);
	if (result)
		return result;
	const uint64_t host[6] = { (uint64_t)input.fd, input.device ? 0 : arg[1], arg[2], arg[3], arg[4], arg[5] };
	result = syscall_host(SYS_splice, host);
	if (input.device)
		advance(task, arg[1], result);
	device_input_close(task, &input, result);
	return result;
}

int64_t sys_splice(struct task *task, const uint64_t arg[6])
{
	int in = (int)arg[0], out = (int)arg[2];
	const uint64_t host[6] = { arg[0], arg[1], arg[2], arg[3], arg[4], arg[5] | SPLICE_F_NONBLOCK };
	int64_t wait = file_woken(task, in, POLLIN);
	if (!wait)
		wait = wait_for_slow_end(task, arg, in, out);
	while (!wait) {
		int64_t result = splice_host(task, host);
		if (result != -EAGAIN)
			return result;
		wait = wait_for_ends(task, in, out, arg[5]);
		if (!wait)
			wait = wait_for_slow_end(task, arg, in, out);
	}
	return wait;
}
