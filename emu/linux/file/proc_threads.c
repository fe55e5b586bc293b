/* Directories /proc/PID/task: they list the guest's threads. The host's list has one thread only. */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/kernel/view.h"

/* Returns the guest's id of the process whose threads the directory `fd` lists; 0: it is another directory. */
static pid_t process_of(const struct process *process, int fd)
{
	char link[32], path[64];
	struct proc_place place;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0)
		return 0;
	path[length] = '\0';
	return path_of_host(process, path, &place) && !place.tid && strcmp(place.rest, "task") == 0 ? place.pid : 0;
}

/* struct linux_dirent64. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[12];
};

static struct entry nth_entry(const pid_t *tids, int64_t n)
{
	struct entry entry = { .inode = (uint64_t)n + 1, .offset = n + 1, .type = DT_DIR };

	if (n < 2)
		snprintf(entry.name, sizeof(entry.name), "%s", n ? ".." : ".");
	else
		snprintf(entry.name, sizeof(entry.name), "%d", tids[n - 2]);
	entry.length = (uint16_t)((offsetof(struct entry, name) + strlen(entry.name) + 8) & ~7u);
	return entry;
}

static int64_t list(struct task *task, int fd, const pid_t *tids, int64_t last, uint64_t buffer, uint64_t size)
{
	int64_t position = lseek(fd, 0, SEEK_CUR);
	uint64_t filled = 0;

	for (; position < last; position++) {
		struct entry entry = nth_entry(tids, position);

		if (filled + entry.length > size)
			break;
		if (!space_write(&task->process->space, buffer + filled, &entry, entry.length))
			return -EFAULT;
		filled += entry.length;
	}
	lseek(fd, position, SEEK_SET);
	return filled || position >= last ? (int64_t)filled : -EINVAL;
}

static bool list_threads(struct task *task, int fd, uint64_t buffer, uint64_t size, int64_t *result)
{
	pid_t pid = task->process->files.proc_files ? process_of(task->process, fd) : 0, *tids;
	struct view view;

	if (!pid || !view_open(&view, task->process, pid, 0))
		return false;
	tids = view_list(&view);
	*result = tids ? list(task, fd, tids, view.threads + 2, buffer, size) : -ENOMEM;
	free(tids);
	view_close(&view);
	return true;
}

static bool may_be_threads(struct process *process, int fd)
{
	(void)fd;
	return process->files.proc_files;
}

const struct device threads_directory = { .is = may_be_threads, .entries = list_threads };
