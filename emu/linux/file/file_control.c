/* fcntl, flock, ioctl. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/if.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <net/route.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/file/device.h"
#include "emu/linux/file/file.h"
#include "emu/linux/file/tty.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/rows/calls.h"

/* --- fcntl --------------------------------------------------------------------------------------------------------- */

/* Returns how many bytes the third argument points to; 0: it is a number. */
static uint64_t fcntl_pointer(int command, bool *written)
{
	*written = false;
	switch (command) {
	case F_GETLK:
	case F_OFD_GETLK: *written = true; return sizeof(struct flock);
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW: return sizeof(struct flock);
	case F_GET_RW_HINT:
	case F_GET_FILE_RW_HINT: *written = true; return sizeof(uint64_t);
	case F_SET_RW_HINT:
	case F_SET_FILE_RW_HINT: return sizeof(uint64_t);
	default: return 0;
	}
}

/* Waits for a lock by trying again and again, since nothing tells when it is free. */
static int64_t lock_waiting(struct task *task, const uint64_t arg[6], int try_command)
{
	const uint64_t try[6] = { arg[0], (uint64_t)try_command, arg[2] };
	int64_t woken = file_retried(task);
	if (woken)
		return woken;
	int64_t result = syscall_host(SYS_fcntl, try);
	return result == -EAGAIN || result == -EACCES ? file_retry_later(task) : result;
}

/* Reports the process that holds the conflicting lock. */
static int64_t get_lock(struct task *task, const uint64_t arg[6])
{
	struct flock lock;
	int64_t result = syscall_host(SYS_fcntl, arg);
	if (result < 0)
		return result;
	if (!space_read(&task->process->space, arg[2], &lock, sizeof(lock)))
		return -EFAULT;
	if (lock.l_pid > 0)
		lock.l_pid = pids_from_host(task->process, lock.l_pid);
	return space_write(&task->process->space, arg[2], &lock, sizeof(lock)) ? 0 : -EFAULT;
}

static int64_t set_owner(struct task *task, const uint64_t arg[6])
{
	const uint64_t host[6] = { arg[0], arg[1], (uint64_t)pids_to_host(task->process, (pid_t)arg[2]) };
	return syscall_host(SYS_fcntl, host);
}

static int64_t get_owner(struct task *task, const uint64_t arg[6])
{
	int64_t owner = syscall_host(SYS_fcntl, arg);
	return owner > 0 ? pids_from_host(task->process, (pid_t)owner) : owner;
}

/* The host knows only the process of a thread: its id replaces the thread's. */
static int64_t set_owner_ex(struct task *task, const uint64_t arg[6])
{
	struct f_owner_ex owner;
	const uint64_t host[6] = { arg[0], arg[1], (uint64_t)&owner };
	if (!space_read(&task->process->space, arg[2], &owner, sizeof(owner)))
		return -EFAULT;
	if (owner.pid && owner.type != F_OWNER_PGRP && task_find(task->process, owner.pid))
		owner.pid = getpid();
	else
		owner.pid = pids_to_host(task->process, owner.pid);
	return syscall_host(SYS_fcntl, host);
}

static int64_t get_owner_ex(struct task *task, const uint64_t arg[6])
{
	struct f_owner_ex owner = { 0 };
	const uint64_t host[6] = { arg[0], arg[1], (uint64_t)&owner };
	int64_t result = syscall_host(SYS_fcntl, host);
	if (result < 0)
		return result;
	owner.pid = owner.pid ? pids_from_host(task->process, owner.pid) : 0;
	return space_write(&task->process->space, arg[2], &owner, sizeof(owner)) ? 0 : -EFAULT;
}

/* Returns true for commands after which events of the file are reported by a signal. The signal is pending when the call that caused it
 * returns. */
static bool asks_for_signals(int command, uint64_t value)
{
	switch (command) {
	case F_SETOWN:
	case F_SETOWN_EX:
	case F_SETSIG:
	case F_SETLEASE:
	case F_NOTIFY: return true;
	default: return command == F_SETFL && value & O_ASYNC;
	}
}

