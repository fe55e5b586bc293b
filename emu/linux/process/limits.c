/* Limits and various settings of a process or thread: prlimit(2), prctl(2), arch_prctl(2). */
#include <asm/prctl.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/peer.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/rows/calls.h"

/* --- limits ------------------------------------------------------------------------------------------ */

static int64_t get_limit(struct task *task, int resource, uint64_t address)
{
	struct rlimit limit;
	int64_t error = limit_get(task->process, resource, &limit);

	if (error != 0)
		return error;
	return space_write(&task->process->space, address, &limit, sizeof(limit)) ? 0 : -EFAULT;
}

static int64_t set_limit(struct task *task, int resource, uint64_t address)
{
	struct rlimit limit;

	return space_read(&task->process->space, address, &limit, sizeof(limit)) ? limit_set(task->process, resource, &limit) : -EFAULT;
}

int64_t sys_getrlimit(struct task *task, const uint64_t arg[6])
{
	return get_limit(task, (int)arg[0], arg[1]);
}

int64_t sys_setrlimit(struct task *task, const uint64_t arg[6])
{
	return set_limit(task, (int)arg[0], arg[1]);
}

/* For a limit that another process's emulator keeps, in its struct process. The host tells if we may access it. */
static int64_t kept_elsewhere(struct task *task, pid_t host, int resource, const struct rlimit *new, struct rlimit *old)
{
	struct rlimit *kept = &task->process->limit[resource];
	struct process peer;

	if (syscall(SYS_prlimit64, host, resource, NULL, old) != 0)
		return -errno;
	if (!peer_record(task->process, host, &peer))
		return new &&syscall(SYS_prlimit64, host, resource, new, NULL) != 0 ? -errno : 0;
	*old = peer.limit[resource];
	if (!new)
		return 0;
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (new->rlim_max > old->rlim_max && geteuid() != 0)
		return -EPERM;
	return peer_write(host, kept, new, sizeof(*new)) ? 0 : -EPERM;
}

static int64_t limit_of_other(struct task *task, pid_t host, const uint64_t arg[6])
{
	struct space *space = &task->process->space;
	struct rlimit new, old, *wanted = arg[2] ? &new : NULL;
	int64_t error = 0;

	if (arg[2] && !space_read(space, arg[2], &new, sizeof(new)))
		return -EFAULT;
	if (limit_is_kept(task->process, (int)arg[1]))
		error = kept_elsewhere(task, host, (int)arg[1], wanted, &old);
	else if (syscall(SYS_prlimit64, host, arg[1], wanted, &old) != 0)
		error = -errno;
	if (error != 0)
		return error;
	return arg[3] && !space_write(space, arg[3], &old, sizeof(old)) ? -EFAULT : 0;
}

int64_t sys_prlimit64(struct task *task, const uint64_t arg[6])
{
	struct target target = pids_find(task, (pid_t)arg[0]);
	int64_t result = 0;
	struct rlimit new;

	if (!target.task)
		return limit_of_other(task, target.host, arg);
	if (arg[2] && !space_read(&task->process->space, arg[2], &new, sizeof(new)))
		return -EFAULT;
	if (arg[3])
		result = get_limit(task, (int)arg[1], arg[3]);
	if (result == 0 && arg[2])
		result = limit_set(task->process, (int)arg[1], &new);
	return result;
}

/* --- prctl(2) ---------------------------------------------------------------------------------------- */

static int64_t put_int(struct task *task, uint64_t address, int value)
{
	return space_write(&task->process->space, address, &value, sizeof(value)) ? 0 : -EFAULT;
}

static int64_t set_tsc(struct task *task, uint64_t mode)
{
	if (mode != PR_TSC_ENABLE && mode != PR_TSC_SIGSEGV)
		return -EINVAL;
	task->cpu.tsc_faults = mode == PR_TSC_SIGSEGV;
	return 0;
}

