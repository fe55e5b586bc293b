/* Opening, closing and copying descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/rows/calls.h"

/* --- FIFOs: open(2) waits for the other end ------------------------------------------------------------------------ */

static bool waits_for_other_end(int dirfd, const char *path, int flags)
{
	struct stat status;
	if (flags & (O_NONBLOCK | O_PATH) || (flags & O_ACCMODE) == O_RDWR)
		return false;
	return fstatat(dirfd, path, &status, flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0) == 0 && S_ISFIFO(status.st_mode);
}

static int64_t set_blocking(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0 ? -errno : fd;
}

/* Returns true if a process has the pipe open for writing, or had since `fd` was opened. Takes nothing out of the pipe: the kernel
 * reports no hang-up before there was a writer. */
static bool has_had_writer(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };
	int scratch[2];
	if (poll(&one, 1, 0) > 0)
		return true;
	if (pipe2(scratch, O_CLOEXEC | O_NONBLOCK) < 0)
		return true;
	ssize_t copied = tee(fd, scratch[1], 1, SPLICE_F_NONBLOCK);
	bool empty_with_writer = copied < 0 && errno == EAGAIN;
	close(scratch[0]);
	close(scratch[1]);
	return copied > 0 || empty_with_writer;
}

/* Opens the reading end at once, so that writers see it. task->wait.progress holds it (plus 1) until there is a writer. */
static int64_t open_fifo_reader(struct task *task, int dirfd, const char *path, int flags)
{
	int fd = (int)task->wait.progress - 1;
	if (fd < 0)
		fd = openat(dirfd, path, flags | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	int64_t woken = file_retried(task);
	if (woken) {
		close(fd);
		return woken;
	}
	if (has_had_writer(fd))
		return set_blocking(fd);
	task->wait.progress = (uint64_t)fd + 1;
	return file_retry_later(task);
}

static int64_t open_fifo_writer(struct task *task, int dirfd, const char *path, int flags)
{
	int64_t woken = file_retried(task);
	if (woken)
		return woken;
	int fd = openat(dirfd, path, flags | O_NONBLOCK);
	if (fd < 0)
		return errno == ENXIO ? file_retry_later(task) : -errno;
	return set_blocking(fd);
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

static int64_t open_path(struct task *task, int dirfd, uint64_t address, int flags, mode_t mode)
{
	char written[PATH_MAX], plain[PATH_MAX], host[PATH_MAX];
	int64_t length = space_read_string(&task->process->space, address, written, sizeof(written));
	if (length < 0)
		return length;
	const char *guest = path_plain(task->process, dirfd, written, plain);
	int64_t made = proc_open(task, guest, flags);
	if (made == NOT_EMULATED && dev_cpu_path(task->process, dirfd, guest, host))
		made = dev_cpu_open(task, host, flags);
	if (made != NOT_EMULATED)
		return descriptor_keep(task->process, made);
	const char *path = file_host_path(task->process, guest, host);
	if (waits_for_other_end(dirfd, path, flags)) {
		made = (flags & O_ACCMODE) == O_RDONLY ? open_fifo_reader(task, dirfd, path, flags)
						       : open_fifo_writer(task, dirfd, path, flags);
		return made == SYSCALL_WAIT ? made : descriptor_keep(task->process, made);
	}
	const uint64_t arg[6] = { (uint64_t)dirfd, (uint64_t)path, (uint64_t)flags, mode };
	return proc_opened(task, descriptor_make(task->process, SYS_openat, arg), flags);
}

int64_t sys_open(struct task *task, const uint64_t arg[6])
{
	return open_path(task, AT_FDCWD, arg[0], (int)arg[1], (mode_t)arg[2]);
}

int64_t sys_creat(struct task *task, const uint64_t arg[6])
{
	return open_path(task, AT_FDCWD, arg[0], O_CREAT | O_WRONLY | O_TRUNC, (mode_t)arg[1]);
}

int64_t sys_openat(struct task *task, const uint64_t arg[6])
{
	return open_path(task, (int)arg[0], arg[1], (int)arg[2], (mode_t)arg[3]);
}

/* Plain calls are made as openat, which accepts more than openat2: the host is asked with an empty path if it would accept this one
 * (then ENOENT). With a resolve rule only the host can decide. */
int64_t sys_openat2(struct task *task, const uint64_t arg[6])
{
	const uint64_t trial[6] = { arg[0], (uint64_t) "", arg[2], arg[3] };
	struct open_how how;
	if (arg[3] < sizeof(how))
		return -EINVAL;
	int64_t verdict = syscall_host(SYS_openat2, trial);
	if (verdict != -ENOENT)
		return verdict;
	if (!space_read(&task->process->space, arg[2], &how, sizeof(how)))
		return -EFAULT;
	if (arg[3] == sizeof(how) && how.resolve == 0 && how.flags <= INT_MAX)
		return open_path(task, (int)arg[0], arg[1], (int)how.flags, (mode_t)how.mode);
	return proc_opened(task, descriptor_make(task->process, SYS_openat2, arg), (int)how.flags);
}

/* --- pairs --------------------------------------------------------------------------------------------------------- */

static int64_t make_pair(struct task *task, uint64_t number, const uint64_t arg[6], uint64_t address)
{
	int fd[2];
	int64_t result = syscall_host(number, arg);
	if (result < 0)
		return result;
	if (!space_read(&task->process->space, address, fd, sizeof(fd)))
		return -EFAULT;
	for (int i = 0; i < 2 && result >= 0; i++) {
		result = descriptor_keep(task->process, fd[i]);
		fd[i] = result < 0 ? -1 : (int)result;
	}
	if (result >= 0)
		return space_write(&task->process->space, address, fd, sizeof(fd)) ? 0 : -EFAULT;
	close(fd[0]);
	close(fd[1]);
	return result;
}

int64_t sys_pipe(struct task *task, const uint64_t arg[6])
{
	return make_pair(task, SYS_pipe, arg, arg[0]);
}

int64_t sys_pipe2(struct task *task, const uint64_t arg[6])
{
	return make_pair(task, SYS_pipe2, arg, arg[0]);
}

int64_t sys_socketpair(struct task *task, const uint64_t arg[6])
{
	return make_pair(task, SYS_socketpair, arg, arg[3]);
}

/* --- links --------------------------------------------------------------------------------------------------------- */

static int64_t read_link(struct task *task, int dirfd, uint64_t address, uint64_t buffer, uint64_t size)
{
	char written[PATH_MAX], plain[PATH_MAX], host[PATH_MAX];
	int64_t length = space_read_string(&task->process->space, address, written, sizeof(written));
	if (length < 0)
		return length;
	const char *guest = path_plain(task->process, dirfd, written, plain);
	const char *path = path_program(task->process, guest, host);
	if (!path)
		path = proc_link(task, guest, host);
	if (path) {
		uint64_t bytes = strlen(path);
		if ((int)size <= 0)
			return -EINVAL;
		bytes = bytes < size ? bytes : size;
		return space_write(&task->process->space, buffer, path, bytes) ? (int64_t)bytes : -EFAULT;
	}
	path = file_host_path_of_link(task->process, guest, host);
	const uint64_t arg[6] = { (uint64_t)dirfd, (uint64_t)path, buffer, size };
	return syscall_host(SYS_readlinkat, arg);
}

int64_t sys_readlink(struct task *task, const uint64_t arg[6])
{
	return read_link(task, AT_FDCWD, arg[0], arg[1], arg[2]);
}

int64_t sys_readlinkat(struct task *task, const uint64_t arg[6])
{
	return read_link(task, (int)arg[0], arg[1], arg[2], arg[3]);
}

/* --- closing and copying ------------------------------------------------------------------------------------------- */

static int64_t close_part(unsigned first, unsigned last, uint64_t flags)
{
	const uint64_t arg[6] = { first, last, flags };
	return first <= last ? syscall_host(SYS_close_range, arg) : 0;
}

/* Closes a range, but not the emulator's descriptors in it. */
int64_t sys_close_range(struct task *task, const uint64_t arg[6])
{
	unsigned first = (unsigned)arg[0], last = (unsigned)arg[1];
	(void)task;
	if (first > last)
		return -EINVAL;
	unsigned hidden = (unsigned)hidden_fd_first, end = hidden + HIDDEN_FDS;
	unsigned below_last = last < hidden ? last : hidden - 1, above_first = first < end ? end : first;
	int64_t result = close_part(first, below_last, arg[2]);
	return result ? result : close_part(above_first, last, arg[2]);
}

int64_t sys_dup(struct task *task, const uint64_t arg[6])
{
	(void)task;
	return descriptor_make(task->process, SYS_dup, arg);
}

/* A number beyond the limit cannot be a descriptor: ksys_dup3(). */
static int64_t dup_to(struct task *task, uint64_t number, const uint64_t arg[6])
{
	return (unsigned)arg[1] >= limit_of(task->process, RLIMIT_NOFILE) ? -EBADF : syscall_host(number, arg);
}

int64_t sys_dup2(struct task *task, const uint64_t arg[6])
{
	return dup_to(task, SYS_dup2, arg);
}

int64_t sys_dup3(struct task *task, const uint64_t arg[6])
{
	return (int)arg[0] == (int)arg[1] ? -EINVAL : dup_to(task, SYS_dup3, arg);
}