int64_t sys_fcntl(struct task *task, const uint64_t arg[6])
{
	bool written;
	uint64_t size = fcntl_pointer((int)arg[1], &written);
	if (!space_in_guest(size ? arg[2] : 0, size))
		return -EFAULT;
	if (written)
		space_prepare_write(&task->process->space, arg[2], size);
	task->process->signals.calls_signal |= asks_for_signals((int)arg[1], arg[2]);
	switch ((int)arg[1]) {
	case F_SETLKW: return lock_waiting(task, arg, F_SETLK);
	case F_OFD_SETLKW: return lock_waiting(task, arg, F_OFD_SETLK);
	case F_GETLK: return get_lock(task, arg);
	case F_SETOWN: return set_owner(task, arg);
	case F_GETOWN: return get_owner(task, arg);
	case F_SETOWN_EX: return set_owner_ex(task, arg);
	case F_GETOWN_EX: return get_owner_ex(task, arg);
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg[2] >= limit_of(task->process, RLIMIT_NOFILE))
			return -EINVAL;
		return descriptor_make(task->process, SYS_fcntl, arg);
	default: return syscall_host(SYS_fcntl, arg);
	}
}

int64_t sys_flock(struct task *task, const uint64_t arg[6])
{
	const uint64_t try[6] = { arg[0], arg[1] | LOCK_NB };
	int64_t woken = file_retried(task);
	if (woken)
		return woken;
	int64_t result = syscall_host(SYS_flock, try);
	return result == -EWOULDBLOCK && !(arg[1] & LOCK_NB) ? file_retry_later(task) : result;
}

/* --- ioctl --------------------------------------------------------------------------------------------------------- */

/* Requests that do not encode their direction and size. */
struct old_request {
	uint32_t number;
	uint16_t in, out; /* bytes; both 0: the argument is a number */
};

enum { TERMIOS = 36, TERMIO = 18, WINSIZE = 8, IFREQ = 40, IFCONF = 16, NUMBER = 4 };

