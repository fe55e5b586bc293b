/* Made-up files of /proc and /sys. open(2) writes the text into a memfd, which the guest reads. A read at its beginning writes the text
 * again, as the kernel does (seq_file). The memfd's name is the file's path, with the ids of process and thread. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/file/proc_files.h"
#include "emu/linux/file/system.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/kernel/task.h"
#include "timekeep/timekeep.h"

/* --- the table ----------------------------------------------------------------------------------------------------- */

struct proc_file {
	enum {
		OF_MACHINE, /* `name` is the path */
		OF_FIXED,   /* the same, but only if system_is_fixed(); otherwise it is the host's */
		OF_CPU,     /* a file in each /sys/devices/system/cpu/cpuN/ */
		OF_PROCESS, /* a file in each /proc/PID/ and /proc/PID/task/TID/ */
		OF_THREAD,  /* a file in each /proc/PID/task/TID/ */
	} place;
	const char *name;
	void (*machine)(struct task *task, FILE *out);
	void (*process)(struct view *view, FILE *out);
	bool needs_records; /* the host's text is useless for the guest, so the file is the host's for processes outside the run */
	bool writable;
	bool configured; /* some kernels do not have the file */
};

static const struct proc_file files[] = {
	{ OF_MACHINE, "/proc/cpuinfo", .machine = machine_write_cpuinfo },
	{ OF_FIXED, "/proc/loadavg", .machine = system_write_loadavg },
	{ OF_FIXED, "/proc/meminfo", .machine = system_write_meminfo },
	{ OF_MACHINE, "/proc/uptime", .machine = machine_write_uptime },
	{ OF_MACHINE, "/proc/stat", .machine = machine_write_stat },
	{ OF_MACHINE, "/sys/devices/system/cpu/online", .machine = machine_write_cpu_range },
	{ OF_MACHINE, "/sys/devices/system/cpu/possible", .machine = machine_write_cpu_range },
	{ OF_MACHINE, "/sys/devices/system/cpu/present", .machine = machine_write_cpu_range },
	{ OF_MACHINE, "/sys/devices/system/clocksource/clocksource0/current_clocksource", .machine = machine_write_clocksource },
	{ OF_MACHINE, "/sys/devices/system/clocksource/clocksource0/available_clocksource", .machine = machine_write_clocksource },
	{ OF_CPU, "tsc_freq_khz", .machine = machine_write_khz },
	{ OF_CPU, "cpufreq/base_frequency", .machine = machine_write_khz },
	{ OF_CPU, "cpufreq/cpuinfo_cur_freq", .machine = machine_write_khz },
	{ OF_CPU, "cpufreq/cpuinfo_max_freq", .machine = machine_write_khz },
	{ OF_CPU, "cpufreq/cpuinfo_min_freq", .machine = machine_write_khz },
	{ OF_CPU, "cpufreq/scaling_cur_freq", .machine = machine_write_khz },
	{ OF_CPU, "cpufreq/scaling_max_freq", .machine = machine_write_khz },
	{ OF_CPU, "cpufreq/scaling_min_freq", .machine = machine_write_khz },
	{ OF_PROCESS, "maps", .process = proc_write_maps, .needs_records = true },
	{ OF_PROCESS, "smaps", .process = proc_write_smaps, .needs_records = true },
	{ OF_PROCESS, "numa_maps", .process = proc_write_numa_maps, .needs_records = true, .configured = true },
	{ OF_PROCESS, "smaps_rollup", .process = proc_write_smaps_rollup, .needs_records = true, .configured = true },
	{ OF_PROCESS, "syscall", .process = proc_write_syscall, .needs_records = true, .configured = true },
	{ OF_PROCESS, "cmdline", .process = proc_write_cmdline, .needs_records = true },
	{ OF_PROCESS, "environ", .process = proc_write_environ, .needs_records = true },
	{ OF_PROCESS, "auxv", .process = proc_write_auxv, .needs_records = true },
	{ OF_PROCESS, "comm", .process = proc_write_comm, .needs_records = true, .writable = true },
	{ OF_PROCESS, "limits", .process = proc_write_limits, .needs_records = true },
	{ OF_PROCESS, "stat", .process = proc_write_stat },
	{ OF_PROCESS, "status", .process = proc_write_status },
	{ OF_PROCESS, "statm", .process = proc_write_statm, .needs_records = true },
	{ OF_THREAD, "children", .process = proc_write_children },
};

