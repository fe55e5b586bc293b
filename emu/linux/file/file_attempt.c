/* Tries a transfer on a descriptor that is not ready. The kernel judges a call's arguments before it sleeps. So the call is made in a
 * way that does not sleep, and the guest's thread waits only if the answer is EAGAIN. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/file/transfer.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/machine.h"

#ifndef MQUEUE_MAGIC
#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c; not in the kernel's exported headers */
#endif

/* Descriptors without a file type, from fs/anon_inodes.c. They transfer whole records, and refuse a shorter buffer at once. */
struct record_kind {
	const char *info; /* a line that only this kind has in /proc/PID/fdinfo */
	uint64_t size;
	bool writable; /* writes are possible, and may wait */
};

static const struct record_kind record_kinds[] = {
	{ "eventfd-count", sizeof(uint64_t), true },
	{ "sigmask", 128 /* struct signalfd_siginfo */, false },
};

static const struct record_kind *find_record_kind(int fd)
{
	for (size_t i = 0; i < sizeof(record_kinds) / sizeof(record_kinds[0]); i++) {
		if (file_info(fd, record_kinds[i].info) != FILE_NO_INFO)
			return &record_kinds[i];
	}
	return NULL;
}

/* eventfd_write() accepts any number but the largest. */
static bool is_refused_number(struct task *task, const struct transfer *transfer)
{
	uint64_t number;
	return !space_read(&task->process->space, (uint64_t)transfer->vector[0].iov_base, &number, sizeof(number)) || number == UINT64_MAX;
}

static bool record_is_refused(struct task *task, const struct transfer *transfer, uint64_t length)
{
	if (file_info(transfer->fd, "flags") == FILE_NO_INFO)
		return false; /* without /proc the kinds cannot be told apart */
	const struct record_kind *kind = find_record_kind(transfer->fd);
	if (transfer->write && !(kind && kind->writable))
		return true;
	return kind && (length < kind->size || (transfer->write && is_refused_number(task, transfer)));
}

/* For files that the kernel reads or writes only in the blocking way: returns true if the call is answered at once all the same. */
static bool answers_at_once(struct task *task, const struct transfer *transfer, const struct stat *status, uint64_t length)
{
	struct statfs system;
	switch (status->st_mode & S_IFMT) {
	case S_IFCHR: /* writes to the memory devices, /dev/kmsg and /dev/random never wait */
		return transfer->write ? major(status->st_rdev) == MEM_MAJOR : length == 0 && isatty(transfer->fd);
	case S_IFREG: /* a message queue's state is text; other such files wait as poll says (/proc/kmsg) */
		return fstatfs(transfer->fd, &system) == 0 && system.f_type == MQUEUE_MAGIC;
	case 0: return record_is_refused(task, transfer, length);
	default: return false;
	}
}

/* Tries with RWF_NOWAIT. The kernel checks the descriptor before it refuses the flag for files that do not support it. */
static int64_t attempt_file(struct task *task, const struct transfer *transfer, const struct stat *status, uint64_t length)
{
	const uint64_t arg[6] = { (uint64_t)transfer->fd, (uint64_t)transfer->vector, transfer->count, UINT64_MAX, 0,
		transfer->flags | RWF_NOWAIT };
	int64_t result = syscall_host(transfer->write ? SYS_pwritev2 : SYS_preadv2, arg);
	/* A vector call with nothing to transfer succeeds for any file; read(2) and write(2) ask the file. */
	if (result != -EOPNOTSUPP && !(result == 0 && length == 0 && transfer->plain))
		return result;
	return answers_at_once(task, transfer, status, length) ? syscall_host(transfer->number, transfer->arg) : -EAGAIN;
}

/* Tries as read(2) and write(2) do on a socket: sock_read_iter(), sock_write_iter(). */
static int64_t attempt_socket(const struct transfer *transfer)
{
	struct msghdr message = { .msg_iov = (struct iovec *)transfer->vector, .msg_iovlen = transfer->count };
	int type = 0;
	socklen_t size = sizeof(type);
	getsockopt(transfer->fd, SOL_SOCKET, SO_TYPE, &type, &size);
	int flags = MSG_DONTWAIT | (transfer->write && type == SOCK_SEQPACKET ? MSG_EOR : 0);
	const uint64_t arg[6] = { (uint64_t)transfer->fd, (uint64_t)&message, (uint64_t)flags };
	return syscall_host(transfer->write ? SYS_sendmsg : SYS_recvmsg, arg);
}

/* Tries a transfer once, on a descriptor for which poll says that it is not ready. Returns the guest's result, or -EAGAIN if it must
 * wait. */
static int64_t attempt(struct task *task, const struct transfer *transfer)
{
	uint64_t length = file_vector_length(transfer->vector, transfer->count);
	struct stat status;
	if (fstat(transfer->fd, &status) < 0)
		return -errno;
	bool empty_message = S_ISSOCK(status.st_mode) && transfer->write && transfer->plain;
	if ((S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) && length == 0 && !empty_message)
		return syscall_host(transfer->number, transfer->arg);
	if (S_ISSOCK(status.st_mode))
		return attempt_socket(transfer);
	/* A pipe is not tried with RWF_NOWAIT, which some kernels do not support here: how much fits into a pipe must not depend on the
	 * host. */
	return S_ISFIFO(status.st_mode) ? -EAGAIN : attempt_file(task, transfer, &status, length);
}

int64_t file_transfer(struct task *task, const struct transfer *transfer)
{
	short events = transfer->write ? POLLOUT : POLLIN;
	int64_t wait = file_woken(task, transfer->fd, events);
	while (!wait) {
		if (file_is_ready(transfer->fd, events) || !file_blocks(transfer->fd, events))
			return syscall_host(transfer->number, transfer->arg);
		int64_t result = attempt(task, transfer);
		if (result != -EAGAIN)
			return result;
		wait = file_wait(task, transfer->fd, events);
	}
	return wait;
}
