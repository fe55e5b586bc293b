/* Moves the emulator's own descriptors to high numbers. */
#include "emu/linux/kernel/hidden.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int hidden_fd(int fd)
{
	struct rlimit limit, raised;
	int hidden;

	if (fd < 0)
		return -1;
	/* The guest's limit, which the host enforces, may be lower. */
	getrlimit(RLIMIT_NOFILE, &limit);
	raised = (struct rlimit){ limit.rlim_cur < HIDDEN_FD_END ? HIDDEN_FD_END : limit.rlim_cur, limit.rlim_max };
	setrlimit(RLIMIT_NOFILE, &raised);
	hidden = fcntl(fd, F_DUPFD, HIDDEN_FD_FIRST);
	setrlimit(RLIMIT_NOFILE, &limit);
	close(fd);
	return hidden;
}

FILE *hidden_report(const char *path)
{
	bool to_file = path && strcmp(path, "-") != 0;
	int fd = to_file ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666) : dup(STDERR_FILENO);

	fd = hidden_fd(fd);
	return fd < 0 ? NULL : fdopen(fd, "a");
}
