/* Paths: the program's own, those with process ids, and the sysroot. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/view.h"

/* --- below /proc --------------------------------------------------------------------------------------- */

/* Returns the id at `*text`, which must end at a slash or the string's end; 0: there is none. Moves `*text` past it and the slashes. */
static pid_t take_id(const char **text)
{
	char *end;
	long id = strtol(*text, &end, 10);

	if (**text < '1' || **text > '9' || (*end && *end != '/') || id > INT_MAX)
		return 0;
	*text = end + strspn(end, "/");
	return (pid_t)id;
}

static bool take_word(const char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length) != 0 || ((*text)[length] && (*text)[length] != '/'))
		return false;
	*text += length + strspn(*text + length, "/");
	return true;
}

bool path_of_process(const struct process *process, const char *path, struct proc_place *place)
{
	const char *at = path;

	*place = (struct proc_place){ 0 };
	if (path[0] != '/' || !take_word(&path, "/proc") || path == at)
		return false;
	if (take_word(&path, "self")) {
		place->pid = process->pid;
	} else if (take_word(&path, "thread-self")) {
		place->pid = process->pid;
		place->tid = process->current->tid;
	} else {
		place->pid = take_id(&path);
	}
	at = path;
	if (place->pid && !place->tid && take_word(&at, "task"))
		place->tid = take_id(&at);
	place->rest = place->tid ? at : path;
	return place->pid != 0;
}

bool path_of_host(const struct process *process, const char *path, struct proc_place *place)
{
	if (!path_of_process(process, path, place))
		return false;
	place->pid = pids_from_host(process, place->pid);
	return true;
}

/* Translates a place in /proc to the host, which has other ids and knows few threads but the leaders. A thread that does not exist gets
 * an id that the host does not know. */
static const char *host_place(const struct process *process, const char *path, char buffer[PATH_MAX])
{
	char task[32] = "";
	struct proc_place place;
	struct view view;

	if (strcmp(path, "/proc/self") == 0
		|| strcmp(path, "/proc/thread-self") == 0) /* these are links, and a call may be about the link itself */
		return path;
	if (!path_of_process(process, path, &place) || !view_open(&view, process, place.pid, 0))
		return path;
	if (place.tid) {
		struct view thread;
		bool found = view_open(&thread, process, place.pid, place.tid);

		snprintf(task, sizeof(task), "/task/%d", found ? view_host_thread(&thread) : INT_MAX);
		if (found)
			view_close(&thread);
	}
	view_close(&view);
	if (snprintf(buffer, PATH_MAX, "/proc/%d%s%s%s", view.host, task, *place.rest ? "/" : "", place.rest) >= PATH_MAX)
		return path;
	return buffer;
}

/* Returns the program's path if `path` is the link to it, otherwise NULL. */
const char *path_program(const struct process *process, const char *path, char buffer[PATH_MAX])
{
	struct proc_place place;
	const char *exe = NULL;
	struct view view;

	if (!path_of_process(process, path, &place) || strcmp(place.rest, "exe") != 0 || !view_open(&view, process, place.pid, place.tid))
		return NULL;
	if (view.process && !view.foreign)
		exe = view.process->image.exe_path;
	else if (view.process && view_string(&view, view.process->image.exe_path, buffer, PATH_MAX))
		exe = buffer;
	view_close(&view);
	return exe;
}

bool path_of_open(const struct process *process, int fd, char path[PATH_MAX])
{
	char link[32], host[PATH_MAX];
	struct proc_place place;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, host, sizeof(host) - 1);
	if (length < 4 || (strncmp(host, "/proc", 5) != 0 && strncmp(host, "/sys", 4) != 0))
		return false;
	host[length] = '\0';
	if (!path_of_host(process, host, &place))
		return snprintf(path, PATH_MAX, "%s", host) < PATH_MAX;
	if (!place.tid)
		return snprintf(path, PATH_MAX, "/proc/%d%s%s", place.pid, *place.rest ? "/" : "", place.rest) < PATH_MAX;
	/* a thread's directory is known as its process's first thread's: the host has no other */
	return snprintf(path, PATH_MAX, "/proc/%d/task/%d%s%s", place.pid, place.pid, *place.rest ? "/" : "", place.rest) < PATH_MAX;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* For a path that ends in "exe": if its directory is a process's, by whatever name, makes it the plain path. */
static bool find_program_link(const struct process *process, int dirfd, const char *path, char plain[PATH_MAX])
{
	char directory[PATH_MAX], host[PATH_MAX];
	int length = (int)(last_part(path) - path), fd;
	struct proc_place place;
	bool found;

	snprintf(directory, sizeof(directory), "%.*s", length ? length : 1, length ? path : ".");
	fd = openat(dirfd, file_host_path_of_link(process, directory, host), O_PATH | O_DIRECTORY | O_CLOEXEC);
	found = fd >= 0 && path_of_open(process, fd, directory) && path_of_process(process, directory, &place) && !*place.rest;
	if (fd >= 0)
		close(fd);
	return found && snprintf(plain, PATH_MAX, "%s/exe", directory) < PATH_MAX;
}

const char *path_plain(const struct process *process, int dirfd, const char *path, char buffer[PATH_MAX])
{
	char directory[PATH_MAX];
	struct proc_place place;

	if (path[0] && path[0] != '/' && dirfd != AT_FDCWD && process->files.proc_files && path_of_open(process, dirfd, directory)
		&& snprintf(buffer, PATH_MAX, "%s/%s", directory, path) < PATH_MAX)
		path = buffer;
	if (strcmp(last_part(path), "exe") != 0 || (path_of_process(process, path, &place) && strcmp(place.rest, "exe") == 0))
		return path;
	return find_program_link(process, dirfd, path, directory) ? strcpy(buffer, directory) : path;
}

/* --- all paths ------------------------------------------------------------------------------------------ */

const char *file_host_path_of_link(const struct process *process, const char *path, char buffer[PATH_MAX])
{
	const char *prefix = process->options->sysroot;
	if (strncmp(path, "/proc/", 6) == 0)
		return host_place(process, path, buffer);
	if (!prefix || path[0] != '/')
		return path;
	int length = snprintf(buffer, PATH_MAX, "%s%s", prefix, path);
	if (length >= PATH_MAX || faccessat(AT_FDCWD, buffer, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return path;
	return buffer;
}

const char *file_host_path(const struct process *process, const char *path, char buffer[PATH_MAX])
{
	const char *exe = strncmp(path, "/proc/", 6) == 0 ? path_program(process, path, buffer) : NULL;

	return exe ? exe : file_host_path_of_link(process, path, buffer);
}

unsigned file_row_looks(const struct syscall_row *row)
{
	unsigned path = syscall_arg_with_role(row, ROLE_LOOK);

	return path < row->args ? path : syscall_arg_with_role(row, ROLE_LOOK_LINK);
}

bool file_call_follows(const struct syscall_row *row, const uint64_t arg[6])
{
	unsigned flags = syscall_arg_with_role(row, ROLE_AT_FLAGS);

	if (syscall_arg_with_role(row, ROLE_LOOK_LINK) < row->args)
		return false;
	return flags == row->args || !(arg[flags] & AT_SYMLINK_NOFOLLOW);
}
