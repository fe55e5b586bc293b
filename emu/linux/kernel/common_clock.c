/* CLOCK_REALTIME and the vCPUs' TSCs are the same for all processes of a run. Processes that take turns share one clock (tree.c).
 * Otherwise, in mode offset, each process has its own clock, and they share how far the guest has moved them: this file. */
#include <errno.h>
#include <sys/mman.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/kernel/upcalls.h"
#include "timekeep/timekeep.h"

#define MSR_TSC_ADJUST 0x3bu

struct common_clock {
	int64_t wall_moved;            /* ns, the sum of all moves */
	uint64_t writes;               /* number of changes to the members below */
	uint64_t adjust[TK_MAX_VCPUS]; /* MSR 3BH, which moves with the TSC */
};

bool common_clock_share(struct process *process)
{
	if (tk_mode(process->clock) != TK_OFFSET)
		return true;
	process->time.common = mmap(NULL, sizeof(*process->time.common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (process->time.common == MAP_FAILED)
		return false;
	for (unsigned vcpu = 0; vcpu < tk_vcpus(process->clock); vcpu++)
		tk_rdmsr(process->clock, vcpu, clock_insns(process), MSR_TSC_ADJUST, &process->time.common->adjust[vcpu]);
	return true;
}

/* Gives absolute waits new deadlines. */
static void move_deadlines(struct process *process)
{
	int64_t shift = tk_wall_offset(process->clock, clock_insns(process));

	for (struct task *task = process->tasks; task; task = task->next)
		if (task->wait.on_wall)
			task->wait.deadline = task->wait.wall > shift ? (uint64_t)(task->wait.wall - shift) : 0;
	process->up->timer_wall_changed(process, shift);
	process->time.deadlines_changed = true;
}

static void follow_tscs(struct process *process)
{
	uint64_t writes = __atomic_load_n(&process->time.common->writes, __ATOMIC_SEQ_CST);

	if (writes == process->time.common_writes)
		return;
	process->time.common_writes = writes;
	for (unsigned vcpu = 0; vcpu < tk_vcpus(process->clock); vcpu++)
		tk_wrmsr(process->clock, vcpu, clock_insns(process), MSR_TSC_ADJUST, process->time.common->adjust[vcpu]);
	process->time.deadlines_changed = true;
}

static void follow_wall(struct process *process)
{
	int64_t moved = __atomic_load_n(&process->time.common->wall_moved, __ATOMIC_SEQ_CST);

	if (moved != process->time.wall_moved)
		tk_step_wall(process->clock, moved - process->time.wall_moved, clock_insns(process));
	process->time.wall_moved = moved;
}

void common_clock_follow(struct process *process)
{
	uint64_t generation;

	if (process->time.common) {
		follow_tscs(process);
		follow_wall(process);
	}
	generation = tk_wall_generation(process->clock);
	if (generation == process->time.wall_generation)
		return;
	process->time.wall_generation = generation;
	move_deadlines(process);
	tree_wall_changed(process);
}

int64_t wall_step(struct process *process, int64_t delta)
{
	if (tk_step_wall(process->clock, delta, clock_insns(process)) != TK_OK)
		return -EPERM; /* mode host: the clock is the host's and cannot be set */
	if (process->time.common) {
		__atomic_fetch_add(&process->time.common->wall_moved, delta, __ATOMIC_SEQ_CST);
		process->time.wall_moved += delta;
	}
	common_clock_follow(process);
	return 0;
}

void common_clock_tsc_written(struct process *process, unsigned vcpu)
{
	uint64_t adjust;

	if (!process->time.common || tk_rdmsr(process->clock, vcpu, clock_insns(process), MSR_TSC_ADJUST, &adjust) != TK_OK
		|| adjust == process->time.common->adjust[vcpu])
		return;
	__atomic_store_n(&process->time.common->adjust[vcpu], adjust, __ATOMIC_SEQ_CST);
	process->time.common_writes = __atomic_add_fetch(&process->time.common->writes, 1, __ATOMIC_SEQ_CST);
}

bool wall_may_be_set(const struct process *process)
{
	bool minds = process->up->timer_minds_wall(process);

	for (const struct task *task = process->tasks; task && !minds; task = task->next)
		minds = task->state == TASK_WAITING && task->wait.on_wall;
	return minds && process->time.common && process->show_pids;
}
