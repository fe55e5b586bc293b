/* Descriptors: waiting for them, and keeping the emulator's own out of the guest's way. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "emu/linux/calls.h"
#include "emu/linux/file.h"
#include "emu/linux/hidden.h"
#include "emu/linux/units.h"

enum { RETRY_NS = 1000000 };

int64_t file_outside_hidden(int64_t fd)
{
	if (fd < 0 || !fd_is_hidden((int)fd))
		return fd;
	int flags = fcntl((int)fd, F_GETFD);
	int moved = fcntl((int)fd, flags & FD_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, HIDDEN_FD_END);
	int error = errno;
	close((int)fd);
	return moved < 0 ? -error : moved;
}

/* SO_RCVTIMEO and SO_SNDTIMEO count on the guest's clock. */
static uint64_t socket_deadline(struct task *task, int fd, short events)
{
	struct timeval limit = {0};
	socklen_t size = sizeof limit;
	int option = events & POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO;
	if (getsockopt(fd, SOL_SOCKET, option, &limit, &size) < 0 || (limit.tv_sec == 0 && limit.tv_usec == 0))
		return WAIT_FOREVER;
	return wait_deadline(task, (uint64_t)limit.tv_sec * NS_PER_S + (uint64_t)limit.tv_usec * NS_PER_US);
}

int64_t file_ready(struct task *task, int fd, short events)
{
	struct pollfd one = {.fd = fd, .events = events};
	if (task->wait.wake != WAKE_NOT_YET) {
		int64_t woken = wait_fd(task, fd, events, WAIT_FOREVER);
		if (woken)
			return woken == -ETIMEDOUT ? -EAGAIN : woken;
	}
	if (poll(&one, 1, 0) != 0)
		return 0;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || flags & O_NONBLOCK)
		return 0;
	return wait_fd(task, fd, events, socket_deadline(task, fd, events));
}

int64_t file_retry_later(struct task *task)
{
	uint64_t progress = task->wait.progress;
	wait_clear(&task->wait);
	task->wait.progress = progress;
	task->wait.retries = true;
	return wait_until(task, wait_deadline(task, RETRY_NS));
}

int64_t file_retried(struct task *task)
{
	if (task->wait.wake == WAKE_NOT_YET)
		return 0;
	int64_t woken = wait_until(task, WAIT_FOREVER);
	return woken == -ETIMEDOUT ? 0 : woken;
}

int64_t file_deadline(struct task *task, uint64_t timespec, uint64_t *deadline)
{
	struct timespec timeout;
	*deadline = WAIT_FOREVER;
	if (!timespec)
		return 0;
	if (!space_read(&task->process->space, timespec, &timeout, sizeof timeout))
		return -EFAULT;
	if (!timespec_valid(&timeout))
		return -EINVAL;
	*deadline = wait_deadline(task, timespec_ns(&timeout));
	return 0;
}
