/* Sockets. Calls are tried with MSG_DONTWAIT; a blocking socket that would block is waited for. */
#include <asm/unistd_64.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "emu/linux/calls.h"
#include "emu/linux/file.h"
#include "emu/linux/pids.h"

/* --- lengths behind pointers --------------------------------------------------------------------------------------- */

/* Checks a buffer whose size the guest keeps in an int at `length_address`. */
static int64_t check_sized(struct task *task, uint64_t address, uint64_t length_address)
{
	int32_t length;
	if (!address)
		return 0;
	if (!space_read(&task->process->space, length_address, &length, sizeof length))
		return -EFAULT;
	if (length < 0)
		return -EINVAL;
	if (!space_in_guest(address, (uint64_t)length))
		return -EFAULT;
	space_prepare_write(&task->process->space, address, (uint64_t)length);
	return 0;
}

static int64_t sized_call(struct task *task, uint64_t number, const uint64_t arg[6], uint64_t address, uint64_t length)
{
	int64_t error = check_sized(task, address, length);
	return error ? error : syscall_host(number, arg);
}

int64_t sys_getsockname(struct task *task, const uint64_t arg[6])
{
	return sized_call(task, __NR_getsockname, arg, arg[1], arg[2]);
}

int64_t sys_getpeername(struct task *task, const uint64_t arg[6])
{
	return sized_call(task, __NR_getpeername, arg, arg[1], arg[2]);
}

/* SO_PEERCRED: the id of the process at the other end. */
static int64_t translate_peer(struct task *task, uint64_t address)
{
	int32_t pid;
	if (!space_read(&task->process->space, address, &pid, sizeof pid))
		return -EFAULT;
	if (pid > 0)
		pid = pids_from_host(task->process, pid);
	return space_write(&task->process->space, address, &pid, sizeof pid) ? 0 : -EFAULT;
}

int64_t sys_getsockopt(struct task *task, const uint64_t arg[6])
{
	int64_t result = sized_call(task, __NR_getsockopt, arg, arg[3], arg[4]);
	if (result == 0 && arg[1] == SOL_SOCKET && arg[2] == SO_PEERCRED)
		return translate_peer(task, arg[3]);
	return result;
}

/* --- connections --------------------------------------------------------------------------------------------------- */

int64_t sys_accept4(struct task *task, const uint64_t arg[6])
{
	int64_t wait = check_sized(task, arg[1], arg[2]);
	if (!wait)
		wait = file_ready(task, (int)arg[0], POLLIN);
	return wait ? wait : file_outside_hidden(syscall_host(__NR_accept4, arg));
}

int64_t sys_accept(struct task *task, const uint64_t arg[6])
{
	const uint64_t with_flags[6] = {arg[0], arg[1], arg[2], 0};
	return sys_accept4(task, with_flags);
}

/* Starts connecting a blocking socket without blocking. */
static int64_t connect_nonblocking(const uint64_t arg[6], int flags)
{
	int fd = (int)arg[0];
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	int64_t result = syscall_host(__NR_connect, arg);
	fcntl(fd, F_SETFL, flags);
	return result;
}

static int64_t connect_result(int fd)
{
	int error = 0;
	socklen_t size = sizeof error;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
}

/* task->wait.progress: 1 when the attempt is under way. */
int64_t sys_connect(struct task *task, const uint64_t arg[6])
{
	int fd = (int)arg[0], flags = fcntl(fd, F_GETFL);
	if (flags < 0 || flags & O_NONBLOCK)
		return syscall_host(__NR_connect, arg);
	if (task->wait.progress) {
		int64_t woken = wait_fd(task, fd, POLLOUT, WAIT_FOREVER);
		return woken ? woken : connect_result(fd);
	}
	int64_t woken = file_retried(task);
	if (woken)
		return woken;
	int64_t result = connect_nonblocking(arg, flags);
	if (result == -EAGAIN)
		return file_retry_later(task); /* a Unix socket whose listener is busy */
	if (result != -EINPROGRESS)
		return result;
	task->wait.progress = 1;
	result = wait_fd(task, fd, POLLOUT, WAIT_FOREVER);
	return result ? result : connect_result(fd);
}

