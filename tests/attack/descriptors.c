/* The emulator's descriptors are not the guest's: for every number that may be one, natively nothing is open there. Then descriptors that
 * come in messages: each is usable, up to the limit. Prints the answers that differ from those for a closed descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "attack.h"

enum { FIRST = 900, LAST = 4200, SENT = 40, QUERY = 1027 /* F_DUPFD_QUERY */ };

static int stream[2], process, file, events;

static long send_descriptors(const int *fds, unsigned count)
{
	char control[CMSG_SPACE(SENT * sizeof(int))] = { 0 }, byte = 'x';
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	return sendmsg(stream[0], &message, 0);
}

/* Returns how many descriptors came, and prints if they are usable. */
static void receive_descriptors(const char *when)
{
	char control[CMSG_SPACE(SENT * sizeof(int))] = { 0 }, byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	long result = recvmsg(stream[1], &message, 0);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	size_t count = header && message.msg_controllen ? (header->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	int usable = 0, fd;

	for (size_t k = 0; k < count; k++) {
		memcpy(&fd, CMSG_DATA(header) + k * sizeof(int), sizeof(fd));
		usable += fcntl(fd, F_GETFD) >= 0;
	}
	printf("%s: %ld bytes, %zu descriptors, %d usable, flags %x\n", when, result, count, usable, (unsigned)message.msg_flags);
}

static void expect(const char *what, int fd, long result, int error)
{
	if (result != -1 || errno != error)
		printf("%s of %d: %ld, %s\n", what, fd, result, strerrorname_np(errno));
}

static void attack_number(int fd)
{
	static const char *const names[] = { "/proc/self/fd/%d", "/dev/fd/%d", "/proc/thread-self/fd/%d", "/proc/self/task/../fd/%d",
		"/proc//self//fd//%d", "/proc/self/fdinfo/%d" };
	struct pollfd one = { .fd = fd, .events = POLLIN };
	struct epoll_event event = { .events = EPOLLIN };
	uint64_t set[(LAST + 64) / 64] = { 0 };
	struct timeval now = { 0, 0 };
	struct file_clone_range range = { .src_fd = fd };
	char path[64];

	if (poll(&one, 1, 0) != 1 || one.revents != POLLNVAL || one.fd != fd)
		printf("poll of %d: %x\n", fd, (unsigned)one.revents);
	set[fd / 64] = 1UL << fd % 64;
	if (syscall(SYS_select, fd + 1, set, NULL, NULL, &now) > 0) /* the kernel ignores numbers beyond its table */
		printf("select of %d\n", fd);
	expect("epoll_ctl", fd, epoll_ctl(events, EPOLL_CTL_ADD, fd, &event), EBADF);
	expect("dup", fd, dup(fd), EBADF);
	expect("dup2", fd, dup2(fd, 50), EBADF);
	expect("F_DUPFD_QUERY", fd, fcntl(file, QUERY, fd) == 1 ? 1 : (errno = EBADF, -1), EBADF);
	expect("FICLONE", fd, ioctl(file, FICLONE, fd), EBADF);
	expect("FICLONERANGE", fd, ioctl(file, FICLONERANGE, &range), EBADF);
	expect("pidfd_getfd", fd, syscall(SYS_pidfd_getfd, process, fd, 0), EBADF);
	expect("mmap", fd, (long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), EBADF);
	expect("sendmsg", fd, send_descriptors(&fd, 1), EBADF);
	expect("sendmsg, second", fd, send_descriptors((int[2]){ 1, fd }, 2), EBADF);
	expect("ftruncate", fd, ftruncate(fd, 0), EBADF);
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		snprintf(path, sizeof(path), names[k], fd);
		expect(names[k], fd, open(path, O_RDONLY), ENOENT);
		expect(names[k], fd, truncate(path, 0), ENOENT);
		expect(names[k], fd, access(path, F_OK), ENOENT);
	}
}

/* With `open` descriptors and this limit, 160 come. */
static void receive_many(unsigned limit, int open)
{
	struct rlimit few = { limit, limit };
	int fds[SENT];
	char when[40];

	setrlimit(RLIMIT_NOFILE, &few);
	for (int fd = 0; fd >= 0 && fd < open; fd = dup(1))
		;
	for (int k = 0; k < SENT; k++)
		fds[k] = 1;
	for (int k = 0; k < 4; k++) {
		snprintf(when, sizeof(when), "received at %d of %u", open + k * SENT, limit);
		send_descriptors(fds, SENT);
		receive_descriptors(when);
	}
	close_range(8, ~0U, 0);
}

int main(void)
{
	struct rlimit most;

	getrlimit(RLIMIT_NOFILE, &most);
	most.rlim_cur = most.rlim_max < LAST + 100 ? most.rlim_max : LAST + 100;
	setrlimit(RLIMIT_NOFILE, &most);
	close_range(3, ~0U, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, stream);
	process = (int)syscall(SYS_pidfd_open, getpid(), 0);
	file = memfd_create("file", 0);
	events = epoll_create1(0);
	for (int fd = FIRST; fd < LAST && (rlim_t)fd < most.rlim_cur; fd++)
		attack_number(fd);
	receive_many(700, 640);
	receive_many(300, 100);
	puts("alive");
	return 0;
}