/* Returns what follows "/sys/devices/system/cpu/cpuN/", if the processor exists, otherwise NULL. */
static const char *cpu_part(const struct process *process, const char *path)
{
	unsigned vcpu;
	int end = 0;

	if (sscanf(path, "/sys/devices/system/cpu/cpu%3u/%n", &vcpu, &end) != 1 || !end || vcpu >= tk_vcpus(process->clock))
		return NULL;
	return path + end;
}

/* A file of the table: its row, and its process or thread. */
struct found {
	const struct proc_file *file;
	struct proc_place place;
};

static bool is_called(const struct process *process, const struct proc_file *file, const char *path, const char *cpu,
	const struct proc_place *place)
{
	switch (file->place) {
	case OF_FIXED: return system_is_fixed(process) && strcmp(file->name, path) == 0;
	case OF_CPU: return cpu && strcmp(file->name, cpu) == 0;
	case OF_PROCESS: return place->pid && strcmp(file->name, place->rest) == 0;
	case OF_THREAD: return place->tid && strcmp(file->name, place->rest) == 0;
	default: return strcmp(file->name, path) == 0;
	}
}

static bool find(const struct process *process, const char *path, struct found *found)
{
	const char *cpu;

	if (strncmp(path, "/proc/", 6) != 0 && strncmp(path, "/sys/", 5) != 0)
		return false;
	cpu = cpu_part(process, path);
	path_of_process(process, path, &found->place);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		found->file = &files[i];
		if (is_called(process, found->file, path, cpu, &found->place))
			return true;
	}
	return false;
}

static bool is_of_process(const struct proc_file *file)
{
	return file->place == OF_PROCESS || file->place == OF_THREAD;
}

/* The path with ids that are valid for any process that may read the file later. */
static void canonical_path(const struct found *found, const char *path, char name[PATH_MAX])
{
	const struct proc_place *place = &found->place;

	if (!is_of_process(found->file))
		snprintf(name, PATH_MAX, "%s", path);
	else if (place->tid)
		snprintf(name, PATH_MAX, "/proc/%d/task/%d/%s", place->pid, place->tid, found->file->name);
	else
		snprintf(name, PATH_MAX, "/proc/%d/%s", place->pid, found->file->name);
}

/* --- the text ------------------------------------------------------------------------------------------------------ */

static bool host_has(const struct view *view, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", view->host, name);
	return access(path, F_OK) == 0;
}

/* Writes the text. Returns 0; -ENOENT if there is no such process or thread; NOT_EMULATED if the file is the host's. */
static int64_t write_text(struct task *task, const struct found *found, FILE *out)
{
	const struct proc_place *place = &found->place;
	int64_t result = 0;
	struct view view;

	if (!is_of_process(found->file)) {
		found->file->machine(task, out);
		return 0;
	}
	if (!view_open(&view, task->process, place->pid, place->tid))
		return -ENOENT;
	if (found->file->configured && !host_has(&view, found->file->name))
		result = -ENOENT;
	else if (!view.process && (found->file->needs_records || !task->process->tree))
		result = NOT_EMULATED;
	else
		found->file->process(&view, out);
	view_close(&view);
	return result;
}

static bool is_empty(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_size == 0;
}

/* Fills the memfd `fd` with the text as of now. `fd` stays open. */
static int64_t fill(struct task *task, const struct found *found, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	int64_t result;

	if (!out) {
		result = -errno;
		if (copy >= 0)
			close(copy);
		return result;
	}
	result = is_empty(fd) || ftruncate(fd, 0) == 0 ? write_text(task, found, out) : -errno;
	if (fclose(out) != 0 && result == 0)
		result = -EIO;
	return result;
}

/* Opens the same memory again, so that it has its own file position; for reading unless `flags` say otherwise. */
static int64_t reopen(int fd, int flags)
{
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	fd = open(link, flags & (O_ACCMODE | O_CLOEXEC));
	return fd < 0 ? -errno : fd;
}

static int64_t open_found(struct task *task, const struct found *found, const char *path, int flags)
{
	char name[PATH_MAX];
	int64_t result;
	int fd;

	if ((flags & O_ACCMODE) != O_RDONLY && !found->file->writable)
		return -EACCES;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	canonical_path(found, path, name);
	fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = fill(task, found, fd);
	if (result == 0)
		result = reopen(fd, flags);
	close(fd);
	task->process->files.proc_files |= result >= 0;
	return result;
}

