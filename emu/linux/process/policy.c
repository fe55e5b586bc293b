/* Scheduling policies of threads (sched(7)). The host cannot schedule guest threads separately, since one host thread runs them all. So
 * once a process with several threads sets the policy of one, each thread has its own policy, which the scheduler follows. As in the
 * kernel, a real-time thread comes before all with a lower priority, on as many vCPUs as there are, and nice values are weights of
 * slices. So it is between processes that take turns, too: each tells the others what its threads' policies mean for its turns. */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/process/policy.h"

enum { MOST_NICE = 19, LEAST_NICE = -20, MOST_PRIORITY = 99, LEAST_SHARE_INSNS = 1000, IDLE_WEIGHT = 3 };
/* While others wait, real-time threads may use 950 ms of each second: /proc/sys/kernel/sched_rt_period_us, sched_rt_runtime_us. */
enum { PERIOD_NS = 1000 * NS_PER_MS, RUNTIME_NS = 950 * NS_PER_MS };

bool policy_is_own(const struct task *task)
{
	return task->policy.own || task->process->tasks->next;
}

struct policy policy_of(const struct task *task)
{
	struct policy host = { .own = true, .policy = sched_getscheduler(0), .nice = getpriority(PRIO_PROCESS, 0) };
	struct sched_param param = { 0 };

	if (task->policy.own)
		return task->policy;
	sched_getparam(0, &param);
	host.priority = param.sched_priority;
	return host;
}

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* --- setting ----------------------------------------------------------------------------------------- */

static bool is_capable(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 && data[0].effective & 1u << CAP_SYS_NICE;
}

static uint64_t limit_of(int resource)
{
	struct rlimit limit;

	return getrlimit(resource, &limit) == 0 ? limit.rlim_cur : 0;
}

/* user_check_sched_setscheduler() for a process without CAP_SYS_NICE. */
static bool is_allowed(const struct policy *old, const struct policy *new)
{
	uint64_t most = limit_of(RLIMIT_RTPRIO);

	if (is_realtime(new->policy))
		return (new->policy == old->policy || most > 0) && (new->priority <= old->priority || (uint64_t) new->priority <= most);
	return new->nice >= old->nice || (uint64_t)(MOST_NICE + 1 - new->nice) <= limit_of(RLIMIT_NICE);
}

static bool is_valid(const struct policy *new)
{
	switch (new->policy) {
	case SCHED_FIFO:
	case SCHED_RR: return new->priority >= 1 && new->priority <= MOST_PRIORITY;
	case SCHED_OTHER:
	case SCHED_BATCH:
	case SCHED_IDLE: return new->priority == 0;
	default: return false;
	}
}

int64_t policy_set(struct task *task, struct policy new)
{
	struct policy old = policy_of(task);

	new.own = true;
	new.nice = new.nice < LEAST_NICE ? LEAST_NICE : new.nice > MOST_NICE ? MOST_NICE : new.nice;
	if (!is_valid(&new))
		return -EINVAL;
	if (!is_allowed(&old, &new) && !is_capable())
		return -EPERM;
	for (struct task *each = task->process->tasks; each; each = each->next)
		each->policy = policy_of(each);
	task->policy = new;
	return 0;
}

/* --- for the scheduler ------------------------------------------------------------------------------- */

/* Returns the thread's rank; higher ones run first. Threads that are not real-time are equal. */
static int rank(const struct task *task)
{
	return is_realtime(task->policy.policy) ? task->policy.priority : 0;
}

/* The kernel's sched_prio_to_weight[], from nice -20: each weight is 1.25 times the next one. */
static unsigned weight(const struct task *task)
{
	/* clang-format off */
	static const unsigned weights[] = {
		88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
		1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
	};
	/* clang-format on */

	return task->policy.policy == SCHED_IDLE ? IDLE_WEIGHT : weights[task->policy.nice - LEAST_NICE];
}

/* Returns true if the process takes turns with others, and priorities differ. */
static bool has_company(const struct process *process)
{
	return process->show_pids && tree_has_priorities(process);
}

