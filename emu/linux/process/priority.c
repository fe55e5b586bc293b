/* vCPUs and priorities of threads. */
#include <errno.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/peer.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/process/policy.h"
#include "emu/linux/process/priority.h"
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

/* Each process keeps the vCPUs of its threads. Returns another process's leader, or NULL if the process is not of the run and so has
 * none of our vCPUs. */
static struct task *leader_elsewhere(struct task *task, pid_t host)
{
	struct process peer;

	return peer_record(task->process, host, &peer) ? peer.tasks : NULL;
}

/* Asks the host if we may change where another process runs, without changing it. Returns 0 or -errno. */
static int64_t may_place(pid_t host)
{
	cpu_set_t set;

	if (sched_getaffinity(host, sizeof(set), &set) != 0)
		return -errno;
	return sched_setaffinity(host, sizeof(set), &set) == 0 ? 0 : -errno;
}

static int64_t affinity_of(struct task *task, pid_t id, uint64_t *mask)
{
	struct target target = pids_find(task, id);
	struct task *leader;
	cpu_set_t set;

	*mask = all_vcpus(task);
	if (target.task) {
		*mask &= target.task->affinity;
		return 0;
	}
	if (sched_getaffinity(target.host, sizeof(set), &set) != 0)
		return -errno;
	leader = leader_elsewhere(task, target.host);
	if (leader && peer_read(target.host, &leader->affinity, mask, sizeof(*mask)))
		*mask &= all_vcpus(task);
	return 0;
}

int64_t sys_sched_getaffinity(struct task *task, const uint64_t arg[6])
{
	uint64_t mask;
	int64_t error;

	if (arg[1] < MASK_SIZE || arg[1] % MASK_SIZE)
		return -EINVAL;
	error = affinity_of(task, (pid_t)arg[0], &mask);
	if (error != 0)
		return error;
	return space_write(&task->process->space, arg[2], &mask, sizeof(mask)) ? MASK_SIZE : -EFAULT;
}

void priority_place(struct task *task)
{
	if (task->affinity & 1ULL << task->cpu.vcpu)
		return;
	task->cpu.vcpu = (unsigned)__builtin_ctzll(task->affinity);
	rseq_interrupt(task);
}

/* For a process outside the run nothing changes. */
static int64_t place_elsewhere(struct task *task, pid_t host, uint64_t mask)
{
	int64_t error = may_place(host);
	struct task *leader;

	if (error != 0 || !mask)
		return error ? error : -EINVAL;
	leader = leader_elsewhere(task, host);
	return leader && !peer_write(host, &leader->affinity, &mask, sizeof(mask)) ? -EPERM : 0;
}

int64_t sys_sched_setaffinity(struct task *task, const uint64_t arg[6])
{
	struct target target = pids_find(task, (pid_t)arg[0]);
	size_t size = arg[1] < MASK_SIZE ? arg[1] : MASK_SIZE;
	uint64_t mask = 0;

	if (!space_read(&task->process->space, arg[2], &mask, size))
		return -EFAULT;
	mask &= all_vcpus(task);
	if (!target.task)
		return place_elsewhere(task, target.host, mask);
	if (!mask)
		return -EINVAL;
	target.task->affinity = mask;
	priority_place(target.task);
	return 0;
}

int64_t sys_sched_yield(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	task->process->turn.yielded = true;
	return 0;
}

/* --- policies and priorities: policy.c for threads of a process with several, otherwise the host's --------------------------------- */

enum { RESET_ON_FORK = 0x40000000, DEADLINE = 6, ATTR_SIZE = 48 };

/* The first members of the kernel's struct sched_attr. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
};

static int64_t on_host(struct task *task, uint64_t number, const uint64_t arg[6])
{
	const uint64_t host[6] = { (uint64_t)pids_find(task, (pid_t)arg[0]).host, arg[1], arg[2], arg[3] };

	return syscall_host(number, host);
}

/* Returns a thread that has its own policy, or NULL. */
static struct task *own_thread(struct task *task, uint64_t id)
{
	struct task *target = pids_find(task, (pid_t)id).task;

