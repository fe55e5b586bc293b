/* System calls that the host carries out, after their paths were translated. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/kernel/upcalls.h"
#include "emu/linux/rows/syscall.h"

/* Paths below /proc can be about the program or contain a process id, and others depend on -L. */
int64_t syscall_pass(struct task *task, uint64_t number, const uint64_t arg[6])
{
	const struct syscall_row *row = task->process->up->row(number);
	char written[PATH_MAX], plain[PATH_MAX], host[PATH_MAX];
	unsigned path = file_row_looks(row);
	const char *guest;
	uint64_t changed[6];
	int dirfd;

	if (path >= row->args || space_read_string(&task->process->space, arg[path], written, sizeof(written)) < 0)
		return syscall_host(number, arg);
	dirfd = path > 0 && row->arg[path - 1].type == ARG_DIRFD ? (int)arg[path - 1] : AT_FDCWD;
	guest = path_plain(task->process, dirfd, written, plain);
	if (!task->process->options->sysroot && strncmp(guest, "/proc/", 6) != 0)
		return syscall_host(number, arg);
	memcpy(changed, arg, sizeof(changed));
	changed[path] = (uint64_t)(file_call_follows(row, arg) ? file_host_path(task->process, guest, host)
							       : file_host_path_of_link(task->process, guest, host));
	return syscall_host(number, changed);
}
