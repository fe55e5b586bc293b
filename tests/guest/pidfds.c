/* Processes that are named by a descriptor: one that does not block, and a directory of /proc whose process has ended. */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { BY_PIDFD = 3 }; /* P_PIDFD */

static siginfo_t info;

/* A child that ends when the pipe is closed. */
static pid_t begin(int *end)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		exit(99);
	pid = fork();
	if (pid == 0) {
		char byte;

		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 0 ? 5 : 6);
	}
	close(ends[0]);
	*end = ends[1];
	return pid;
}

static int wait_for(int fd, int options)
{
	memset(&info, 0x55, sizeof info);
	return (int)syscall(SYS_waitid, BY_PIDFD, fd, &info, options, NULL);
}

static void nonblocking(void)
{
	int end, fd;
	pid_t pid = begin(&end);

	fd = (int)syscall(SYS_pidfd_open, pid, O_NONBLOCK);
	SUCCEEDS(fd);
	SHOW(wait_for(fd, WEXITED));
	SHOW(wait_for(fd, WEXITED | WNOHANG));
	CHECK(info.si_pid == 0);
	close(end);
	while (wait_for(fd, WEXITED) < 0)
		usleep(1000);
	CHECK(info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 5);
	SHOW(wait_for(fd, WEXITED));
	close(fd);
}

static void directory(void)
{
	char path[32];
	int end, fd;
	pid_t pid = begin(&end);

	snprintf(path, sizeof path, "/proc/%d", pid);
	fd = open(path, O_DIRECTORY);
	SUCCEEDS(fd);
	SHOW(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	close(end);
	SHOW(waitpid(pid, NULL, 0) == pid);
	SHOW(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	close(fd);
	fd = open("/proc", O_DIRECTORY);
	SHOW(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	close(fd);
	SHOW(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
}

int main(void)
{
	nonblocking();
	directory();
	return 0;
}
