/* execve(2): a new program in the same host process. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/observer.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/usage.h"
#include "emu/linux/process/futex_queue.h"
#include "emu/linux/process/fork.h"
#include "emu/linux/process/load.h"
#include "emu/linux/process/thread.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/time/timer.h"

enum { STRING_MAX = 131072 };    /* MAX_ARG_STRLEN: 32 pages */
enum { STRINGS_MAX = 0x7fffff }; /* sum over argv and envp; the kernel allows a quarter of the stack */

/* --- the caller's strings ---------------------------------------------------------------------------- */

static void free_strings(char **strings)
{
	for (char **string = strings; string && *string; string++)
		free(*string);
	free(strings);
}

static int64_t copy_string(struct space *space, uint64_t address, char *buffer, char **copy)
{
	int64_t length = space_read_string(space, address, buffer, STRING_MAX);

	if (length < 0)
		return length == -ENAMETOOLONG ? -E2BIG : length;
	*copy = strdup(buffer);
	return *copy ? length + 1 : -ENOMEM;
}

/* Copies a vector of strings; NULL counts as an empty one (execve(2), Linux). Returns 0 or -errno. */
static int64_t copy_vector(struct space *space, uint64_t address, char *buffer, char ***vector)
{
	size_t count = 0, capacity = 0, bytes = 0;

	*vector = NULL;
	for (;;) {
		uint64_t pointer = 0;
		int64_t size;

		if (count == capacity) {
			char **grown = realloc(*vector, (capacity = capacity * 2 + 64) * sizeof(**vector));

			if (!grown)
				return -ENOMEM;
			*vector = grown;
		}
		(*vector)[count] = NULL;
		if (address && !space_read(space, address + count * sizeof(pointer), &pointer, sizeof(pointer)))
			return -EFAULT;
		if (!pointer)
			return 0;
		size = copy_string(space, pointer, buffer, &(*vector)[count]);
		if (size < 0)
			return size;
		bytes += (size_t)size + sizeof(pointer);
		if (bytes > STRINGS_MAX)
			return -E2BIG;
		(*vector)[++count] = NULL;
	}
}

/* --- what execve drops -------------------------------------------------------------------------------- */

/* From now on the table is this program's alone (begin_new_exec()). */
static void close_on_exec(struct process *process)
{
	struct dirent *entry;
	DIR *directory;

	if (process->files.shared)
		unshare(CLONE_FILES);
	process->files.shared = false;
	directory = opendir("/proc/self/fd");

	while (directory && (entry = readdir(directory))) {
		int fd = atoi(entry->d_name), flags;

		if (entry->d_name[0] == '.' || fd == dirfd(directory))
			continue;
		flags = fcntl(fd, F_GETFD);
		if (flags >= 0 && (flags & FD_CLOEXEC))
			close(fd);
	}
	if (directory)
		closedir(directory);
}

static void leave_image(struct task *task)
{
	struct process *process = task->process;

	usage_note(process);
	for (struct task *other = process->tasks; other; other = other->next) {
		task_release_memory(other);
		futex_remove(other);
	}
	vfork_done(process);
	OBSERVE(process, pause, process, 0); /* other processes see what that has written, and the memory is about to go */
	task_keep_only(process, task);
	task->tid = process->pid;
	peers_thread_began(process, task->tid);
	task->signals.altstack = (stack_t){ .ss_flags = SS_DISABLE };
	task->rseq = (struct rseq_area){ 0 };
	task->signals.restore_mask = task->call.restartable = false;
	task->signals.fault = (struct fault_state){ 0 };
	process->membarriers = 0;
	process->lock_future = 0;
	signal_reset_handlers(process);
	timer_forget_posix(process);
	blocks_clear(process->blocks); /* first, so that space_reset need not drop blocks one by one */
	space_reset(&process->space);
}

/* --- the call ---------------------------------------------------------------------------------------- */

static int64_t execute(struct task *task, const char *path, char **argv, char **envp)
{
	struct process *process = task->process;
	struct load_error error;
	int64_t result = process_check_executable(process, path, argv, envp);

	if (result != 0)
		return result;
	leave_image(task);
	privileges_at_exec(); /* before the new program's auxiliary vector tells of them */
	if (!process_load(process, path, argv, envp, &error)) {
		/* The old image is gone, so as in the kernel, the process ends by a signal. */
		log_line(process->options, LOG_WARNING, "execve: %s", error.text);
		process_end(process, SIGSEGV);
	}
	close_on_exec(process); /* not before: the program may have been named by such a descriptor */
	timerfd_free_unreachable(process);
	return SYSCALL_NO_RESULT;
}

static int64_t copy_and_execute(struct task *task, const char *path, uint64_t argv_address, uint64_t envp_address)
{
	struct space *space = &task->process->space;
	char *buffer = malloc(STRING_MAX), **argv = NULL, **envp = NULL;
	char empty[] = "", *only_name[] = { empty, NULL };
	int64_t result = -ENOMEM;

	if (buffer)
		result = copy_vector(space, argv_address, buffer, &argv);
	if (result == 0)
		result = copy_vector(space, envp_address, buffer, &envp);
	/* since Linux 5.18 an empty argv becomes one empty string */
	if (result == 0)
		result = execute(task, path, argv[0] ? argv : only_name, envp);
	free_strings(argv);
	free_strings(envp);
	free(buffer);
	return result;
}

int64_t sys_execve(struct task *task, const uint64_t arg[6])
{
	char path[PATH_MAX];
	int64_t length = space_read_string(&task->process->space, arg[0], path, sizeof(path));

	if (length < 0)
		return length;
	return copy_and_execute(task, path, arg[1], arg[2]);
}

int64_t sys_execveat(struct task *task, const uint64_t arg[6])
{
	char path[PATH_MAX], full[PATH_MAX + 32];
	int dirfd = (int)arg[0], flags = (int)arg[4];
	struct stat status;
	int64_t length = space_read_string(&task->process->space, arg[1], path, sizeof(path));

	if (length < 0)
		return length;
	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	if (flags & AT_SYMLINK_NOFOLLOW && fstatat(dirfd, path, &status, flags) == 0 && S_ISLNK(status.st_mode))
		return -ELOOP;
	if (path[0] == '/' || (dirfd == AT_FDCWD && path[0]))
		return copy_and_execute(task, path, arg[2], arg[3]);
	if (!path[0] && !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	if (fcntl(dirfd, F_GETFD) < 0)
		return -EBADF;
	snprintf(full, sizeof(full), path[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", dirfd, path);
	return copy_and_execute(task, full, arg[2], arg[3]);
}
