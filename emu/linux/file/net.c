/* Sockets. Calls are tried with MSG_DONTWAIT; if a blocking socket would block, the thread waits. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/file/rights.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"

/* --- lengths in memory --------------------------------------------------------------------------------------------- */

/* Returns what the host gets for a pointer to a buffer of `unit` times as many bytes as an int of the guest at `length_address` says. The
 * kernel refuses what cannot be read there, or is negative. */
static uint64_t sized_pointer(struct task *task, uint64_t address, uint64_t length_address, uint64_t unit)
{
	int32_t length;

	if (!address)
		return 0;
	if (!space_read(&task->process->space, length_address, &length, sizeof(length)) || length < 0)
		length = 0;
	space_prepare_write(&task->process->space, address, (uint64_t)length * unit);
	return space_host_pointer(address, (uint64_t)length * unit);
}

/* A socket's name, as the host's kernel has returned it. */
struct name {
	struct sockaddr_storage address;
	socklen_t length;
};

/* As move_addr_to_user(): stores as much of the name as there is room for, and the length of the whole name. */
static int64_t store_name(struct task *task, uint64_t address, uint64_t length_address, const struct name *name)
{
	struct space *space = &task->process->space;
	int32_t room, length = (int32_t)name->length;
	if (!space_read(space, length_address, &room, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	room = room < length ? room : length;
	if (room > 0 && !space_write(space, address, &name->address, (size_t)room))
		return -EFAULT;
	return space_write(space, length_address, &length, sizeof(length)) ? 0 : -EFAULT;
}

static int64_t name_call(struct task *task, uint64_t number, const uint64_t arg[6])
{
	struct name name = { .length = sizeof(name.address) };
	const uint64_t host[6] = { arg[0], (uint64_t)&name.address, (uint64_t)&name.length };
	int64_t result = syscall_host(number, host);
	return result ? result : store_name(task, arg[1], arg[2], &name);
}

int64_t sys_getsockname(struct task *task, const uint64_t arg[6])
{
	return name_call(task, SYS_getsockname, arg);
}

int64_t sys_getpeername(struct task *task, const uint64_t arg[6])
{
	return name_call(task, SYS_getpeername, arg);
}

int64_t sys_setsockopt(struct task *task, const uint64_t arg[6])
{
	int64_t error = sockopt_prepare_tail(task, true, (int)arg[1], (int)arg[2], arg[3]);
	return error ? error : syscall_host(SYS_setsockopt, arg);
}

/* SO_PEERCRED: translates the id of the process at the other end. */
static int64_t translate_peer(struct task *task, uint64_t address)
{
	int32_t pid;
	if (!space_read(&task->process->space, address, &pid, sizeof(pid)))
		return -EFAULT;
	if (pid > 0)
		pid = pids_from_host(task->process, pid);
	return space_write(&task->process->space, address, &pid, sizeof(pid)) ? 0 : -EFAULT;
}

/* The length of a filter is the number of its instructions: sk_get_filter(). */
static uint64_t option_unit(int level, int option)
{
	return level == SOL_SOCKET && option == SO_GET_FILTER ? sizeof(struct sock_filter) : 1;
}

int64_t sys_getsockopt(struct task *task, const uint64_t arg[6])
{
	uint64_t unit = option_unit((int)arg[1], (int)arg[2]), pointer = sized_pointer(task, arg[3], arg[4], unit);
	int64_t result = sockopt_prepare_tail(task, false, (int)arg[1], (int)arg[2], arg[3]);
	if (!result)
		result = syscall_host(SYS_getsockopt, (const uint64_t[6]){ arg[0], arg[1], arg[2], pointer, arg[4] });
	if (result == 0 && arg[1] == SOL_SOCKET && arg[2] == SO_PEERCRED)
		return translate_peer(task, arg[3]);
	return result;
}

/* --- connections --------------------------------------------------------------------------------------------------- */

/* Returns true if accept4(2) fails at once (__sys_accept4(), do_accept()). It makes the new descriptor before it waits. */
static bool accept_is_refused(const struct task *task, const uint64_t arg[6])
{
	int listens = 0, probe = dup((int)arg[0]);
	socklen_t size = sizeof(listens);
	if (probe < 0)
		return true;
	close(probe);
	if ((uint64_t)probe >= limit_of(task->process, RLIMIT_NOFILE))
		return true;
	if (arg[3] & ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return true;
	return getsockopt((int)arg[0], SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens;
}

/* If the name of an accepted connection cannot be stored, the connection is closed. */
static int64_t accept_now(struct task *task, const uint64_t arg[6])
{
	struct name name = { .length = sizeof(name.address) };
	const uint64_t host[6] = { arg[0], (uint64_t)&name.address, (uint64_t)&name.length, arg[3] };
	int64_t fd = descriptor_make(task->process, SYS_accept4, host);
	int64_t error = fd >= 0 && arg[1] ? store_name(task, arg[1], arg[2], &name) : 0;
	if (error)
		close((int)fd);
	return error ? error : fd;
}

int64_t sys_accept4(struct task *task, const uint64_t arg[6])
{
	int fd = (int)arg[0];
	int64_t wait = file_woken(task, fd, POLLIN);
	if (!wait && !file_is_ready(fd, POLLIN) && file_blocks(fd, POLLIN) && !accept_is_refused(task, arg))
		wait = file_wait(task, fd, POLLIN);
	return wait ? wait : accept_now(task, arg);
}

int64_t sys_accept(struct task *task, const uint64_t arg[6])
{
	const uint64_t with_flags[6] = { arg[0], arg[1], arg[2], 0 };
	return sys_accept4(task, with_flags);
}

/* Starts to connect a blocking socket, without blocking. */
static int64_t connect_nonblocking(const uint64_t arg[6], int flags)
{
	int fd = (int)arg[0];
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	int64_t result = syscall_host(SYS_connect, arg);
	fcntl(fd, F_SETFL, flags);
	return result;
}

static int64_t connect_result(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
}

/* Waits for a connection attempt (task->wait.progress is 1), but not longer than SO_SNDTIMEO. */
static int64_t wait_for_connection(struct task *task, int fd)
{
	int64_t wait = task->wait.wake != WAKE_NOT_YET ? file_woken(task, fd, POLLOUT)
						       : wait_fd(task, fd, POLLOUT, file_socket_deadline(task, fd, POLLOUT));
	if (wait == -EAGAIN || wait == -ETIMEDOUT)
		return -EINPROGRESS;
	return wait ? wait : connect_result(fd);
}

int64_t sys_connect(struct task *task, const uint64_t arg[6])
{
	int fd = (int)arg[0], flags = fcntl(fd, F_GETFL);
	if (flags < 0 || flags & O_NONBLOCK)
		return syscall_host(SYS_connect, arg);
	if (task->wait.progress)
		return wait_for_connection(task, fd);
	int64_t woken = file_retried(task);
	if (woken)
		return woken;
	int64_t result = connect_nonblocking(arg, flags);
	if (result == -EAGAIN)
		return file_retry_later(task);             /* a Unix socket whose listener's queue is full */
	if (result != -EINPROGRESS && result != -EALREADY) /* EALREADY: the call is made again after a signal */
		return result;
	task->wait.progress = 1;
	return wait_for_connection(task, fd);
}

/* --- sending and receiving ----------------------------------------------------------------------------------------- */

/* Returns true if the result of a call with MSG_DONTWAIT says that it would have waited. A send with MSG_FASTOPEN connects first, and
 * goes on if it is made again when the connection stands (tcp_sendmsg_fastopen()). */
static bool would_wait(uint64_t flags, short events, int64_t result)
{
	bool connects = events == POLLOUT && flags & MSG_FASTOPEN;
	return result == -EAGAIN || (connects && (result == -EINPROGRESS || result == -EALREADY));
}

/* Called when a call with MSG_DONTWAIT gave `error`, and would have waited. Returns 0 to make it again, or the guest's result. */
static int64_t wait_again(struct task *task, int fd, uint64_t flags, short events, int64_t error)
{
	int mode = fcntl(fd, F_GETFL);
	bool never_waits = flags & (MSG_DONTWAIT | MSG_ERRQUEUE) || (events == POLLIN && flags & MSG_OOB);
	int64_t result = never_waits || mode < 0 || mode & O_NONBLOCK ? -EAGAIN : file_wait_again(task, fd, events);
	return result == -EAGAIN ? error : result;
}

/* If bytes were transferred, the result is their number, however the wait has ended. */
static int64_t with_progress(const struct task *task, int64_t result)
{
	return result <= 0 && result != SYSCALL_WAIT && task->wait.progress ? (int64_t)task->wait.progress : result;
}

/* Tries once to transfer what follows the first `done` bytes. Returns the host's result. `whole`: nothing is left to do. */
typedef int64_t transfer_step(struct task *task, const uint64_t arg[6], uint64_t done, bool *whole);

/* Takes as many steps as are needed: for a blocking send on a stream, or a receive with MSG_WAITALL. */
static int64_t in_steps(struct task *task, const uint64_t arg[6], uint64_t flags, short events, transfer_step *step)
{
	int64_t result = file_woken(task, (int)arg[0], events);
	for (bool whole = false; !result && !whole;) {
		int64_t moved = step(task, arg, task->wait.progress, &whole);
		if (would_wait(flags, events, moved))
			result = wait_again(task, (int)arg[0], flags, events, moved);
		else if (moved <= 0)
			return with_progress(task, moved);
		else
			task->wait.progress += (uint64_t)moved;
		whole = whole && moved > 0;
	}
	return with_progress(task, result);
}

/* As in the kernel, there is no SIGPIPE once something was sent. */
static uint64_t send_flags(uint64_t flags, uint64_t done)
{
	return flags | MSG_DONTWAIT | (done ? MSG_NOSIGNAL : 0);
}

static int64_t send_step(struct task *task, const uint64_t arg[6], uint64_t done, bool *whole)
{
	const uint64_t rest[6] = { arg[0], arg[1] + done, arg[2] - done, send_flags(arg[3], done), arg[4], arg[5] };
	int64_t sent = syscall_host(SYS_sendto, rest);
	(void)task;
	*whole = done + (uint64_t)sent >= arg[2];
	return sent;
}

/* MSG_PEEK does not take the bytes, so there is no second part. */
static bool waits_for_all(int fd, uint64_t flags)
{
	int type = 0;
	socklen_t size = sizeof(type);
	return flags & MSG_WAITALL && !(flags & (MSG_DONTWAIT | MSG_PEEK)) && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0
		&& type == SOCK_STREAM;
}

static int64_t receive_step(struct task *task, const uint64_t arg[6], uint64_t done, bool *whole)
{
	struct name name = { .length = sizeof(name.address) };
	const uint64_t rest[6] = { arg[0], arg[1] + done, arg[2] - done, arg[3] | MSG_DONTWAIT, (uint64_t)&name.address,
		(uint64_t)&name.length };
	int64_t received = syscall_host(SYS_recvfrom, rest);
	int64_t error = received >= 0 && arg[4] ? store_name(task, arg[4], arg[5], &name) : 0;
	if (error)
		return error;
	*whole = done + (uint64_t)received >= arg[2] || !waits_for_all((int)arg[0], arg[3]);
	return received;
}

int64_t sys_sendto(struct task *task, const uint64_t arg[6])
{
	return in_steps(task, arg, arg[3], POLLOUT, send_step);
}

int64_t sys_recvfrom(struct task *task, const uint64_t arg[6])
{
	return in_steps(task, arg, arg[3], POLLIN, receive_step);
}

/* --- messages ------------------------------------------------------------------------------------------------------ */

struct message {
	struct msghdr header;
	struct iovec vector[FILE_IOV_MAX];
};

/* Copies and checks a guest's msghdr, and makes it point to our copy of its vector. */
static int64_t read_message(struct task *task, uint64_t address, bool received, struct message *message)
{
	struct msghdr *header = &message->header;
	struct space *space = &task->process->space;
	if (!space_read(space, address, header, sizeof(*header)))
		return -EFAULT;
	if (header->msg_iovlen > FILE_IOV_MAX)
		return -EMSGSIZE;
	uint64_t name = (uint64_t)header->msg_name, control = (uint64_t)header->msg_control;
	if ((int)header->msg_namelen < 0)
		return -EINVAL;
	if (name)
		header->msg_name = (void *)space_host_pointer(name, header->msg_namelen);
	if (control)
		header->msg_control = (void *)space_host_pointer(control, header->msg_controllen);
	if (received) {
		space_prepare_write(space, address, sizeof(*header));
		space_prepare_write(space, name, header->msg_namelen);
		space_prepare_write(space, control, header->msg_controllen);
	}
	int64_t error = file_read_vector(task, (uint64_t)header->msg_iov, header->msg_iovlen, received, message->vector);
	header->msg_iov = message->vector;
	return error;
}

/* Stores the members of the guest's msghdr that recvmsg changes. */
static bool store_message(struct task *task, uint64_t address, const struct message *message)
{
	struct msghdr header;
	struct space *space = &task->process->space;
	if (!space_read(space, address, &header, sizeof(header)))
		return false;
	header.msg_namelen = message->header.msg_namelen;
	header.msg_controllen = message->header.msg_controllen;
	header.msg_flags = message->header.msg_flags;
	return space_write(space, address, &header, sizeof(header));
}

/* Members of arg: descriptor, address of the msghdr, flags. */
static int64_t send_message(struct task *task, const uint64_t arg[6], uint64_t done, bool *whole)
{
	struct message message;
	int64_t result = read_message(task, arg[1], false, &message);
	if (result)
		return file_vector_refused(SYS_sendmsg, arg, result);
	uint64_t length = file_vector_length(message.vector, message.header.msg_iovlen);
	message.header.msg_iovlen = file_trim_vector(message.vector, message.header.msg_iovlen, done, UINT64_MAX);
	if (done) /* control data went with the first part */
		message.header.msg_controllen = 0;
	const uint64_t host[6] = { arg[0], (uint64_t)&message.header, send_flags(arg[2], done) };
	result = done ? 0 : rights_check_sent(task, &message.header);
	if (!result)
		result = syscall_host(SYS_sendmsg, host);
	*whole = done + (uint64_t)result >= length;
	return result;
}

/* A message that may carry more than bytes ends with its first part. */
static int64_t receive_message(struct task *task, const uint64_t arg[6], uint64_t done, bool *whole)
{
	struct message message;
	int64_t result = read_message(task, arg[1], true, &message);
	if (result)
		return file_vector_refused(SYS_recvmsg, arg, result);
	uint64_t length = file_vector_length(message.vector, message.header.msg_iovlen);
	bool all = !message.header.msg_controllen && waits_for_all((int)arg[0], arg[2]);
	message.header.msg_iovlen = file_trim_vector(message.vector, message.header.msg_iovlen, done, UINT64_MAX);
	const uint64_t host[6] = { arg[0], (uint64_t)&message.header, arg[2] | MSG_DONTWAIT };
	result = descriptor_call(task->process, SYS_recvmsg, host);
	if (result >= 0)
		rights_keep_received(task, &message.header);
	*whole = done + (uint64_t)result >= length || !all;
	return result >= 0 && !store_message(task, arg[1], &message) ? -EFAULT : result;
}

int64_t sys_sendmsg(struct task *task, const uint64_t arg[6])
{
	return in_steps(task, arg, arg[2], POLLOUT, send_message);
}

int64_t sys_recvmsg(struct task *task, const uint64_t arg[6])
{
	return in_steps(task, arg, arg[2], POLLIN, receive_message);
}

static uint64_t now(struct task *task)
{
	return (uint64_t)task_clock_ns(task, CLOCK_MONOTONIC);
}

/* Called after each message. recvmmsg(2) looks at its timeout then, and leaves the rest after out-of-band data (do_recvmmsg()). */
static bool is_enough(struct task *task, uint64_t header)
{
	int flags = 0;

	if (!task->wait.until)
		return false;
	space_read(&task->process->space, header + offsetof(struct mmsghdr, msg_hdr.msg_flags), &flags, sizeof(flags));
	return flags & MSG_OOB || now(task) >= task->wait.until;
}

/* Transfers as many of the guest's mmsghdrs as go without waiting, the first one with waiting. wait.progress counts them. */
static int64_t many_messages(struct task *task, const uint64_t arg[6], short events, transfer_step *one)
{
	uint64_t count = (uint32_t)arg[2] < FILE_IOV_MAX ? (uint32_t)arg[2] : FILE_IOV_MAX;
	int64_t result = file_woken(task, (int)arg[0], events);
	bool ended = false;
	while (!result && !ended && task->wait.progress < count) {
		uint64_t header = arg[1] + task->wait.progress * sizeof(struct mmsghdr);
		const uint64_t message[6] = { arg[0], header, arg[3] & ~(uint64_t)MSG_WAITFORONE };
		bool whole, enough = task->wait.progress && arg[3] & MSG_WAITFORONE;
		int64_t moved = one(task, message, 0, &whole);
		uint32_t length = (uint32_t)moved;
		if (moved == -EAGAIN && enough)
			break;
		if (would_wait(arg[3], events, moved))
			result = wait_again(task, (int)arg[0], arg[3], events, moved);
		else if (moved < 0)
			result = moved;
		else if (!space_write(&task->process->space, header + offsetof(struct mmsghdr, msg_len), &length, sizeof(length)))
			result = -EFAULT;
		else {
			task->wait.progress++;
			ended = is_enough(task, header);
		}
	}
	return with_progress(task, result);
}

int64_t sys_sendmmsg(struct task *task, const uint64_t arg[6])
{
	return many_messages(task, arg, POLLOUT, send_message);
}

/* The timeout ends no wait (recvmmsg(2), BUGS); what is left of it is stored if messages have come. */
int64_t sys_recvmmsg(struct task *task, const uint64_t arg[6])
{
	struct timespec left;
	uint64_t until = WAIT_FOREVER;
	int64_t result = task->wait.until ? 0 : file_deadline(task, arg[4], &until);

	if (result != 0)
		return result;
	if (!task->wait.until)
		task->wait.until = until;
	until = task->wait.until;
	result = many_messages(task, arg, POLLIN, receive_message);
	if (result <= 0 || !arg[4])
		return result;
	left = timespec_of(until > now(task) ? (int64_t)(until - now(task)) : 0);
	return space_write(&task->process->space, arg[4], &left, sizeof(left)) ? result : -EFAULT;
}
