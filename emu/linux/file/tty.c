/* Job control: what happens to a background process that uses its terminal. */
#include "emu/linux/kernel/machine.h"
#include "emu/linux/file/tty.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/rows/syscall.h"

/* Returns true if fd is our controlling terminal, and another group is in its foreground. */
static bool in_background(int fd)
{
	pid_t session, foreground;

	if (ioctl(fd, TIOCGSID, &session) != 0 || session != getsid(0) || ioctl(fd, TIOCGPGRP, &foreground) != 0)
		return false;
	return foreground > 0 && foreground != getpgrp();
}

static pid_t parent_of(pid_t pid)
{
	char path[32];
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(file);
	return parent;
}

/* Returns true if no process in another group of the session could continue this group, judged by the leader's parent. Then it must not
 * be stopped. */
static bool orphaned_group(void)
{
	pid_t parent = parent_of(getpgrp());

	if (parent == 0)
		parent = getppid();
	return getsid(parent) != getsid(0) || getpgid(parent) == getpgrp();
}

static bool blocks_or_ignores(const struct task *task, int number)
{
	return (task->signals.mask & signal_bit(number)) || task->process->signals.action[number].handler == (uint64_t)SIG_IGN;
}

static int64_t stop_group(struct task *task, int number)
{
	if (orphaned_group())
		return -EIO;
	pids_kill(task->process, 0, number);
	task->process->signals.due = true;
	return -ERESTARTSYS;
}

bool tty_read_failed(struct task *task, int fd, int64_t *result)
{
	if (!in_background(fd))
		return false;
	*result = blocks_or_ignores(task, SIGTTIN) ? -EIO : stop_group(task, SIGTTIN);
	return true;
}

static bool changes_terminal(unsigned long request)
{
	switch (request) {
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCSETA:
	case TCSETAW:
	case TCSETAF:
	case TIOCSPGRP:
	case TCFLSH:
	case TCXONC:
	case TCSBRK:
	case TCSBRKP:
	case TIOCSETD: return true;
	}
	return false;
}

/* The ioctl's argument points to a group or session id. */
static int64_t id_ioctl(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	pid_t id = 0;

	if ((uint32_t)arg[1] == TIOCSPGRP) {
		if (!space_read(&process->space, arg[2], &id, sizeof(id)))
			return ioctl_refused(arg);
		id = pids_to_host(process, id);
		return ioctl((int)arg[0], TIOCSPGRP, &id) == 0 ? 0 : -errno;
	}
	if (ioctl((int)arg[0], arg[1], &id) != 0)
		return -errno;
	id = pids_from_host(process, id);
	return space_write(&process->space, arg[2], &id, sizeof(id)) ? 0 : -EFAULT;
}

bool tty_ioctl(struct task *task, const uint64_t arg[6], int64_t *result)
{
	unsigned long request = (uint32_t)arg[1];

	if (changes_terminal(request) && in_background((int)arg[0]) && !blocks_or_ignores(task, SIGTTOU)) {
		*result = stop_group(task, SIGTTOU);
		return true;
	}
	if (request != TIOCGPGRP && request != TIOCSPGRP && request != TIOCGSID)
		return false;
	*result = id_ioctl(task, arg);
	return true;
}
