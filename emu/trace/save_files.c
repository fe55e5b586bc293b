/* Saves a program's open descriptors: how to open each one again. Refuses those that cannot be opened again. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/cpu/fatal.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/trace/saver.h"

enum { MEM_MAJOR = 1, STANDARD = 3, LOOKED_AT = 256 };

struct descriptor {
	int fd;
	int flags; /* flags by F_GETFL, and O_CLOEXEC */
	int64_t offset;
	uint64_t other, detail; /* fields of the FILE record */
	enum saved_file type;
	struct stat status;
	char path[PATH_MAX];
};

struct inherited_fd {
	int fd;
	dev_t dev;
	ino_t inode;
};

/* --- what the run began with ---------------------------------------------------------------------------- */

/* One poll(2) tells which of these numbers are open. It must be fast: programs start often. */
void save_note_inherited(struct saving *saving)
{
	struct pollfd all[LOOKED_AT];
	unsigned count = 0;

	for (int fd = 0; fd < LOOKED_AT; fd++)
		all[fd] = (struct pollfd){ .fd = fd < STANDARD ? -1 : fd };
	poll(all, LOOKED_AT, 0);
	for (int fd = STANDARD; fd < LOOKED_AT; fd++)
		count += !(all[fd].revents & POLLNVAL);
	saving->inherited = calloc(count + 1, sizeof(*saving->inherited));
	for (int fd = STANDARD, k = 0; saving->inherited && fd < LOOKED_AT; fd++) {
		struct stat status;

		if (!(all[fd].revents & POLLNVAL) && fstat(fd, &status) == 0)
			saving->inherited[k++] = (struct inherited_fd){ fd, status.st_dev, status.st_ino };
	}
}

static bool is_inherited(const struct saving *saving, const struct descriptor *d)
{
	const struct inherited_fd *one = saving->inherited;

	while (one && one->fd && one->fd != d->fd)
		one++;
	return d->fd < STANDARD || (one && one->fd && one->dev == d->status.st_dev && one->inode == d->status.st_ino);
}

/* --- the list ----------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Lists the program's descriptors in order. Returns their number, or -1. The caller frees `*list`. */
static int list_descriptors(int **list)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0, capacity = 64, *fds = calloc((size_t)capacity, sizeof(*fds));
	struct dirent *entry;

	*list = fds;
	if (!directory || !fds)
		return -1;
	while ((entry = readdir(directory))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd == dirfd(directory) || fd_is_hidden(fd))
			continue;
		if (count == capacity) {
			capacity *= 2;
			*list = fds = fatal_unless(realloc(fds, (size_t)capacity * sizeof(*fds)));
		}
		fds[count++] = fd;
	}
	closedir(directory);
	qsort(fds, (size_t)count, sizeof(*fds), by_number);
	return count;
}

/* --- one ---------------------------------------------------------------------------------------------- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode;
}

/* Two descriptors of one open file share its offset: moves one offset and looks at the other. */
static bool shares_offset(const struct descriptor *a, const struct descriptor *b)
{
	bool shares;

	if (!same_file(&a->status, &b->status) || (a->flags ^ b->flags) & ~O_CLOEXEC || a->offset != b->offset)
		return false;
	if (lseek(a->fd, a->offset + 1, SEEK_SET) < 0)
		return false;
	shares = lseek(b->fd, 0, SEEK_CUR) == a->offset + 1;
	lseek(a->fd, a->offset, SEEK_SET);
	return shares;
}

static bool is_locked(int fd)
{
	char path[40], line[160];
	bool locked = false;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	while (info && !locked && fgets(line, sizeof(line), info))
		locked = !strncmp(line, "lock:", 5);
	if (info)
		fclose(info);
	return locked;
}

