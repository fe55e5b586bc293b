/* Opens a saved program's descriptors again. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/trace/restore.h"

/* Flags of F_GETFL that must not be passed to open(2) again, or have no meaning for it. */
enum { NOT_AGAIN = O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_TMPFILE };

struct restored_timerfd {
	struct restored_timerfd *next;
	int id; /* its id when it was saved */
	struct timer *timer;
};

/* Closes the descriptors from the next one to `last`, which the program did not have. */
static void close_up_to(struct restorer *restorer, unsigned last)
{
	unsigned first = restorer->next_fd, hidden = (unsigned)hidden_fd_first, end = hidden + HIDDEN_FDS;

	if (first <= last && first < hidden)
		syscall(SYS_close_range, first, last < hidden ? last : hidden - 1, 0);
	if (first <= last && last >= end)
		syscall(SYS_close_range, first < end ? end : first, last, 0);
}

bool restore_timerfd(struct restorer *restorer, const struct saved_timer *saved)
{
	struct restored_timerfd *one = calloc(1, sizeof(*one));
	int fd = eventfd(0, EFD_CLOEXEC);
	struct timer *timer = one && fd >= 0 ? timerfd_new(restorer->process, fd, saved->timer.clock) : NULL;

	if (!timer) {
		free(one);
		return restore_refuse(restorer, "a timerfd cannot be made: %s", strerror(errno));
	}
	*timer->run = saved->run;
	if (saved->unread)
		eventfd_write(fd, saved->unread);
	close(fd);
	*one = (struct restored_timerfd){ restorer->timerfds, saved->timer.id, timer };
	restorer->timerfds = one;
	return true;
}

/* --- one descriptor ------------------------------------------------------------------------------------- */

struct saved_descriptor {
	int fd, flags;
	enum saved_file type;
	int64_t offset;
	uint64_t other, detail;
	char path[PATH_MAX];
};

static bool is_as_saved(struct restorer *restorer, const struct saved_descriptor *d, int fd)
{
	static const mode_t modes[SAVED_FILES] = { [SAVED_REGULAR] = S_IFREG, [SAVED_FOLDER] = S_IFDIR, [SAVED_DEVICE] = S_IFCHR };
	struct stat status;

	if (fstat(fd, &status) < 0 || (status.st_mode & S_IFMT) != modes[d->type])
		return restore_refuse(restorer, "%s, which descriptor %d had open, is another kind of file now", d->path, d->fd);
	if (d->type == SAVED_REGULAR && (d->flags & O_ACCMODE) == O_RDONLY && (uint64_t)status.st_size != d->detail)
		log_line(restorer->process->options, LOG_WARNING, "%s is not as long as when the program was saved", d->path);
	return true;
}

static int open_again(struct restorer *restorer, const struct saved_descriptor *d)
{
	int fd = open(d->path, d->flags & ~NOT_AGAIN & ~O_CLOEXEC);

	if (fd < 0) {
		restore_refuse(restorer, "descriptor %d: %s cannot be opened: %s", d->fd, d->path, strerror(errno));
		return -1;
	}
	if (!is_as_saved(restorer, d, fd)) {
		close(fd);
		return -1;
	}
	if (!(d->flags & O_PATH))
		lseek(fd, d->offset, SEEK_SET);
	return fd;
}

static int timerfd_again(struct restorer *restorer, const struct saved_descriptor *d)
{
	const struct restored_timerfd *one = restorer->timerfds;
	int fd;

	while (one && (uint64_t)one->id != d->other)
		one = one->next;
	fd = one ? dup(one->timer->host_fd) : -1;
	if (fd >= 0)
		fcntl(fd, F_SETFL, d->flags & O_NONBLOCK);
	return fd;
}

/* Returns a new descriptor for what was saved. -1: `why` says the reason, or the record is invalid. */
static int make(struct restorer *restorer, const struct saved_descriptor *d)
{
	int fd;

	switch (d->type) {
	case SAVED_REGULAR:
	case SAVED_FOLDER:
	case SAVED_DEVICE: return open_again(restorer, d);
	case SAVED_TIMERFD: return timerfd_again(restorer, d);
	case SAVED_SAME:
		fd = dup((int)d->other);
		if (fd < 0)
			restore_refuse(restorer, "descriptor %d was the same as %d, which is closed here", d->fd, (int)d->other);
		return fd;
	default: return -1;
	}
}

static bool set_cloexec(const struct saved_descriptor *d)
{
	return fcntl(d->fd, F_SETFD, d->flags & O_CLOEXEC ? FD_CLOEXEC : 0) == 0;
}

/* Uses the descriptor that this process has inherited at that number. */
static bool inherit(struct restorer *restorer, const struct saved_descriptor *d)
{
	if (!set_cloexec(d))
		log_line(restorer->process->options, LOG_WARNING, "descriptor %d, which the program had inherited (%s), is closed here",
			d->fd, d->path);
	return true;
}

bool restore_file(struct restorer *restorer, const struct trace_record *record)
{
	const uint64_t *field = record->field;
	/* clang-format off */
	struct saved_descriptor d = {
		.fd = (int)field[0], .type = (enum saved_file)field[1], .flags = (int)field[2], .offset = (int64_t)field[3], .other = field[4],
		.detail = field[5],
	};
	/* clang-format on */
	int fd;

	if (field[0] > INT_MAX || fd_is_hidden(d.fd) || field[1] >= SAVED_FILES || record->size >= sizeof(d.path))
		return false;
	memcpy(d.path, record->data, record->size);
	if (d.fd > 0)
		close_up_to(restorer, (unsigned)d.fd - 1);
	restorer->next_fd = (unsigned)d.fd + 1;
	if (d.type == SAVED_INHERITED)
		return inherit(restorer, &d);
	fd = make(restorer, &d);
	if (fd < 0)
		return false;
	if (fd == d.fd)
		return set_cloexec(&d);
	if (dup3(fd, d.fd, d.flags & O_CLOEXEC) < 0)
		return restore_refuse(restorer, "descriptor %d: %s", d.fd, strerror(errno));
	close(fd);
	return true;
}

void restore_files_done(struct restorer *restorer)
{
	close_up_to(restorer, ~0u);
	for (struct restored_timerfd *one = restorer->timerfds, *next; one; one = next) {
		next = one->next;
		free(one);
	}
}
