/* Limits and various settings of a process or thread: prlimit(2), prctl(2), arch_prctl(2). */
#include <asm/prctl.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/rows/calls.h"

/* --- limits ------------------------------------------------------------------------------------------ */

/* The host keeps the limits, except the stack's: the limit on the host applies to the emulator's stack. */
static int64_t get_limit(struct task *task, int resource, uint64_t address)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
		return -errno;
	if (resource == RLIMIT_STACK)
		limit.rlim_cur = task->process->space.stack_limit;
	if (resource == RLIMIT_FSIZE && task->process->file_limit_set)
		limit.rlim_max = task->process->file_limit_max;
	return space_write(&task->process->space, address, &limit, sizeof(limit)) ? 0 : -EFAULT;
}

/* The host has the guest's soft limit. It keeps the hard one that it had: the emulator's own files may be larger (hidden_write). */
static int64_t set_file_limit(struct process *process, const struct rlimit *limit)
{
	struct rlimit host;
	uint64_t max;

	if (getrlimit(RLIMIT_FSIZE, &host) != 0)
		return -errno;
	max = process->file_limit_set ? process->file_limit_max : host.rlim_max;
	if (limit->rlim_cur > limit->rlim_max)
		return -EINVAL;
	if (limit->rlim_max > max && geteuid() != 0)
		return -EPERM;
	host.rlim_cur = limit->rlim_cur;
	if (limit->rlim_max > host.rlim_max)
		host.rlim_max = limit->rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &host) != 0)
		return -errno;
	process->file_limit_set = true;
	process->file_limit_max = limit->rlim_max;
	return 0;
}

static int64_t set_limit(struct task *task, int resource, uint64_t address)
{
	struct rlimit limit, old;

	if (!space_read(&task->process->space, address, &limit, sizeof(limit)))
		return -EFAULT;
	if (resource == RLIMIT_FSIZE)
		return set_file_limit(task->process, &limit);
	if (resource != RLIMIT_STACK)
		return setrlimit((__rlimit_resource_t)resource, &limit) == 0 ? 0 : -errno;
	if (limit.rlim_cur > limit.rlim_max)
		return -EINVAL;
	getrlimit(RLIMIT_STACK, &old);
	if (limit.rlim_max > old.rlim_max && geteuid() != 0)
		return -EPERM;
	task->process->space.stack_limit = limit.rlim_cur;
	return space_extend_stack(&task->process->space);
}

int64_t sys_getrlimit(struct task *task, const uint64_t arg[6])
{
	return get_limit(task, (int)arg[0], arg[1]);
}

int64_t sys_setrlimit(struct task *task, const uint64_t arg[6])
{
	return set_limit(task, (int)arg[0], arg[1]);
}

static int64_t limit_of_other(struct task *task, const uint64_t arg[6])
{
	struct space *space = &task->process->space;
	struct rlimit new, old;

	if (arg[2] && !space_read(space, arg[2], &new, sizeof(new)))
		return -EFAULT;
	if (syscall(SYS_prlimit64, pids_to_host(task->process, (pid_t)arg[0]), arg[1], arg[2] ? &new : NULL, &old) != 0)
		return -errno;
	return arg[3] && !space_write(space, arg[3], &old, sizeof(old)) ? -EFAULT : 0;
}

int64_t sys_prlimit64(struct task *task, const uint64_t arg[6])
{
	int64_t result = 0;
	struct rlimit new;

	if ((pid_t)arg[0] != 0 && !task_find(task->process, (pid_t)arg[0]))
		return limit_of_other(task, arg);
	if (arg[2] && !space_read(&task->process->space, arg[2], &new, sizeof(new)))
		return -EFAULT;
	if (arg[3])
		result = get_limit(task, (int)arg[1], arg[3]);
	if (result == 0 && arg[2])
		result = set_limit(task, (int)arg[1], arg[2]);
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
	case PR_SET_TSC:
		return set_tsc(task, arg[1]);
	case PR_GET_TSC:
		return put_int(task, arg[1], task->cpu.tsc_faults ? PR_TSC_SIGSEGV : PR_TSC_ENABLE);
	case PR_SET_NAME: case PR_GET_NAME:
		return name_call(task, arg);
	case PR_GET_PDEATHSIG: case PR_GET_CHILD_SUBREAPER:
		return prctl((int)arg[0], &value) != 0 ? -errno : put_int(task, arg[1], value);
	case PR_SET_CHILD_SUBREAPER:
		tree_set_subreaper(task->process, arg[1] != 0);
		return syscall_host(SYS_prctl, arg);
	case PR_GET_TID_ADDRESS:
		return space_write(&task->process->space, arg[1], &task->clear_child_tid, sizeof(uint64_t)) ? 0 : -EFAULT;
	/* The host keeps these for us; they take no pointers. */
	case PR_SET_PDEATHSIG: case PR_SET_DUMPABLE: case PR_GET_DUMPABLE: case PR_SET_KEEPCAPS: case PR_GET_KEEPCAPS:
	case PR_CAPBSET_READ: case PR_CAPBSET_DROP: case PR_SET_TIMERSLACK: case PR_GET_TIMERSLACK:
	case PR_SET_NO_NEW_PRIVS: case PR_GET_NO_NEW_PRIVS: case PR_CAP_AMBIENT:
	case PR_SET_SECUREBITS: case PR_GET_SECUREBITS: case PR_SET_THP_DISABLE: case PR_GET_THP_DISABLE:
	case PR_SET_PTRACER: case PR_GET_TIMING: case PR_SET_TIMING: case PR_GET_SECCOMP:
		return syscall_host(SYS_prctl, arg);
	default:
		log_line(task->process->options, LOG_INFO, "prctl: option %d is not supported", (int)arg[0]);
		return -EINVAL;
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
	case ARCH_SET_FS: case ARCH_SET_GS:
		if (arg[1] >= task_size)
			return -EPERM;
		cpu->r[(int)arg[0] == ARCH_SET_FS ? SLOT_FS_BASE : SLOT_GS_BASE] = arg[1];
		return 0;
	case ARCH_GET_FS:
		return space_write(space, arg[1], &cpu->r[SLOT_FS_BASE], sizeof(uint64_t)) ? 0 : -EFAULT;
	case ARCH_GET_GS:
		return space_write(space, arg[1], &cpu->r[SLOT_GS_BASE], sizeof(uint64_t)) ? 0 : -EFAULT;
	case GET_CPUID_FAULTING:
		return 1; /* CPUID does not fault */
	case SET_CPUID_FAULTING:
		return -ENODEV;
	default:
		return -EINVAL;
	}
}