/* --- sending and receiving ----------------------------------------------------------------------------------------- */

/* After a call with MSG_DONTWAIT: what the guest gets, or the wait that it asked for. */
static int64_t or_wait(struct task *task, int fd, uint64_t flags, short events, int64_t result)
{
	if (result != -EAGAIN || flags & MSG_DONTWAIT)
		return result;
	int64_t wait = file_ready(task, fd, events);
	return wait ? wait : result;
}

/* Tells why a wait ended before the call is tried again; 0 on the first try. */
static int64_t woken(struct task *task, int fd, short events)
{
	if (task->wait.wake == WAKE_NOT_YET)
		return 0;
	int64_t result = wait_fd(task, fd, events, WAIT_FOREVER);
	return result == -ETIMEDOUT ? -EAGAIN : result;
}

/* What has been transferred counts more than how the wait ended. */
static int64_t with_progress(const struct task *task, int64_t result)
{
	return result <= 0 && result != SYSCALL_WAIT && task->wait.progress ? (int64_t)task->wait.progress : result;
}

static bool is_stream(int fd)
{
	int type = 0;
	socklen_t size = sizeof type;
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/* Transfers all `arg[2]` bytes in as many steps as it takes: a blocking send, or a receive with MSG_WAITALL. */
static int64_t transfer_all(struct task *task, uint64_t number, const uint64_t arg[6], short events)
{
	int64_t result = woken(task, (int)arg[0], events);
	while (!result) {
		uint64_t done = task->wait.progress;
		const uint64_t rest[6] = {arg[0], arg[1] + done, arg[2] - done, arg[3] | MSG_DONTWAIT, arg[4], arg[5]};
		int64_t moved = or_wait(task, (int)arg[0], arg[3], events, syscall_host(number, rest));
		if (moved <= 0)
			return with_progress(task, moved);
		task->wait.progress += (uint64_t)moved;
		if (task->wait.progress >= arg[2])
			return (int64_t)task->wait.progress;
	}
	return with_progress(task, result);
}

int64_t sys_sendto(struct task *task, const uint64_t arg[6])
{
	return transfer_all(task, __NR_sendto, arg, POLLOUT);
}

int64_t sys_recvfrom(struct task *task, const uint64_t arg[6])
{
	int64_t result = check_sized(task, arg[4], arg[5]);
	if (result)
		return result;
	if (arg[3] & MSG_WAITALL && !(arg[3] & MSG_DONTWAIT) && is_stream((int)arg[0]))
		return transfer_all(task, __NR_recvfrom, arg, POLLIN);
	const uint64_t try[6] = {arg[0], arg[1], arg[2], arg[3] | MSG_DONTWAIT, arg[4], arg[5]};
	result = woken(task, (int)arg[0], POLLIN);
	return result ? result : or_wait(task, (int)arg[0], arg[3], POLLIN, syscall_host(__NR_recvfrom, try));
}

/* --- messages ------------------------------------------------------------------------------------------------------ */

struct message {
	struct msghdr header;
	struct iovec vector[FILE_IOV_MAX];
};

/* Copies a guest's msghdr, checks what it points at and lets it point at our copy of its vector. */
static int64_t read_message(struct task *task, uint64_t address, bool received, struct message *message)
{
	struct msghdr *header = &message->header;
	struct space *space = &task->process->space;
	if (!space_read(space, address, header, sizeof *header))
		return -EFAULT;
	if (header->msg_iovlen > FILE_IOV_MAX)
		return -EMSGSIZE;
	uint64_t name = (uint64_t)header->msg_name, control = (uint64_t)header->msg_control;
	if ((int)header->msg_namelen < 0)
		return -EINVAL;
	if ((name && !space_in_guest(name, header->msg_namelen)) || (control && !space_in_guest(control, header->msg_controllen)))
		return -EFAULT;
	if (received) {
		space_prepare_write(space, address, sizeof *header);
		space_prepare_write(space, name, header->msg_namelen);
		space_prepare_write(space, control, header->msg_controllen);
	}
	int64_t error = file_read_vector(task, (uint64_t)header->msg_iov, header->msg_iovlen, received, message->vector);
	header->msg_iov = message->vector;
	return error;
}

/* What recvmsg changes in the guest's msghdr. */
static bool store_message(struct task *task, uint64_t address, const struct message *message)
{
	struct msghdr header;
	struct space *space = &task->process->space;
	if (!space_read(space, address, &header, sizeof header))
		return false;
	header.msg_namelen = message->header.msg_namelen;
	header.msg_controllen = message->header.msg_controllen;
	header.msg_flags = message->header.msg_flags;
	return space_write(space, address, &header, sizeof header);
}

static int64_t send_message(struct task *task, int fd, uint64_t address, uint64_t flags)
{
	struct message message;
	int64_t error = read_message(task, address, false, &message);
	const uint64_t host[6] = {(uint64_t)fd, (uint64_t)&message.header, flags | MSG_DONTWAIT};
	return error ? error : syscall_host(__NR_sendmsg, host);
}

static int64_t receive_message(struct task *task, int fd, uint64_t address, uint64_t flags)
{
	struct message message;
	int64_t result = read_message(task, address, true, &message);
	const uint64_t host[6] = {(uint64_t)fd, (uint64_t)&message.header, flags | MSG_DONTWAIT};
	if (!result)
		result = syscall_host(__NR_recvmsg, host);
	if (result >= 0 && !store_message(task, address, &message))
		result = -EFAULT;
	return result;
}

int64_t sys_sendmsg(struct task *task, const uint64_t arg[6])
{
	int64_t result = woken(task, (int)arg[0], POLLOUT);
	if (!result)
		result = send_message(task, (int)arg[0], arg[1], arg[2]);
	return or_wait(task, (int)arg[0], arg[2], POLLOUT, result);
}

int64_t sys_recvmsg(struct task *task, const uint64_t arg[6])
{
	int64_t result = woken(task, (int)arg[0], POLLIN);
	if (!result)
		result = receive_message(task, (int)arg[0], arg[1], arg[2]);
	return or_wait(task, (int)arg[0], arg[2], POLLIN, result);
}

typedef int64_t message_call(struct task *task, int fd, uint64_t address, uint64_t flags);

/* As many of the guest's mmsghdrs as go without waiting, the first one with. What was done is kept in wait.progress. */
static int64_t many_messages(struct task *task, const uint64_t arg[6], short events, message_call *one)
{
	uint64_t count = (uint32_t)arg[2] < FILE_IOV_MAX ? (uint32_t)arg[2] : FILE_IOV_MAX;
	int64_t result = woken(task, (int)arg[0], events);
	while (!result && task->wait.progress < count) {
		uint64_t header = arg[1] + task->wait.progress * sizeof(struct mmsghdr);
		int64_t moved = one(task, (int)arg[0], header, arg[3] & ~(uint64_t)MSG_WAITFORONE);
		bool enough = task->wait.progress && arg[3] & MSG_WAITFORONE;
		if (moved == -EAGAIN && enough)
			break;
		moved = or_wait(task, (int)arg[0], arg[3], events, moved);
		uint32_t length = (uint32_t)moved;
		if (moved < 0)
			result = moved;
		else if (!space_write(&task->process->space, header + offsetof(struct mmsghdr, msg_len), &length, sizeof length))
			result = -EFAULT;
		else
			task->wait.progress++;
	}
	return with_progress(task, result);
}

int64_t sys_sendmmsg(struct task *task, const uint64_t arg[6])
{
	return many_messages(task, arg, POLLOUT, send_message);
}

/* Its timeout is looked at only after a message has come (recvmmsg(2), BUGS): it ends the loop, never a wait. */
int64_t sys_recvmmsg(struct task *task, const uint64_t arg[6])
{
	return many_messages(task, arg, POLLIN, receive_message);
}
