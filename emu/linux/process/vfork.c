/* vfork(2): the child must seem to run in the parent's memory; posix_spawn(3) reports its errors that way. It runs in a copy. All
 * threads of the parent wait meanwhile, since their writes to a page could not be told apart from the child's.
 * When the child releases the memory (execve or exit), it writes the pages that it has changed to a file, and the parent copies them. A
 * pipe would not do: it can fill up, and a parent without a turn does not read. The pipe between them only tells the parent that the
 * child is done. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pagemap.h"
#include "emu/linux/process/fork.h"

struct written_page {
	uint64_t address;
	uint8_t bytes[GUEST_PAGE];
};

/* Bits of /proc/PID/pagemap: Documentation/admin-guide/mm/pagemap.rst. */
static const uint64_t page_exclusive = 1ULL << 56, page_present = 1ULL << 63, page_swapped = 1ULL << 62;
enum { ENTRIES = 512 }; /* entries that are read at once */

void vfork_close(struct vfork_link *link)
{
	if (link->pipe >= 0)
		close(link->pipe);
	if (link->pages >= 0)
		close(link->pages);
	link->pipe = link->pages = -1;
}

int64_t vfork_open(struct vfork_link *parent, struct vfork_link *child)
{
	int pipe_fd[2], pages = memfd_create("vfork", 0);

	if (pages < 0)
		return -errno;
	if (pipe2(pipe_fd, 0) != 0) {
		int error = errno;

		close(pages);
		return -error;
	}
	parent->pages = child->pages = hidden_fd(pages);
	parent->pipe = hidden_fd(pipe_fd[0]);
	child->pipe = hidden_fd(pipe_fd[1]);
	if (parent->pages >= 0 && parent->pipe >= 0 && child->pipe >= 0)
		return 0;
	close(parent->pipe);
	vfork_close(child);
	return -EAGAIN;
}

/* --- the child's side -------------------------------------------------------------------------------- */

static bool send_all(int fd, const void *from, size_t size)
{
	while (size > 0) {
		ssize_t sent = hidden_write(fd, from, size, -1);

		if (sent <= 0)
			return false;
		from = (const uint8_t *)from + sent;
		size -= (size_t)sent;
	}
	return true;
}

/* A page that is mapped in this process only was written here since the fork: the parent, which waits, cannot have written it. */
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

	while ((address = pagemap_next(pagemap, address, vma->end)) < vma->end) {
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

	if (process->vfork.pipe < 0)
		return;
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		log_line(process->options, LOG_WARNING, "vfork: without /proc/self/pagemap the parent does not see what the child wrote");
	for (size_t i = 0; pagemap >= 0 && i < space->count; i++) {
		const struct vma *vma = &space->vma[i];

		if ((vma->prot & PROT_WRITE) && (vma->flags & MAP_PRIVATE) && !send_written(process->vfork.pages, pagemap, vma))
			break;
	}
	close(pagemap);
	vfork_close(&process->vfork);
}

/* --- the parent's side ------------------------------------------------------------------------------- */

static void take_over(const struct task *task)
{
	struct written_page page;

	for (off_t at = 0; pread(task->vfork.pages, &page, sizeof(page), at) == sizeof(page); at += sizeof(page))
		space_write(&task->process->space, page.address, page.bytes, sizeof(page.bytes));
}

/* The child writes nothing to the pipe; it only closes its end. */
static bool child_let_go(const struct task *task)
{
	struct pollfd pipe = { .fd = task->vfork.pipe, .events = POLLIN };

	return poll(&pipe, 1, 0) > 0;
}

int64_t vfork_wait(struct task *task)
{
	while (!child_let_go(task)) {
		int64_t result;

		task->wait.uninterruptible = true;
		result = wait_fd(task, task->vfork.pipe, POLLIN, WAIT_FOREVER);
		if (result != 0)
			return result;
	}
	take_over(task);
	vfork_close(&task->vfork);
	task->process->turn.in_vfork = NULL;
	return task->vfork_child;
}
