/* CLOCK_REALTIME is one for all processes of a run. Where they take turns they share the clock (tree.c); in mode offset each has its own
 * else, and what they share is by how much it was set. */
#include <errno.h>
#include <sys/mman.h>

#include "emu/linux/schedule.h"
#include "emu/linux/timer.h"
#include "emu/linux/tree.h"
#include "timekeep/timekeep.h"

struct wall {
	int64_t moved; /* ns by which the guest has moved the clock, in all */
};

bool wall_share(struct process *process)
{
	if (tk_mode(process->clock) != TK_OFFSET)
		return true;
	process->wall = mmap(NULL, sizeof(*process->wall), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return process->wall != MAP_FAILED;
}

/* Absolute waits have new deadlines. */
static void move_deadlines(struct process *process)
{
	int64_t shift = tk_wall_offset(process->clock, clock_insns(process));

	for (struct task *task = process->tasks; task; task = task->next)
		if (task->wait.on_wall)
			task->wait.deadline = task->wait.wall > shift ? (uint64_t)(task->wait.wall - shift) : 0;
	timer_wall_changed(process, shift);
	process->deadlines_changed = true;
}

void wall_follow(struct process *process)
{
	int64_t moved = process->wall ? __atomic_load_n(&process->wall->moved, __ATOMIC_SEQ_CST) : 0;
	uint64_t generation;

	if (moved != process->wall_moved)
		tk_step_wall(process->clock, moved - process->wall_moved, clock_insns(process));
	process->wall_moved = moved;
	generation = tk_wall_generation(process->clock);
	if (generation == process->wall_generation)
		return;
	process->wall_generation = generation;
	move_deadlines(process);
	tree_wall_changed(process);
}

int64_t wall_step(struct process *process, int64_t delta)
{
	if (tk_step_wall(process->clock, delta, clock_insns(process)) != TK_OK)
		return -EPERM; /* mode host: the clock is the host's, and read only */
	if (process->wall) {
		__atomic_fetch_add(&process->wall->moved, delta, __ATOMIC_SEQ_CST);
		process->wall_moved += delta;
	}
	wall_follow(process);
	return 0;
}

bool wall_may_be_set(const struct process *process)
{
	bool minds = timer_minds_wall(process);

	for (const struct task *task = process->tasks; task && !minds; task = task->next)
		minds = task->state == TASK_WAITING && task->wait.on_wall;
	return minds && process->wall && process->show_pids;
}
