/* Finds a thread for /proc: in this process, or in another one, whose structures are copied. */
#include "emu/linux/kernel/view.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/linux/kernel/peer.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"

enum { THREADS_MAX = 1 << 16 }; /* in case the list is being changed by another process */

/* --- threads ------------------------------------------------------------------------------------------ */

/* Returns the thread at an address of the process, or a copy of it if the process is another one. */
static const struct task *thread_at(struct view *view, const struct task *at)
{
	if (!view->foreign || !at)
		return at;
	return peer_task(view->host, at, view->copied_task) ? view->copied_task : NULL;
}

/* Sets `task` to the live thread `tid`, or to the leader, alive or not. */
bool view_find(struct view *view, pid_t tid)
{
	const struct task *task = thread_at(view, view->process->tasks);

	for (unsigned n = 0; task && n < THREADS_MAX; n++, task = thread_at(view, task->next)) {
		view->task = task;
		if (tid == 0 || (task->tid == tid && task->state != TASK_DEAD))
			return true;
	}
	return tid == view->process->pid && view_find(view, 0);
}

static unsigned gather(struct view *view, pid_t *tids)
{
	const struct task *task = thread_at(view, view->process->tasks);
	unsigned count = 0;

	for (unsigned n = 0; task && n < THREADS_MAX; n++, task = thread_at(view, task->next)) {
		if ((task->state == TASK_DEAD && n > 0) || task->tracer) /* a tracer is a process */
			continue;
		if (tids && count < view->threads)
			tids[count] = task->tid;
		count++;
	}
	return count;
}

pid_t *view_list(struct view *view)
{
	pid_t *tids = calloc(view->threads + 1, sizeof(*tids));

	if (!tids)
		return NULL;
	if (!view->process) {
		tids[0] = view->pid;
	} else {
		unsigned count = gather(view, tids);

		view->threads = count < view->threads ? count : view->threads;
	}
	return tids;
}

/* --- opening ------------------------------------------------------------------------------------------ */

/* Copies the mappings without their names. */
static bool copy_mappings(struct view *view)
{
	struct space *space = &view->copied->space;
	struct vma *vma = calloc(space->count + 1, sizeof(*vma));

	if (vma && !peer_read(view->host, space->vma, vma, space->count * sizeof(*vma))) {
		free(vma);
		vma = NULL;
	}
	space->vma = vma;
	return vma != NULL;
}

/* If the structures cannot be read, only the host's texts are available. */
static bool open_foreign(struct view *view)
{
	view->foreign = true;
	view->copied = malloc(sizeof(*view->copied));
	view->copied_task = calloc(1, sizeof(*view->copied_task));
	if (!view->copied || !view->copied_task)
		return false;
	if (peer_record(view->own, view->host, view->copied) && copy_mappings(view))
		view->process = view->copied;
	return view->process || kill(view->host, 0) == 0 || errno == EPERM;
}

static bool look_at(struct view *view, pid_t id, pid_t tid)
{
	const struct task *thread = task_find((struct process *)view->own, id);

	if (thread || id == view->own->pid) {
		view->process = view->own;
		view->host = getpid();
		view->pid = view->own->pid;
	} else if (id <= 0 || (view->host = pids_to_host(view->own, id)) <= 0 || view->host == INT32_MAX || !open_foreign(view)) {
		return false;
	}
	view->tid = tid ? tid : id;
	if (!view->process)
		return !tid || tid == id;
	view->threads = gather(view, NULL);
	return view_find(view, view->tid);
}

bool view_open(struct view *view, const struct process *own, pid_t id, pid_t tid)
{
	*view = (struct view){ .own = own, .pid = id, .threads = 1 };
	if (look_at(view, id, tid))
		return true;
	view_close(view);
	return false;
}

void view_close(struct view *view)
{
	if (view->process == view->copied && view->copied)
		free(view->copied->space.vma);
	free(view->copied);
	free(view->copied_task);
	view->copied = NULL;
	view->copied_task = NULL;
}

/* --- reading ------------------------------------------------------------------------------------------- */

bool view_read(const struct view *view, uint64_t address, void *to, size_t size)
{
	if (!view->process || !space_in_guest(address, size))
		return false;
	if (view->foreign)
		return peer_read(view->host, (const void *)address, to, size);
	return space_read((struct space *)&view->process->space, address, to, size);
}

bool view_string(const struct view *view, const char *from, char *to, size_t size)
{
	size_t length = 0;

	if (!from || !view->foreign)
		return from && snprintf(to, size, "%s", from) >= 0;
	while (length + 1 < size) {
		size_t piece = GUEST_PAGE - (size_t)(from + length) % GUEST_PAGE;

		piece = piece < size - 1 - length ? piece : size - 1 - length;
		if (!peer_read(view->host, from + length, to + length, piece))
			return false;
		length += piece;
		to[length] = '\0';
		if (strlen(to) < length)
			return true;
	}
	return true;
}

pid_t view_host_thread(const struct view *view)
{
	struct host_thread copy;

	if (!view->task || !view->task->host)
		return view->host;
	if (!view->foreign)
		return host_thread_id(view->task);
	return peer_read(view->host, view->task->host, &copy, sizeof(copy)) ? (pid_t)copy.tid : view->host;
}

static char host_letter(pid_t host)
{
	char path[32], line[512], *end, letter = 'X';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)host);
	file = fopen(path, "re");
	if (!file)
		return letter;
	if (fgets(line, sizeof(line), file) && (end = strrchr(line, ')')) && strlen(end) > 2)
		letter = end[2];
	fclose(file);
	return letter;
}

char view_state(const struct view *view)
{
	char letter = view->foreign ? host_letter(view->host) : 'R';

	if (!view->process || strchr("TtZX", letter))
		return letter;
	switch (view->task->state) {
	case TASK_WAITING: return view->task->wait.uninterruptible ? 'D' : 'S';
	case TASK_DEAD: return 'Z';
	default: return 'R';
	}
}