static int64_t name_call(struct task *task, const uint64_t arg[6])
{
	char name[16] = "";

	if ((int)arg[0] == PR_GET_NAME) {
		task_get_name(task, name);
		return space_write(&task->process->space, arg[1], name, sizeof(name)) ? 0 : -EFAULT;
	}
	if (space_read_string(&task->process->space, arg[1], name, sizeof(name)) == -EFAULT)
		return -EFAULT;
	name[sizeof(name) - 1] = '\0';
	task_set_name(task, name);
	return 0;
}

int64_t sys_prctl(struct task *task, const uint64_t arg[6])
{
	int value;

	switch ((int)arg[0]) {
	case PR_SET_TSC: return set_tsc(task, arg[1]);
	case PR_GET_TSC: return put_int(task, arg[1], task->cpu.tsc_faults ? PR_TSC_SIGSEGV : PR_TSC_ENABLE);
	case PR_SET_NAME:
	case PR_GET_NAME: return name_call(task, arg);
	case PR_GET_PDEATHSIG:
	case PR_GET_CHILD_SUBREAPER: return prctl((int)arg[0], &value) != 0 ? -errno : put_int(task, arg[1], value);
	case PR_SET_CHILD_SUBREAPER: tree_set_subreaper(task->process, arg[1] != 0); return syscall_host(SYS_prctl, arg);
	case PR_GET_TID_ADDRESS:
		return space_write(&task->process->space, arg[1], &task->end.clear_child_tid, sizeof(uint64_t)) ? 0 : -EFAULT;
	/* The host keeps these for us; they take no pointers. */
	case PR_SET_PDEATHSIG:
		if (task->tracer) /* it ends with its parent */
			return 0;
		return syscall_host(SYS_prctl, arg);
	case PR_SET_DUMPABLE:
	case PR_GET_DUMPABLE:
	case PR_GET_KEEPCAPS:
	case PR_CAPBSET_READ:
	case PR_SET_TIMERSLACK:
	case PR_GET_TIMERSLACK:
	case PR_GET_NO_NEW_PRIVS:
	case PR_GET_SECUREBITS:
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE:
	case PR_MCE_KILL:
	case PR_MCE_KILL_GET:
	case PR_SET_PTRACER:
	case PR_GET_TIMING:
	case PR_SET_TIMING:
	case PR_GET_SECCOMP: return syscall_host(SYS_prctl, arg);
	case PR_SET_KEEPCAPS:
	case PR_CAPBSET_DROP:
	case PR_SET_NO_NEW_PRIVS:
	case PR_CAP_AMBIENT:
	case PR_SET_SECUREBITS: return host_thread_call(task, SYS_prctl, arg);
	default: log_line(task->process->options, LOG_INFO, "prctl: option %d is not supported", (int)arg[0]); return -EINVAL;
	}
}

/* --- arch_prctl(2) ----------------------------------------------------------------------------------- */

int64_t sys_arch_prctl(struct task *task, const uint64_t arg[6])
{
	enum { GET_CPUID_FAULTING = 0x1011, SET_CPUID_FAULTING = 0x1012 };
	static const uint64_t task_size = 0x7ffffffff000;
	struct cpu *cpu = &task->cpu;
	struct space *space = &task->process->space;

	switch ((int)arg[0]) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (arg[1] >= task_size)
			return -EPERM;
		cpu->r[(int)arg[0] == ARCH_SET_FS ? SLOT_FS_BASE : SLOT_GS_BASE] = arg[1];
		return 0;
	case ARCH_GET_FS: return space_write(space, arg[1], &cpu->r[SLOT_FS_BASE], sizeof(uint64_t)) ? 0 : -EFAULT;
	case ARCH_GET_GS: return space_write(space, arg[1], &cpu->r[SLOT_GS_BASE], sizeof(uint64_t)) ? 0 : -EFAULT;
	case GET_CPUID_FAULTING: return 1; /* CPUID does not fault */
	case SET_CPUID_FAULTING: return -ENODEV;
	default: return -EINVAL;
	}
}
