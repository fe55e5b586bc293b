/* Descriptors in control messages (SCM_RIGHTS): the emulator's own are not sent, and those that come get numbers that the guest can use. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/linux/file/rights.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/hidden.h"

#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

/* A message of the control data that carries descriptors: its address in the guest, and how many there are. */
struct rights {
	uint64_t address, data, count;
};

/* Finds the next such message at or after `*at` bytes, and moves `*at` behind it, as for_each_cmsghdr() does. Returns false at the end, or
 * where the data are bad: there the kernel ends, too. */
static bool next_rights(struct task *task, const struct msghdr *header, uint64_t *at, struct rights *rights)
{
	uint64_t size = header->msg_controllen, address = (uint64_t)header->msg_control;
	struct cmsghdr message;

	while (size - *at >= sizeof(message) && *at < size && space_read(&task->process->space, address + *at, &message, sizeof(message))) {
		if (message.cmsg_len < sizeof(message) || message.cmsg_len > size - *at)
			return false;
		*rights = (struct rights){
			.address = address + *at,
			.data = address + *at + CMSG_LEN(0),
			.count = (message.cmsg_len - CMSG_LEN(0)) / sizeof(int),
		};
		*at += CMSG_ALIGN(message.cmsg_len);
		if (message.cmsg_level == SOL_SOCKET && (message.cmsg_type == SCM_RIGHTS || message.cmsg_type == SCM_PIDFD))
			return true;
	}
	return false;
}

int64_t rights_check_sent(struct task *task, const struct msghdr *header)
{
	struct rights rights;
	uint64_t at = 0;
	int fd;

	while (header->msg_control && next_rights(task, header, &at, &rights)) {
		for (uint64_t k = 0; k < rights.count; k++)
			if (space_read(&task->process->space, rights.data + k * sizeof(fd), &fd, sizeof(fd)) && fd_is_hidden(fd))
				return -EBADF;
	}
	return 0;
}

/* Gives the descriptors numbers that the guest can use. Those that get none are closed, and the message becomes shorter (scm_detach_fds()). */
static bool keep(struct task *task, const struct rights *rights)
{
	struct space *space = &task->process->space;
	uint64_t kept = 0, length;
	int fd;

	for (uint64_t k = 0; k < rights->count; k++) {
		int64_t number;

		if (!space_read(space, rights->data + k * sizeof(fd), &fd, sizeof(fd)))
			return true;
		number = descriptor_keep(task->process, fd);
		fd = (int)number;
		if (number >= 0 && space_write(space, rights->data + kept * sizeof(fd), &fd, sizeof(fd)))
			kept++;
	}
	length = CMSG_LEN(kept * sizeof(fd));
	return kept == rights->count || !space_write(space, rights->address, &length, sizeof(length));
}

void rights_keep_received(struct task *task, struct msghdr *header)
{
	struct rights rights;
	uint64_t at = 0;

	while (header->msg_control && next_rights(task, header, &at, &rights))
		if (!keep(task, &rights))
			header->msg_flags |= MSG_CTRUNC;
}