	return target && policy_is_own(target) ? target : NULL;
}

int64_t sys_sched_getscheduler(struct task *task, const uint64_t arg[6])
{
	const struct task *target = own_thread(task, arg[0]);

	return target ? policy_of(target).policy : on_host(task, SYS_sched_getscheduler, arg);
}

/* Sets the policy; with a negative `number` only the priority. */
static int64_t set_scheduler(struct task *task, struct task *target, int number, uint64_t address)
{
	struct policy new = policy_of(target);
	int priority;

	if (!address)
		return -EINVAL;
	if (!space_read(&task->process->space, address, &priority, sizeof(priority)))
		return -EFAULT;
	new.policy = number < 0 ? new.policy : number & ~RESET_ON_FORK;
	new.priority = priority;
	return policy_set(target, new);
}

int64_t sys_sched_setscheduler(struct task *task, const uint64_t arg[6])
{
	struct task *target = own_thread(task, arg[0]);

	tree_note_priorities(task->process);
	if (!target)
		return on_host(task, SYS_sched_setscheduler, arg);
	return (int)arg[1] < 0 ? -EINVAL : set_scheduler(task, target, (int)arg[1], arg[2]);
}

int64_t sys_sched_getparam(struct task *task, const uint64_t arg[6])
{
	const struct task *target = own_thread(task, arg[0]);
	int priority = target ? policy_of(target).priority : 0;

	if (!target || !arg[1])
		return on_host(task, SYS_sched_getparam, arg);
	return space_write(&task->process->space, arg[1], &priority, sizeof(priority)) ? 0 : -EFAULT;
}

int64_t sys_sched_setparam(struct task *task, const uint64_t arg[6])
{
	struct task *target = own_thread(task, arg[0]);

	tree_note_priorities(task->process);
	return target ? set_scheduler(task, target, -1, arg[1]) : on_host(task, SYS_sched_setparam, arg);
}

int64_t sys_sched_getattr(struct task *task, const uint64_t arg[6])
{
	const struct task *target = own_thread(task, arg[0]);
	int64_t result = on_host(task, SYS_sched_getattr, arg);
	struct attributes attributes;
	struct policy policy;

	if (!target || result < 0)
		return result;
	if (!space_read(&task->process->space, arg[1], &attributes, sizeof(attributes)))
		return -EFAULT;
	policy = policy_of(target);
	attributes.policy = (uint32_t)policy.policy;
	attributes.priority = (uint32_t)policy.priority;
	attributes.nice = policy.priority ? 0 : policy.nice;
	return space_write(&task->process->space, arg[1], &attributes, sizeof(attributes)) ? 0 : -EFAULT;
}

int64_t sys_sched_setattr(struct task *task, const uint64_t arg[6])
{
	struct task *target = own_thread(task, arg[0]);
	struct attributes attributes;
	struct policy new;

	tree_note_priorities(task->process);
	if (!target || !arg[1] || arg[2])
		return on_host(task, SYS_sched_setattr, arg);
	if (!space_read(&task->process->space, arg[1], &attributes, sizeof(attributes)))
		return -EFAULT;
	if ((attributes.size && attributes.size < ATTR_SIZE) || attributes.policy == DEADLINE || attributes.flags & ~1ULL)
		return on_host(task, SYS_sched_setattr, arg);
	new = policy_of(target);
	new.policy = (int)attributes.policy;
	new.priority = (int)attributes.priority;
	new.nice = new.priority ? new.nice : attributes.nice;
	return policy_set(target, new);
}

int64_t sys_sched_rr_get_interval(struct task *task, const uint64_t arg[6])
{
	return on_host(task, SYS_sched_rr_get_interval, arg);
}