int64_t proc_open(struct task *task, const char *path, int flags)
{
	struct found found;

	task->process->files.proc_files |= strncmp(path, "/proc", 5) == 0;
	return find(task->process, path, &found) ? open_found(task, &found, path, flags) : NOT_EMULATED;
}

static bool is_of_kernel(int fd)
{
	struct statfs system;

	return fstatfs(fd, &system) == 0 && (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC);
}

int64_t proc_opened(struct task *task, int64_t fd, int flags)
{
	char path[PATH_MAX];
	struct found found;
	int64_t made;

	if (fd < 0 || flags & O_PATH || !is_of_kernel((int)fd) || !path_of_open(task->process, (int)fd, path))
		return fd;
	task->process->files.proc_files = true;
	memory_file_opened(task->process, (int)fd);
	if (!find(task->process, path, &found))
		return fd;
	made = open_found(task, &found, path, flags);
	if (made == NOT_EMULATED)
		return fd;
	if (made >= 0) {
		dup3((int)made, (int)fd, flags & O_CLOEXEC);
		close((int)made);
		return fd;
	}
	close((int)fd);
	return made;
}

/* --- reading and writing ------------------------------------------------------------------------------------------- */

/* Returns true if a descriptor is a made-up file, and which one. */
static bool find_open(struct task *task, int fd, struct found *found, char path[PATH_MAX])
{
	static const char prefix[] = "/memfd:", suffix[] = " (deleted)";
	char link[32];
	struct stat status;
	ssize_t length;

	if (!task->process->files.proc_files || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	if (length < (ssize_t)(sizeof(prefix) + sizeof(suffix)) || strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return false;
	path[length - (ssize_t)(sizeof(suffix) - 1)] = '\0';
	memmove(path, path + sizeof(prefix) - 1, strlen(path + sizeof(prefix) - 1) + 1);
	return find(task->process, path, found);
}

/* A read at the file's beginning makes the text again; then the host reads it. */
static bool made_up_read(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	char path[PATH_MAX];
	struct found found;
	int64_t writer, filled;

	(void)vector, (void)count;
	if (position > 0 || !find_open(task, fd, &found, path) || (position == POSITION_OF_FILE && lseek(fd, 0, SEEK_CUR) != 0))
		return false;
	writer = reopen(fd, O_RDWR | O_CLOEXEC);
	if (writer < 0) {
		*result = writer;
		return true;
	}
	filled = fill(task, &found, (int)writer);
	close((int)writer);
	*result = -ESRCH;
	return filled == -ENOENT;
}

/* The only file that can be written is a thread's name, in one part: comm_write(). */
static bool made_up_write(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	char path[PATH_MAX], name[16] = "";
	struct found found;
	struct task *named;
	size_t size;

	(void)position;
	while (count > 0 && vector->iov_len == 0)
		count--, vector++;
	if (count == 0 || !find_open(task, fd, &found, path) || !found.file->writable)
		return false;
	size = vector->iov_len < sizeof(name) - 1 ? vector->iov_len : sizeof(name) - 1;
	named = task_find(task->process, found.place.tid ? found.place.tid : found.place.pid);
	*result = (int64_t)vector->iov_len;
	if (!named)
		*result = -EINVAL;
	else if (!space_read(&task->process->space, (uint64_t)vector->iov_base, name, size))
		*result = -EFAULT;
	else
		task_set_name(named, name);
	return true;
}

static bool has_made_up_files(struct process *process, int fd)
{
	(void)fd;
	return process->files.proc_files;
}

const struct device made_up_file = { .is = has_made_up_files, .read = made_up_read, .write = made_up_write };

/* --- links --------------------------------------------------------------------------------------------------------- */

const char *proc_link(const struct task *task, const char *path, char target[PATH_MAX])
{
	if (strcmp(path, "/proc/self") == 0)
		snprintf(target, PATH_MAX, "%d", task->process->pid);
	else if (strcmp(path, "/proc/thread-self") == 0)
		snprintf(target, PATH_MAX, "%d/task/%d", task->process->pid, task->tid);
	else
		return NULL;
	return target;
}