static const struct old_request *find_old_request(uint32_t number)
{
	/* clang-format off */
	static const struct old_request requests[] = {
		{TCGETS, 0, TERMIOS}, {TCSETS, TERMIOS, 0}, {TCSETSW, TERMIOS, 0}, {TCSETSF, TERMIOS, 0},
		{TCGETA, 0, TERMIO}, {TCSETA, TERMIO, 0}, {TCSETAW, TERMIO, 0}, {TCSETAF, TERMIO, 0},
		{TCSBRK, 0, 0}, {TCXONC, 0, 0}, {TCFLSH, 0, 0}, {TCSBRKP, 0, 0}, {TIOCSBRK, 0, 0}, {TIOCCBRK, 0, 0},
		{TIOCEXCL, 0, 0}, {TIOCNXCL, 0, 0}, {TIOCSCTTY, 0, 0}, {TIOCNOTTY, 0, 0}, {TIOCCONS, 0, 0},
		{TIOCGPGRP, 0, NUMBER}, {TIOCSPGRP, NUMBER, 0}, {TIOCGSID, 0, NUMBER}, {TIOCOUTQ, 0, NUMBER},
		{TIOCSTI, 1, 0}, {TIOCGWINSZ, 0, WINSIZE}, {TIOCSWINSZ, WINSIZE, 0}, {TIOCMGET, 0, NUMBER},
		{TIOCMBIS, NUMBER, 0}, {TIOCMBIC, NUMBER, 0}, {TIOCMSET, NUMBER, 0}, {TIOCGSOFTCAR, 0, NUMBER},
		{TIOCSSOFTCAR, NUMBER, 0}, {FIONREAD, 0, NUMBER}, {FIONBIO, NUMBER, 0}, {FIOASYNC, NUMBER, 0},
		{TIOCSETD, NUMBER, 0}, {TIOCGETD, 0, NUMBER}, {TIOCPKT, NUMBER, 0}, {TIOCVHANGUP, 0, 0}, {TIOCGLCKTRMIOS, 0, TERMIOS},
		{TIOCSLCKTRMIOS, TERMIOS, 0}, {TIOCGPTPEER, 0, 0}, {FIOCLEX, 0, 0}, {FIONCLEX, 0, 0},
		{FIOQSIZE, 0, 8},
		{NS_GET_USERNS, 0, 0}, {NS_GET_PARENT, 0, 0}, {NS_GET_NSTYPE, 0, 0}, {NS_GET_OWNER_UID, 0, NUMBER},
		{SIOCATMARK, 0, NUMBER}, {SIOCGPGRP, 0, NUMBER}, {SIOCSPGRP, NUMBER, 0}, {FIOSETOWN, NUMBER, 0}, {FIOGETOWN, 0, NUMBER},
		{SIOCGIFCONF, IFCONF, IFCONF}, {SIOCGIFNAME, IFREQ, IFREQ}, {SIOCGIFFLAGS, IFREQ, IFREQ}, {SIOCSIFFLAGS, IFREQ, 0}, {SIOCGIFADDR, IFREQ, IFREQ},
		{SIOCSIFADDR, IFREQ, 0}, {SIOCGIFDSTADDR, IFREQ, IFREQ}, {SIOCGIFBRDADDR, IFREQ, IFREQ},
		{SIOCGIFNETMASK, IFREQ, IFREQ}, {SIOCSIFNETMASK, IFREQ, 0}, {SIOCGIFMETRIC, IFREQ, IFREQ},
		{SIOCGIFMTU, IFREQ, IFREQ}, {SIOCSIFMTU, IFREQ, 0}, {SIOCGIFHWADDR, IFREQ, IFREQ}, {SIOCGIFINDEX, IFREQ, IFREQ},
		{SIOCGIFTXQLEN, IFREQ, IFREQ}, {BLKROGET, 0, NUMBER}, {BLKGETSIZE, 0, 8}, {BLKFLSBUF, 0, 0}, {BLKSSZGET, 0, NUMBER},
		{BLKRAGET, 0, 8}, {BLKSECTGET, 0, 2}, {FIBMAP, NUMBER, NUMBER}, {FIGETBSZ, 0, NUMBER},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].number == number)
			return &requests[i];
	}
	return NULL;
}

static int64_t check_pointer(struct task *task, uint64_t address, uint64_t in, uint64_t out)
{
	if (!space_in_guest(address, in > out ? in : out))
		return -EFAULT;
	space_prepare_write(&task->process->space, address, out);
	return 0;
}

static bool makes_descriptor(uint32_t request)
{
	return request == TIOCGPTPEER || request == NS_GET_USERNS || request == NS_GET_PARENT;
}

int64_t sys_ioctl(struct task *task, const uint64_t arg[6])
{
	uint32_t request = (uint32_t)arg[1];
	const struct old_request *old = find_old_request(request);
	uint64_t size = _IOC_SIZE(request), direction = _IOC_DIR(request);
	int64_t error = 0;

	task->process->signals.calls_signal |= request == FIOASYNC || request == FIOSETOWN || request == SIOCSPGRP;
	if (device_ioctl(task, arg, &error))
		return error;
	if (old && (old->in || old->out))
		error = check_pointer(task, arg[2], old->in, old->out);
	else if (!old && direction != _IOC_NONE)
		error = check_pointer(task, arg[2], direction & _IOC_WRITE ? size : 0, direction & _IOC_READ ? size : 0);
	else if (!old) {
		log_line(task->process->options, LOG_INFO, "unknown ioctl %#x", request);
		return fcntl((int)arg[0], F_GETFD) < 0 ? -EBADF : -ENOTTY;
	}
	if (!error)
		error = ioctl_prepare_tail(task, request, arg[2]);
	if (makes_descriptor(request) && !error)
		return descriptor_make(task->process, SYS_ioctl, arg);
	return error ? error : syscall_host(SYS_ioctl, arg);
}
