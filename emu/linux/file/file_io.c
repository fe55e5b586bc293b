/* Reading and writing. Calls that may block use file_transfer(). A long write to a pipe, a terminal or a socket is made in pieces, and
 * task->wait.progress counts the bytes that are written. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/file/transfer.h"
#include "emu/linux/file/tty.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/random.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/time/timer.h"

enum { PIECE = FILE_PIECE, MOST = 0x7ffff000 /* MAX_RW_COUNT */ };

int64_t file_read_vector(struct task *task, uint64_t address, uint64_t count, bool written, struct iovec vector[FILE_IOV_MAX])
{
	if (count > FILE_IOV_MAX)
		return -EINVAL;
	if (!space_read(&task->process->space, address, vector, count * sizeof(*vector)))
		return -EFAULT;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t base = (uint64_t)vector[i].iov_base, length = vector[i].iov_len;
		if (length > SSIZE_MAX)
			return -EINVAL;
		/* import_ubuf() shortens a single part before it looks at the pointer */
		vector[i].iov_base = (void *)space_host_pointer(base, count == 1 && length > MOST ? MOST : length);
		if (written)
			space_prepare_write(&task->process->space, base, length);
	}
	return 0;
}

int64_t file_vector_refused(uint64_t number, const uint64_t arg[6], int64_t error)
{
	int64_t result = syscall_host(number, (const uint64_t[6]){ arg[0], WINDOW_START, arg[2], arg[3], arg[4], arg[5] });

	return result == -EFAULT ? error : result;
}

uint64_t file_vector_length(const struct iovec *vector, uint64_t count)
{
	uint64_t total = 0;
	for (uint64_t i = 0; i < count; i++)
		total += vector[i].iov_len;
	return total;
}

uint64_t file_trim_vector(struct iovec *vector, uint64_t count, uint64_t skip, uint64_t limit)
{
	uint64_t kept = 0;
	for (uint64_t i = 0; i < count && limit > 0; i++) {
		struct iovec part = vector[i];
		uint64_t dropped = skip < part.iov_len ? skip : part.iov_len;
		skip -= dropped;
		part.iov_base = (char *)part.iov_base + dropped;
		part.iov_len -= dropped;
		if (part.iov_len == 0)
			continue;
		if (part.iov_len > limit)
			part.iov_len = limit;
		limit -= part.iov_len;
		vector[kept++] = part;
	}
	return kept;
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

static int64_t read_transfer(struct task *task, const struct transfer *transfer)
{
	int64_t result = file_transfer(task, transfer);
	if (result == -EIO || result == SYSCALL_WAIT)
		device_read_failed(task, transfer->fd, &result);
	return result;
}

int64_t sys_read(struct task *task, const uint64_t arg[6])
{
	const struct iovec whole = { (void *)arg[1], arg[2] };
	const struct transfer transfer = { .fd = (int)arg[0], .plain = true, .number = SYS_read, .arg = arg, .vector = &whole, .count = 1 };
	int64_t result;
	if (device_read(task, (int)arg[0], &whole, 1, POSITION_OF_FILE, &result))
		return result;
	return read_transfer(task, &transfer);
}

/* --- writing ------------------------------------------------------------------------------------------------------- */

/* A blocking write to such a descriptor may block although it is ready: if it is larger than what a pipe takes at once. */
bool file_may_block_midway(int fd)
{
	struct stat status;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || flags & O_NONBLOCK || fstat(fd, &status) < 0)
		return false;
	return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || S_ISCHR(status.st_mode);
}

/* Writes a piece. A socket decides how much it takes, and a datagram must be whole; as in the kernel, there is no SIGPIPE once something
 * was sent. Other files take a piece if they are ready. */
static int64_t write_some(int fd, struct iovec *vector, uint64_t count, uint64_t done)
{
	struct msghdr message = { .msg_iov = vector, .msg_iovlen = file_trim_vector(vector, count, done, UINT64_MAX) };
	struct pollfd one = { .fd = fd, .events = POLLOUT };
	ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | (done ? MSG_NOSIGNAL : 0));
	if (sent < 0 && errno == ENOTSOCK && poll(&one, 1, 0) == 0)
		return -EAGAIN;
	if (sent < 0 && errno == ENOTSOCK)
		sent = writev(fd, vector, (int)file_trim_vector(vector, message.msg_iovlen, 0, PIECE));
	return sent < 0 ? -errno : sent;
}

/* A blocking write of more than one piece. Bytes written before an error or a signal count. */
static int64_t write_all(struct task *task, int fd, const struct iovec *vector, uint64_t count)
{
	uint64_t total = file_vector_length(vector, count);
	int64_t result = file_woken(task, fd, POLLOUT);
	while (!result && task->wait.progress < total) {
		struct iovec part[FILE_IOV_MAX];
		for (uint64_t i = 0; i < count; i++)
			part[i] = vector[i];
		int64_t moved = write_some(fd, part, count, task->wait.progress);
		if (moved == 0)
			break;
		if (moved == -EAGAIN)
			result = file_wait_again(task, fd, POLLOUT);
		else if (moved < 0)
			result = moved;
		else
			task->wait.progress += (uint64_t)moved;
	}
	return result == SYSCALL_WAIT || !task->wait.progress ? result : (int64_t)task->wait.progress;
}