/* Returns true if priorities can make a difference for the thread. */
static bool counts(const struct task *task)
{
	return task->policy.own || has_company(task->process);
}

/* Reads what the host keeps, for all threads alike. */
static void refresh(struct process *process)
{
	struct policy host;

	if (process->tasks->policy.own)
		return;
	host = policy_of(process->tasks);
	host.own = false;
	for (struct task *task = process->tasks; task; task = task->next)
		task->policy = host;
}

static void throttle(struct process *process, unsigned realtime, unsigned others)
{
	int64_t now;

	process->turn.throttled = false;
	if (realtime < process->options->vcpus || others == 0) {
		process->turn.realtime_since = 0;
		return;
	}
	now = clock_now(process);
	if (process->turn.realtime_since == 0 || now - process->turn.realtime_since >= PERIOD_NS)
		process->turn.realtime_since = now;
	process->turn.throttled = now - process->turn.realtime_since >= RUNTIME_NS;
}

void policy_look(struct process *process)
{
	unsigned realtime = 0, others = 0, unused;

	if (!counts(process->tasks))
		return;
	for (const struct task *task = process->tasks; task; task = task->next) {
		realtime += task->state == TASK_RUNNABLE && rank(task) > 0;
		others += task->state == TASK_RUNNABLE && rank(task) == 0;
	}
	if (has_company(process) && realtime > 0) {
		realtime += tree_runnable(process, true, &unused);
		others += tree_runnable(process, false, &unused);
	}
	throttle(process, realtime, others);
}

/* Of the threads that can run; of all if none can, for the time when one is woken. */
void policy_tell(struct process *process, bool blocked)
{
	struct standing standing = { .rests_until = process->turn.throttled ? process->turn.realtime_since + PERIOD_NS : 0 };

	if (blocked)
		process->turn.realtime_since = 0; /* it keeps nobody waiting */
	if (!has_company(process))
		return;
	refresh(process);
	for (const struct task *task = process->tasks; task; task = task->next) {
		if (task->state == TASK_DEAD || (task->state != TASK_RUNNABLE && !blocked))
			continue;
		standing.goes_on = rank(task) > standing.rank ? task->policy.policy == SCHED_FIFO : standing.goes_on;
		standing.rank = rank(task) > standing.rank ? rank(task) : standing.rank;
		standing.weight = weight(task) > standing.weight ? weight(task) : standing.weight;
	}
	tree_set_standing(process, standing);
}

/* Returns true if a thread of the process that is not real-time can run. */
static bool has_others(const struct process *process)
{
	for (const struct task *task = process->tasks; task; task = task->next)
		if (task->state == TASK_RUNNABLE && rank(task) == 0)
			return true;
	return false;
}

bool policy_waits(const struct task *task)
{
	unsigned before = 0;

	if (!counts(task) || task->process->turn.throttled)
		return task->process->turn.throttled && rank(task) > 0 && has_others(task->process);
	for (const struct task *other = task->process->tasks; other; other = other->next)
		before += other->state == TASK_RUNNABLE && rank(other) > rank(task);
	return before >= task->process->options->vcpus;
}

bool policy_goes_on(const struct task *task)
{
	return counts(task) && task->policy.policy == SCHED_FIFO && task->process->options->vcpus == 1 && !task->process->turn.yielded
		&& !policy_waits(task);
}

uint64_t policy_share(const struct task *task, uint64_t insns)
{
	unsigned most = 1, runnable = 0;
	uint64_t share;

	if (!counts(task) || rank(task) > 0)
		return insns;
	if (has_company(task->process))
		runnable = tree_runnable(task->process, false, &most);
	for (const struct task *other = task->process->tasks; other; other = other->next) {
		if (other->state != TASK_RUNNABLE || rank(other) > 0)
			continue;
		runnable++;
		most = weight(other) > most ? weight(other) : most;
	}
	share = insns * weight(task) / most;
	if (runnable <= task->process->options->vcpus || share >= insns)
		return insns;
	return share < LEAST_SHARE_INSNS ? LEAST_SHARE_INSNS : share;
}
