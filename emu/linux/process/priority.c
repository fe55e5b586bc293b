/* Where threads run: vCPUs and priorities. */
#include <errno.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/signal/rseq.h"
#include "timekeep/timekeep.h"

enum { MASK_SIZE = 8 };

int64_t sys_getcpu(struct task *task, const uint64_t arg[6])
{
	struct space *space = &task->process->space;
	uint32_t vcpu = task->cpu.vcpu, node = task_node(task);

	if (arg[0] && !space_write(space, arg[0], &vcpu, sizeof(vcpu)))
		return -EFAULT;
	return arg[1] && !space_write(space, arg[1], &node, sizeof(node)) ? -EFAULT : 0;
}

static uint64_t all_vcpus(const struct task *task)
{
	unsigned vcpus = task->process->options->vcpus;

	return vcpus >= 64 ? ~0ULL : (1ULL << vcpus) - 1;
}

static struct task *target_of(struct task *task, uint64_t pid)
{
	return (pid_t)pid == 0 ? task : task_find(task->process, (pid_t)pid);
}

int64_t sys_sched_getaffinity(struct task *task, const uint64_t arg[6])
{
	struct task *target = target_of(task, arg[0]);
	uint64_t mask;

	if (arg[1] < MASK_SIZE || arg[1] % MASK_SIZE)
		return -EINVAL;
	if (!target)
		return -ESRCH;
	mask = target->affinity & all_vcpus(task);
	return space_write(&task->process->space, arg[2], &mask, sizeof(mask)) ? MASK_SIZE : -EFAULT;
}

int64_t sys_sched_setaffinity(struct task *task, const uint64_t arg[6])
{
	struct task *target = target_of(task, arg[0]);
	size_t size = arg[1] < MASK_SIZE ? arg[1] : MASK_SIZE;
	uint64_t mask = 0;

	if (!space_read(&task->process->space, arg[2], &mask, size))
		return -EFAULT;
	if (!target)
		return -ESRCH;
	mask &= all_vcpus(task);
	if (!mask)
		return -EINVAL;
	target->affinity = mask;
	if (!(mask & 1ULL << target->cpu.vcpu)) {
		target->cpu.vcpu = (unsigned)__builtin_ctzll(mask);
		rseq_interrupt(target);
	}
	return 0;
}

int64_t sys_sched_yield(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	task->process->yielded = true;
	return 0;
}

/* Priorities are the host's, which schedules the one thread that runs them all; a guest thread's are its process's. */
static int64_t on_host(struct task *task, uint64_t number, const uint64_t arg[6])
{
	const uint64_t host[6] = { (uint64_t)pids_target(task->process, (pid_t)arg[0]), arg[1], arg[2], arg[3] };

	return syscall_host(number, host);
}

int64_t sys_sched_getscheduler(struct task *task, const uint64_t arg[6])
{
	return on_host(task, SYS_sched_getscheduler, arg);
}

int64_t sys_sched_setscheduler(struct task *task, const uint64_t arg[6])
{
	return on_host(task, SYS_sched_setscheduler, arg);
}

int64_t sys_sched_getparam(struct task *task, const uint64_t arg[6])
{
	return on_host(task, SYS_sched_getparam, arg);
}

int64_t sys_sched_setparam(struct task *task, const uint64_t arg[6])
{
	return on_host(task, SYS_sched_setparam, arg);
}

int64_t sys_sched_getattr(struct task *task, const uint64_t arg[6])
{
	return on_host(task, SYS_sched_getattr, arg);
}

int64_t sys_sched_setattr(struct task *task, const uint64_t arg[6])
{
	return on_host(task, SYS_sched_setattr, arg);
}

int64_t sys_sched_rr_get_interval(struct task *task, const uint64_t arg[6])
{
	return on_host(task, SYS_sched_rr_get_interval, arg);
}

/* `user`: the `which` for which `who` is no process. */
static int64_t priority_on_host(struct task *task, uint64_t number, int user, const uint64_t arg[6])
{
	uint64_t who = (int)arg[0] == user ? arg[1] : (uint64_t)pids_target(task->process, (pid_t)arg[1]);
	const uint64_t host[6] = { arg[0], who, arg[2] };

	return syscall_host(number, host);
}

int64_t sys_getpriority(struct task *task, const uint64_t arg[6])
{
	return priority_on_host(task, SYS_getpriority, PRIO_USER, arg);
}

int64_t sys_setpriority(struct task *task, const uint64_t arg[6])
{
	return priority_on_host(task, SYS_setpriority, PRIO_USER, arg);
}

int64_t sys_ioprio_get(struct task *task, const uint64_t arg[6])
{
	return priority_on_host(task, SYS_ioprio_get, IOPRIO_WHO_USER, arg);
}

int64_t sys_ioprio_set(struct task *task, const uint64_t arg[6])
{
	return priority_on_host(task, SYS_ioprio_set, IOPRIO_WHO_USER, arg);
}

/* With one host thread every thread sees all stores in order, and none that has stopped in a critical section of rseq(2) goes on in it:
 * nothing is left to do but to refuse what the process has not registered for. */
int64_t sys_membarrier(struct task *task, const uint64_t arg[6])
{
	enum { QUERY = 0, GLOBAL = 1, GLOBAL_EXPEDITED = 2, REGISTER_GLOBAL_EXPEDITED = 4, PRIVATE_EXPEDITED = 8,
	       REGISTER_PRIVATE_EXPEDITED = 16, PRIVATE_SYNC_CORE = 32, REGISTER_PRIVATE_SYNC_CORE = 64, PRIVATE_RSEQ = 128,
	       REGISTER_PRIVATE_RSEQ = 256, FLAG_CPU = 1 };
	unsigned command = (unsigned)arg[0], flags = (unsigned)arg[1], *registered = &task->process->membarriers;

	if (flags && (command != PRIVATE_RSEQ || flags != FLAG_CPU))
		return -EINVAL;
	switch (command) {
	case QUERY:
		return GLOBAL | GLOBAL_EXPEDITED | REGISTER_GLOBAL_EXPEDITED | PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED |
		       PRIVATE_SYNC_CORE | REGISTER_PRIVATE_SYNC_CORE | PRIVATE_RSEQ | REGISTER_PRIVATE_RSEQ;
	case REGISTER_PRIVATE_EXPEDITED: case REGISTER_PRIVATE_SYNC_CORE: case REGISTER_PRIVATE_RSEQ:
		*registered |= command;
		return 0;
	case PRIVATE_EXPEDITED: case PRIVATE_SYNC_CORE: case PRIVATE_RSEQ:
		return *registered & command << 1 ? 0 : -EPERM;
	case GLOBAL: case GLOBAL_EXPEDITED: case REGISTER_GLOBAL_EXPEDITED:
		return 0;
	default:
		return -EINVAL;
	}
}
