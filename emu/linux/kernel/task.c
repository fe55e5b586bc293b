/* Threads: creating, finding, naming, waking and freeing them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "emu/cpu/fatal.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/observer.h"
#include "emu/linux/kernel/task.h"

/* MSR TSC_AUX: the node stands above the vCPU's number. */
enum { VCPUS_PER_NODE_SHIFT = 12 };

struct task *task_new(struct process *process, pid_t tid)
{
	struct task *task = aligned_alloc(64, (sizeof(*task) + 63) & ~(size_t)63);

	if (!task)
		return NULL;
	memset(task, 0, sizeof(*task));
	task->process = process;
	task->tid = tid;
	task->vfork.pipe = task->vfork.pages = -1;
	task->affinity = ~0ULL;
	wait_clear(&task->wait);
	task->cpu.clock = process->clock;
	return task;
}

struct task *task_find(struct process *process, pid_t tid)
{
	for (struct task *task = process->tasks; task; task = task->next)
		if (task->tid == tid && task->state != TASK_DEAD)
			return task;
	return NULL;
}

void task_get_name(const struct task *task, char name[16])
{
	if (task == task->process->tasks)
		prctl(PR_GET_NAME, name);
	else
		memcpy(name, task->name, sizeof(task->name));
}

void task_set_name(struct task *task, const char name[16])
{
	if (task == task->process->tasks)
		prctl(PR_SET_NAME, name);
	else
		snprintf(task->name, sizeof(task->name), "%s", name);
}

void task_free(struct task *task)
{
	for (unsigned k = 0; k < TIME_READ_KINDS; k++)
		task->process->counts.time_reads[k] += task->cpu.time_reads[k];
	wait_clear(&task->wait);
	pending_free(&task->signals.pending);
	OBSERVE(task->process, forget, task);
	free(task);
}

void task_keep_only(struct process *process, struct task *survivor)
{
	struct task *task = process->tasks;

	while (task) {
		struct task *next = task->next;

		if (task != survivor)
			task_free(task);
		task = next;
	}
	survivor->next = NULL;
	process->tasks = process->current = survivor;
}

/* --- ends, wakes --------------------------------------------------------------------------------------- */

void pending_free(struct pending_signal **list)
{
	while (*list) {
		struct pending_signal *entry = *list;

		*list = entry->next;
		free(entry);
	}
}

void task_wake(struct task *task, enum wake why)
{
	CHECK(why != WAKE_NOT_YET);
	if (task->state != TASK_WAITING || (why == WAKE_SIGNAL && task->wait.uninterruptible))
		return;
	task->state = TASK_RUNNABLE;
	task->wait.wake = why;
	task->process->time.deadlines_changed = true;
}

void process_end(struct process *process, int status)
{
	if (process->exiting)
		return;
	process->exiting = true;
	process->exit_status = status;
}

uint32_t task_node(const struct task *task)
{
	return tk_aux(task->process->clock, task->cpu.vcpu) >> VCPUS_PER_NODE_SHIFT;
}
