/* System calls that the host carries out, after their paths were translated. */
#include <limits.h>
#include <string.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/kernel/upcalls.h"
#include "emu/linux/rows/syscall.h"

/* Returns true if the path may differ from the host's: paths below /proc can be about the program or contain a process id, and others
 * depend on -L. */
static bool may_differ(struct process *process, uint64_t path)
{
	char start[6];

	return process->options->sysroot
		|| (space_read(&process->space, path, start, sizeof(start)) && memcmp(start, "/proc/", sizeof(start)) == 0);
}

int64_t syscall_pass(struct task *task, uint64_t number, const uint64_t arg[6])
{
	const struct syscall_row *row = task->process->up->row(number);
	char guest[PATH_MAX], host[PATH_MAX];
	unsigned path = file_row_looks(row);
	uint64_t changed[6];

	if (path >= row->args || !may_differ(task->process, arg[path])
		|| space_read_string(&task->process->space, arg[path], guest, sizeof(guest)) < 0)
		return syscall_host(number, arg);
	memcpy(changed, arg, sizeof(changed));
	changed[path] = (uint64_t)(file_call_follows(row, arg) ? file_host_path(task->process, guest, host)
							       : file_host_path_of_link(task->process, guest, host));
	return syscall_host(number, changed);
}