/* For a thread or process, a group, or a user. `process` and `user` are the values of `which` for the first and the last. */
static int64_t priority_on_host(struct task *task, uint64_t number, int process, int user, const uint64_t arg[6])
{
	pid_t who = (pid_t)arg[1];
	uint64_t host[6] = { arg[0], arg[1], arg[2] };

	if ((int)arg[0] == process)
		host[1] = (uint64_t)pids_find(task, who).host;
	else if ((int)arg[0] != user)
		host[1] = (uint64_t)pids_to_host(task->process, who);
	return syscall_host(number, host);
}

/* Returns the thread that has its own nice value, or NULL. */
static struct task *own_nice(struct task *task, const uint64_t arg[6])
{
	return (int)arg[0] == PRIO_PROCESS ? own_thread(task, arg[1]) : NULL;
}

int64_t sys_getpriority(struct task *task, const uint64_t arg[6])
{
	enum { ABOVE_NICE = 20 }; /* so that the system call's results are positive */
	const struct task *target = own_nice(task, arg);

	return target ? ABOVE_NICE - policy_of(target).nice : priority_on_host(task, SYS_getpriority, PRIO_PROCESS, PRIO_USER, arg);
}

int64_t sys_setpriority(struct task *task, const uint64_t arg[6])
{
	struct task *target = own_nice(task, arg);
	struct policy new;
	int64_t result;

	tree_note_priorities(task->process);
	if (!target)
		return priority_on_host(task, SYS_setpriority, PRIO_PROCESS, PRIO_USER, arg);
	new = policy_of(target);
	new.nice = (int)arg[2];
	result = policy_set(target, new);
	return result == -EPERM ? -EACCES : result;
}

int64_t sys_ioprio_get(struct task *task, const uint64_t arg[6])
{
	return priority_on_host(task, SYS_ioprio_get, IOPRIO_WHO_PROCESS, IOPRIO_WHO_USER, arg);
}

int64_t sys_ioprio_set(struct task *task, const uint64_t arg[6])
{
	return priority_on_host(task, SYS_ioprio_set, IOPRIO_WHO_PROCESS, IOPRIO_WHO_USER, arg);
}

/* With one host thread, every thread sees all stores in order, and no thread continues inside a critical section of rseq(2) after it was
 * stopped there. So it only remains to refuse what the process has not registered for. */
int64_t sys_membarrier(struct task *task, const uint64_t arg[6])
{
	enum {
		QUERY = 0,
		GLOBAL = 1,
		GLOBAL_EXPEDITED = 2,
		REGISTER_GLOBAL_EXPEDITED = 4,
		PRIVATE_EXPEDITED = 8,
		REGISTER_PRIVATE_EXPEDITED = 16,
		PRIVATE_SYNC_CORE = 32,
		REGISTER_PRIVATE_SYNC_CORE = 64,
		PRIVATE_RSEQ = 128,
		REGISTER_PRIVATE_RSEQ = 256,
		FLAG_CPU = 1
	};
	unsigned command = (unsigned)arg[0], flags = (unsigned)arg[1], *registered = &task->process->membarriers;

	if (flags && (command != PRIVATE_RSEQ || flags != FLAG_CPU))
		return -EINVAL;
	switch (command) {
	case QUERY:
		return GLOBAL | GLOBAL_EXPEDITED | REGISTER_GLOBAL_EXPEDITED | PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED
			| PRIVATE_SYNC_CORE | REGISTER_PRIVATE_SYNC_CORE | PRIVATE_RSEQ | REGISTER_PRIVATE_RSEQ;
	case REGISTER_PRIVATE_EXPEDITED:
	case REGISTER_PRIVATE_SYNC_CORE:
	case REGISTER_PRIVATE_RSEQ: *registered |= command; return 0;
	case PRIVATE_EXPEDITED:
	case PRIVATE_SYNC_CORE:
	case PRIVATE_RSEQ: return *registered & command << 1 ? 0 : -EPERM;
	case GLOBAL:
	case GLOBAL_EXPEDITED:
	case REGISTER_GLOBAL_EXPEDITED: return 0;
	default: return -EINVAL;
	}
}
