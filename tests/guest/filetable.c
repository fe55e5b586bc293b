/* Processes that share the table of descriptors (CLONE_FILES): one that ends closes nothing of the other's, nor does execve(2). */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

static pid_t sharing(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0L, NULL, NULL, 0L);
}

int main(int argc, char **argv)
{
	int status = 0, fd;
	pid_t pid;

	if (argc > 1) {
		SHOW(fcntl(8, F_GETFD)); /* it was to be closed */
		SHOW(close(7));
		return 5;
	}
	fd = open("/dev/null", O_RDONLY);
	SHOW(dup2(fd, 8));
	pid = sharing();
	if (pid == 0) {
		close(8);
		dup2(fd, 7);
		_exit(3);
	}
	SHOW(waitpid(pid, &status, 0) == pid);
	SHOW(WEXITSTATUS(status));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(7, F_GETFD));
	SHOW(fcntl(8, F_GETFD));
	pid = sharing();
	if (pid == 0) {
		dup3(fd, 8, O_CLOEXEC);
		execl("/proc/self/exe", argv[0], "again", NULL);
		_exit(9);
	}
	SHOW(waitpid(pid, &status, 0) == pid);
	SHOW(WEXITSTATUS(status));
	SHOW(fcntl(7, F_GETFD));
	SHOW(fcntl(8, F_GETFD));
	if (sharing() == 0) {
		SHOW(close(7));
		kill(getpid(), SIGKILL); /* raise(3) may still know the id of the other process */
	}
	SHOW(wait(NULL) > 0);
	SHOW(fcntl(7, F_GETFD));
	SHOW(fcntl(8, F_GETFD));
	return 0;
}
