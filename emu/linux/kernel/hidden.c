/* Moves the emulator's own descriptors to high numbers. */
#include "emu/linux/kernel/hidden.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int hidden_fd_first = HIDDEN_FD_LOW;

void hidden_choose(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max >= HIDDEN_FD_HIGH + HIDDEN_FDS)
		hidden_fd_first = HIDDEN_FD_HIGH;
}

int hidden_fd(int fd)
{
	int end = hidden_fd_first + HIDDEN_FDS, hidden;
	struct rlimit limit, raised;

	if (fd < 0)
		return -1;
	/* the host's limit may still be lower (limits_begin) */
	getrlimit(RLIMIT_NOFILE, &limit);
	raised = (struct rlimit){ limit.rlim_cur < (rlim_t)end ? (rlim_t)end : limit.rlim_cur, limit.rlim_max };
	setrlimit(RLIMIT_NOFILE, &raised);
	hidden = fcntl(fd, F_DUPFD, hidden_fd_first);
	setrlimit(RLIMIT_NOFILE, &limit);
	close(fd);
	return hidden;
}

int hidden_open(const char *path, int flags, mode_t mode)
{
	sigset_t ending, before;
	int fd, error;

	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGHUP);
	sigprocmask(SIG_UNBLOCK, &ending, &before);
	fd = open(path, O_WRONLY | flags, mode);
	error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return fd < 0 ? -1 : hidden_fd(fd);
}

/* The guest's soft limit is the host's. The host's hard limit is the emulator's, unless the program began with it (process/limits.c). */
static bool lift_file_limit(struct rlimit *guest)
{
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	if (getrlimit(RLIMIT_FSIZE, guest) < 0 || guest->rlim_cur == RLIM_INFINITY)
		return false;
	if (guest->rlim_max == RLIM_INFINITY || setrlimit(RLIMIT_FSIZE, &none) < 0)
		none = (struct rlimit){ guest->rlim_max, guest->rlim_max };
	return setrlimit(RLIMIT_FSIZE, &none) == 0;
}

ssize_t hidden_write(int fd, const void *bytes, size_t size, off_t at)
{
	struct rlimit guest;
	bool lifted = lift_file_limit(&guest);
	ssize_t written = at < 0 ? write(fd, bytes, size) : pwrite(fd, bytes, size, at);
	int error = errno;

	if (lifted)
		setrlimit(RLIMIT_FSIZE, &guest);
	errno = error;
	return written;
}

static ssize_t write_report(void *cookie, const char *bytes, size_t size)
{
	ssize_t written = hidden_write((int)(intptr_t)cookie, bytes, size, -1);

	return written < 0 ? 0 : written; /* 0 is an error: fopencookie(3) */
}

static int close_report(void *cookie)
{
	return close((int)(intptr_t)cookie);
}

FILE *hidden_report(const char *path)
{
	bool to_file = path && strcmp(path, "-") != 0;
	int fd = to_file ? hidden_open(path, O_CREAT | O_TRUNC | O_APPEND, 0666) : hidden_fd(dup(STDERR_FILENO));

	return fd < 0 ? NULL
		      : fopencookie((void *)(intptr_t)fd, "a", (cookie_io_functions_t){ .write = write_report, .close = close_report });
}