static int64_t write_transfer(struct task *task, const struct transfer *transfer)
{
	if (file_vector_length(transfer->vector, transfer->count) > PIECE && file_may_block_midway(transfer->fd))
		return write_all(task, transfer->fd, transfer->vector, transfer->count);
	return file_transfer(task, transfer);
}

int64_t sys_write(struct task *task, const uint64_t arg[6])
{
	const struct iovec whole = { (void *)arg[1], arg[2] };
	const struct transfer transfer = { .fd = (int)arg[0],
		.write = true,
		.plain = true,
		.number = SYS_write,
		.arg = arg,
		.vector = &whole,
		.count = 1 };
	int64_t result;
	if (device_write(task, (int)arg[0], &whole, 1, POSITION_OF_FILE, &result))
		return result;
	return write_transfer(task, &transfer);
}

/* --- at a position, and vectors ------------------------------------------------------------------------------------ */

/* A transfer at a position never waits: pipes and sockets have no position. */
static int64_t at_position(struct task *task, uint64_t number, const uint64_t arg[6], bool write)
{
	const struct iovec whole = { (void *)arg[1], arg[2] };
	int64_t position = (int64_t)arg[3], result;
	if (position >= 0 && (write ? device_write : device_read)(task, (int)arg[0], &whole, 1, position, &result))
		return result;
	return syscall_host(number, arg);
}

int64_t sys_pread64(struct task *task, const uint64_t arg[6])
{
	return at_position(task, SYS_pread64, arg, false);
}

int64_t sys_pwrite64(struct task *task, const uint64_t arg[6])
{
	return at_position(task, SYS_pwrite64, arg, true);
}

/* With no flags but these, the call may wait. With RWF_NOWAIT or unknown flags, the host makes it. */
enum { WAITING_FLAGS = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND };

static int64_t move_vector(struct task *task, uint64_t number, const uint64_t arg[6], bool write, uint64_t flags, bool at_file_position)
{
	struct iovec vector[FILE_IOV_MAX];
	int64_t result = file_read_vector(task, arg[1], arg[2], !write, vector);
	if (result)
		return file_vector_refused(number, arg, result);
	int64_t position = at_file_position ? POSITION_OF_FILE : (int64_t)arg[3];
	if ((at_file_position || position >= 0)
		&& (write ? device_write : device_read)(task, (int)arg[0], vector, arg[2], position, &result))
		return result;
	const uint64_t host[6] = { arg[0], (uint64_t)vector, arg[2], arg[3], arg[4], arg[5] };
	const struct transfer transfer = { .fd = (int)arg[0],
		.write = write,
		.number = number,
		.arg = host,
		.vector = vector,
		.count = arg[2],
		.flags = flags };
	if (!at_file_position || flags & ~(uint64_t)WAITING_FLAGS)
		return syscall_host(number, host);
	return write ? write_transfer(task, &transfer) : read_transfer(task, &transfer);
}

int64_t sys_readv(struct task *task, const uint64_t arg[6])
{
	return move_vector(task, SYS_readv, arg, false, 0, true);
}

int64_t sys_preadv(struct task *task, const uint64_t arg[6])
{
	return move_vector(task, SYS_preadv, arg, false, 0, false);
}

int64_t sys_preadv2(struct task *task, const uint64_t arg[6])
{
	return move_vector(task, SYS_preadv2, arg, false, (uint32_t)arg[5], arg[3] == UINT64_MAX);
}

int64_t sys_writev(struct task *task, const uint64_t arg[6])
{
	return move_vector(task, SYS_writev, arg, true, 0, true);
}

int64_t sys_pwritev(struct task *task, const uint64_t arg[6])
{
	return move_vector(task, SYS_pwritev, arg, true, 0, false);
}

int64_t sys_pwritev2(struct task *task, const uint64_t arg[6])
{
	return move_vector(task, SYS_pwritev2, arg, true, (uint32_t)arg[5], arg[3] == UINT64_MAX);
}

/* --- another process's memory -------------------------------------------------------------------------------------- */

static int64_t process_memory(struct task *task, uint64_t number, const uint64_t arg[6], bool reading)
{
	struct iovec local[FILE_IOV_MAX], remote[FILE_IOV_MAX];
	bool own = task_find(task->process, (pid_t)arg[0]);
	int64_t error = file_read_vector(task, arg[1], arg[2], reading, local);
	if (!error && file_vector_length(local, arg[2]) == 0)
		return arg[5] ? -EINVAL : 0; /* process_vm_rw() */
	if (!error)
		error = file_read_vector(task, arg[3], arg[4], own && !reading, remote);
	pid_t pid = own ? getpid() : pids_to_host(task->process, (pid_t)arg[0]);
	const uint64_t host[6] = { (uint64_t)pid, (uint64_t)local, arg[2], (uint64_t)remote, arg[4], arg[5] };
	int64_t result = error ? error : syscall_host(number, host);
	if (!error && !reading && !own)
		result = memory_write_code(task, (pid_t)arg[0], local, arg[2], remote, arg[4], result);
	if (result > 0 && !reading && !own)
		memory_written(task, (pid_t)arg[0], local, arg[2], remote, (uint64_t)result);
	return result;
}

int64_t sys_process_vm_readv(struct task *task, const uint64_t arg[6])
{
	return process_memory(task, SYS_process_vm_readv, arg, true);
}

int64_t sys_process_vm_writev(struct task *task, const uint64_t arg[6])
{
	return process_memory(task, SYS_process_vm_writev, arg, false);
}