static bool describe_file(struct saver *saver, struct descriptor *d)
{
	static const char gone[] = " (deleted)"; /* the kernel's mark at the names of deleted files */
	size_t length = strlen(d->path), mark = strlen(gone);
	struct stat now;

	if (stat(d->path, &now) < 0 || !same_file(&now, &d->status)) {
		if (length > mark && !strcmp(d->path + length - mark, gone))
			d->path[length - mark] = '\0';
		return save_refuse(saver, "descriptor %d: %s is not there under that name (any more)", d->fd, d->path);
	}
	if (is_locked(d->fd))
		return save_refuse(saver, "descriptor %d: the program holds a lock on %s", d->fd, d->path);
	d->type = S_ISDIR(d->status.st_mode) ? SAVED_FOLDER : S_ISCHR(d->status.st_mode) ? SAVED_DEVICE : SAVED_REGULAR;
	d->detail = (uint64_t)d->status.st_size;
	return true;
}

static bool can_be_opened_again(const struct stat *status)
{
	return S_ISREG(status->st_mode) || S_ISDIR(status->st_mode) || (S_ISCHR(status->st_mode) && major(status->st_rdev) == MEM_MAJOR);
}

/* Finds a standard stream with the same open file as this descriptor. The program will get the restoring process's stream. */
static bool find_stream(struct descriptor *d)
{
	struct stat status;

	for (int fd = 0; fd < STANDARD; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0 || fstat(fd, &status) < 0 || !same_file(&status, &d->status) || (flags ^ d->flags) & O_ACCMODE)
			continue;
		d->type = SAVED_SAME;
		d->other = (uint64_t)fd;
		return true;
	}
	return false;
}

static bool describe(struct saver *saver, struct descriptor *d)
{
	const struct timer *timer = timerfd_find(saver->process, d->fd);

	if (timer) {
		d->type = SAVED_TIMERFD;
		d->other = (uint64_t)timer->id;
		return true;
	}
	if (can_be_opened_again(&d->status))
		return describe_file(saver, d);
	if (is_inherited(saver->saving, d)) {
		d->type = SAVED_INHERITED;
		return true;
	}
	return find_stream(d)
		|| save_refuse(saver, "descriptor %d (%s) is neither a regular file nor a directory nor a standard stream", d->fd, d->path);
}

static bool look_at(struct saver *saver, int fd, struct descriptor *d)
{
	int flags = fcntl(fd, F_GETFL), own = fcntl(fd, F_GETFD);
	char link[40];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, d->path, sizeof(d->path) - 1);
	if (length < 0 || flags < 0 || fstat(fd, &d->status) < 0)
		return save_refuse(saver, "descriptor %d cannot be looked at", fd);
	d->path[length] = '\0';
	d->fd = fd;
	d->flags = flags | (own & FD_CLOEXEC ? O_CLOEXEC : 0);
	d->offset = lseek(fd, 0, SEEK_CUR);
	d->offset = d->offset < 0 ? 0 : d->offset;
	return true;
}

/* --- all ---------------------------------------------------------------------------------------------- */

static void find_same(const struct descriptor *all, int count, struct descriptor *d)
{
	for (int k = 0; k < count && d->type == SAVED_REGULAR; k++) {
		if (all[k].type != SAVED_REGULAR || !shares_offset(&all[k], d))
			continue;
		d->type = SAVED_SAME;
		d->other = (uint64_t)all[k].fd;
	}
}

static bool save_descriptors(struct saver *saver, const int *fd, int count, struct descriptor *all)
{
	for (int k = 0; k < count; k++) {
		struct descriptor *d = &all[k];

		if (!look_at(saver, fd[k], d) || !describe(saver, d))
			return false;
		find_same(all, k, d);
		save_emit(saver,
			SAVE_DATA(FILE, d->path, strlen(d->path), (uint64_t)d->fd, d->type, (uint64_t)d->flags, (uint64_t)d->offset,
				d->other, d->detail));
	}
	return true;
}

bool save_files(struct saver *saver)
{
	int *fd, count = list_descriptors(&fd);
	struct descriptor *all = count < 0 ? NULL : calloc((size_t)count + 1, sizeof(*all));
	bool saved = all ? save_descriptors(saver, fd, count, all) : save_refuse(saver, "its descriptors cannot be listed");

	free(all);
	free(fd);
	return saved;
}
