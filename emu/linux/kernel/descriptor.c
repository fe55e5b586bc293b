/* Descriptors: waiting for them, and keeping the emulator's own ones hidden from the guest. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"

enum { RETRY_NS = 1000000 };

/* Some descriptors are not made by the functions here, and one message can bring 253 (SCM_MAX_FD): so near the limit, the host's limit is
 * lowered to the guest's. */
enum { LIMIT_MARGIN = 512 };

int64_t descriptor_keep(struct process *process, int64_t fd)
{
	if (fd >= 0 && fd_is_hidden((int)fd)) {
		int flags = fcntl((int)fd, F_GETFD);
		int moved = fcntl((int)fd, flags & FD_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, hidden_fd_first + HIDDEN_FDS);

		close((int)fd);
		fd = moved < 0 ? -EMFILE : moved; /* EINVAL, where the limit is not above the emulator's range */
	}
	if (fd >= 0 && (uint64_t)fd >= limit_of(process, RLIMIT_NOFILE)) {
		close((int)fd);
		fd = -EMFILE;
	}
	if (fd > process->descriptors_high)
		process->descriptors_high = (int)fd;
	return fd;
}

/* Near the limit the host must refuse: closing the descriptor afterwards would not undo the call's other effects (a new file, an
 * accepted connection). */
int64_t descriptor_call(struct process *process, uint64_t number, const uint64_t arg[6])
{
	bool near = (uint64_t)process->descriptors_high + LIMIT_MARGIN >= limit_of(process, RLIMIT_NOFILE);
	int64_t result;

	if (near)
		limit_host_descriptors(process, true);
	result = syscall_host(number, arg);
	if (near)
		limit_host_descriptors(process, false);
	return result;
}

int64_t descriptor_make(struct process *process, uint64_t number, const uint64_t arg[6])
{
	return descriptor_keep(process, descriptor_call(process, number, arg));
}

int file_info(int fd, const char *name)
{
	size_t length = strlen(name);
	char path[40], line[80];
	int number = FILE_NO_INFO;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	FILE *info = fopen(path, "re");
	if (!info)
		return FILE_NO_INFO;
	while (number == FILE_NO_INFO && fgets(line, sizeof(line), info)) {
		if (!strncmp(line, name, length) && line[length] == ':')
			number = atoi(line + length + 1);
	}
	fclose(info);
	return number;
}

uint64_t file_socket_deadline(struct task *task, int fd, short events)
{
	struct timeval limit = { 0 };
	socklen_t size = sizeof(limit);
	int option = events & POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO;
	if (getsockopt(fd, SOL_SOCKET, option, &limit, &size) < 0 || (limit.tv_sec == 0 && limit.tv_usec == 0))
		return WAIT_FOREVER;
	return wait_deadline(task, (uint64_t)limit.tv_sec * NS_PER_S + (uint64_t)limit.tv_usec * NS_PER_US);
}

bool file_is_ready(int fd, short events)
{
	struct pollfd one = { .fd = fd, .events = events };
	return poll(&one, 1, 0) != 0;
}

/* The deadline that the current call has from its arguments. */
static uint64_t own_deadline(const struct task *task)
{
	return task->wait.limit ? task->wait.limit : task->wait.deadline;
}

int64_t file_woken(struct task *task, int fd, short events)
{
	if (task->wait.wake == WAKE_NOT_YET)
		return 0;
	int64_t woken = task->wait.limit ? file_retried(task) : wait_fd(task, fd, events, WAIT_FOREVER);
	if (woken == -ERESTARTSYS && own_deadline(task) != WAIT_FOREVER)
		return -EINTR;
	return woken == -ETIMEDOUT ? -EAGAIN : woken;
}

bool file_blocks(int fd, short events)
{
	int flags = fcntl(fd, F_GETFL), other_way = events & POLLOUT ? O_RDONLY : O_WRONLY;
	return flags >= 0 && !(flags & O_NONBLOCK) && (flags & O_ACCMODE) != other_way;
}

int64_t file_wait(struct task *task, int fd, short events)
{
	int64_t wait = wait_fd(task, fd, events, file_socket_deadline(task, fd, events));
	return wait == -ETIMEDOUT ? -EAGAIN : wait;
}

/* Begins a new wait, and keeps only the call's progress. */
static void begin_anew(struct task *task)
{
	uint64_t progress = task->wait.progress, until = task->wait.until;
	wait_clear(&task->wait);
	task->wait.progress = progress;
	task->wait.until = until;
}

/* poll(2) says that the descriptor is ready, and yet the call would block: another process was faster, or the receiver of a datagram is
 * full. */
int64_t file_wait_again(struct task *task, int fd, short events)
{
	uint64_t deadline = task->wait.begun ? own_deadline(task) : file_socket_deadline(task, fd, events);
	begin_anew(task);
	int64_t wait = file_is_ready(fd, events) ? file_retry_until(task, deadline) : wait_fd(task, fd, events, deadline);
	return wait == -ETIMEDOUT ? -EAGAIN : wait;
}

int64_t file_retry_until(struct task *task, uint64_t deadline)
{
	uint64_t limit = task->wait.limit ? task->wait.limit : deadline, next = wait_deadline(task, RETRY_NS);
	begin_anew(task);
	task->wait.limit = limit;
	task->wait.retries = limit == WAIT_FOREVER;
	if (limit <= (uint64_t)task_clock_ns(task, CLOCK_MONOTONIC))
		return -ETIMEDOUT;
	return wait_until(task, next < limit ? next : limit);
}

int64_t file_retry_later(struct task *task)
{
	return file_retry_until(task, WAIT_FOREVER);
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
	if (!space_read(&task->process->space, timespec, &timeout, sizeof(timeout)))
		return -EFAULT;
	if (!timespec_valid(&timeout))
		return -EINVAL;
	*deadline = wait_deadline(task, timespec_ns(&timeout));
	return 0;
}
