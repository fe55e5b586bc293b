/* vfork(2): the child must seem to run in the parent's memory. It runs in a copy; when it lets go, the pages that it has written
 * go through a pipe to the parent, which has stood still meanwhile (posix_spawn(3) reports its errors so): all its threads, for what
 * another one wrote in a page that the child writes too could not be told from the child's. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/linux/fork.h"
#include "emu/linux/hidden.h"
#include "emu/linux/schedule.h"

struct written_page {
	uint64_t address;
	uint8_t bytes[GUEST_PAGE];
};

/* Bits of /proc/PID/pagemap: Documentation/admin-guide/mm/pagemap.rst. */
static const uint64_t page_exclusive = 1ULL << 56, page_present = 1ULL << 63, page_swapped = 1ULL << 62;
enum { ENTRIES = 512 }; /* that are read at once */

int64_t vfork_open(int pipe_fd[2])
{
	if (pipe2(pipe_fd, 0) != 0)
		return -errno;
	pipe_fd[0] = hidden_fd(pipe_fd[0]);
	pipe_fd[1] = hidden_fd(pipe_fd[1]);
	return 0;
}

/* --- the child's side -------------------------------------------------------------------------------- */

static bool send_all(int fd, const void *from, size_t size)
{
	while (size > 0) {
		ssize_t sent = write(fd, from, size);

		if (sent <= 0)
			return false;
		from = (const uint8_t *)from + sent;
		size -= (size_t)sent;
	}
	return true;
}

/* Since the fork a page that is mapped here alone has been written here: the parent cannot have, it waits. */
static bool is_written(uint64_t entry)
{
	return (entry & page_exclusive) && (entry & (page_present | page_swapped));
}

static bool send_page(int fd, uint64_t address)
{
	struct written_page page = { .address = address };

	memcpy(page.bytes, (const void *)address, sizeof(page.bytes));
	return send_all(fd, &page, sizeof(page));
}

static bool send_written(int fd, int pagemap, const struct vma *vma)
{
	uint64_t entry[ENTRIES], address = vma->start;

	while (address < vma->end) {
		uint64_t left = (vma->end - address) / GUEST_PAGE, count = left < ENTRIES ? left : ENTRIES;
		ssize_t got = pread(pagemap, entry, count * sizeof(*entry), (off_t)(address / GUEST_PAGE * sizeof(*entry)));

		if (got < (ssize_t)sizeof(*entry))
			return false;
		for (uint64_t i = 0; i < (uint64_t)got / sizeof(*entry); i++, address += GUEST_PAGE)
			if (is_written(entry[i]) && !send_page(fd, address))
				return false;
	}
	return true;
}

void vfork_done(struct process *process)
{
	const struct space *space = &process->space;
	int pagemap;

	if (process->vfork_pipe < 0)
		return;
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		log_line(process->options, LOG_WARNING, "vfork: without /proc/self/pagemap the parent does not see what the child wrote");
	for (size_t i = 0; pagemap >= 0 && i < space->count; i++) {
		const struct vma *vma = &space->vma[i];

		if ((vma->prot & PROT_WRITE) && (vma->flags & MAP_PRIVATE) && !send_written(process->vfork_pipe, pagemap, vma))
			break;
	}
	close(pagemap);
	close(process->vfork_pipe);
	process->vfork_pipe = -1;
}

/* --- the parent's side ------------------------------------------------------------------------------- */

static bool receive_all(int fd, void *to, size_t size)
{
	while (size > 0) {
		ssize_t got = read(fd, to, size);

		if (got <= 0)
			return false;
		to = (uint8_t *)to + got;
		size -= (size_t)got;
	}
	return true;
}

/* True once the child has let go. A page that has begun to come is waited for: the child is just sending it. */
static bool take_over(struct task *task)
{
	struct pollfd pipe = { .fd = task->vfork_pipe, .events = POLLIN };
	struct written_page page;

	while (poll(&pipe, 1, 0) > 0) {
		if (!receive_all(task->vfork_pipe, &page, sizeof(page)))
			return true;
		space_write(&task->process->space, page.address, page.bytes, sizeof(page.bytes));
	}
	return false;
}

int64_t vfork_wait(struct task *task)
{
	while (!take_over(task)) {
		int64_t result;

		task->wait.uninterruptible = true;
		result = wait_fd(task, task->vfork_pipe, POLLIN, WAIT_FOREVER);
		if (result != 0)
			return result;
	}
	close(task->vfork_pipe);
	task->vfork_pipe = -1;
	task->process->in_vfork = NULL;
	return task->vfork_child;
}
