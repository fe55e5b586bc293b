#include "emu/linux/hidden.h"

#include <fcntl.h>
#include <unistd.h>

int hidden_fd(int fd)
{
	int hidden;

	if (fd < 0)
		return -1;
	hidden = fcntl(fd, F_DUPFD, HIDDEN_FD_FIRST);
	close(fd);
	return hidden;
}
