/* System calls that the host carries out, after their paths were translated. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/kernel/upcalls.h"
#include "emu/linux/rows/syscall.h"

/* Returns true if the path may differ from the host's: paths below /proc can be about the program or contain a process id, and others
 * depend on -L. */
static bool may_differ(struct process *process, int dirfd, uint64_t path)
{
	char start[6];

	return process->options->sysroot || (dirfd != AT_FDCWD && process->files.proc_files)
		|| (space_read(&process->space, path, start, sizeof(start)) && memcmp(start, "/proc/", sizeof(start)) == 0);
}

/* Returns the directory that the path argument is relative to. */
static int directory(const struct syscall_row *row, unsigned path, const uint64_t arg[6])
{
	return path > 0 && row->arg[path - 1].type == ARG_DIRFD ? (int)arg[path - 1] : AT_FDCWD;
}

int64_t syscall_pass(struct task *task, uint64_t number, const uint64_t arg[6])
{
	const struct syscall_row *row = task->process->up->row(number);
	char given[PATH_MAX], absolute[PATH_MAX], host[PATH_MAX];
	unsigned path = file_row_looks(row);
	const char *guest = given;
	uint64_t changed[6];

	if (path >= row->args || !may_differ(task->process, directory(row, path, arg), arg[path])
		|| space_read_string(&task->process->space, arg[path], given, sizeof(given)) < 0)
		return syscall_host(number, arg);
	if (path_below_proc(task->process, directory(row, path, arg), given, absolute))
		guest = absolute;
	memcpy(changed, arg, sizeof(changed));
	changed[path] = (uint64_t)(file_call_follows(row, arg) ? file_host_path(task->process, guest, host)
							       : file_host_path_of_link(task->process, guest, host));
	return syscall_host(number, changed);
}
