/* Beginning and end of threads: clone(2) within a process, exit(2), robust lists. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "emu/cpu/flags.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/process/futex.h"
#include "emu/linux/process/thread.h"
#include "emu/linux/process/tracer.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/signal/rseq.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/kernel/observer.h"

enum { ROBUST_LIST_SIZE = 24 };

/* --- beginning --------------------------------------------------------------------------------------- */

void clone_apply(struct task *child, const struct clone_request *request)
{
	child->cpu.r[RAX] = 0;
	if (request->stack)
		child->cpu.r[RSP] = request->stack;
	if (request->flags & CLONE_SETTLS)
		child->cpu.r[SLOT_FS_BASE] = request->tls;
	if (request->flags & CLONE_CHILD_SETTID)
		space_write(&child->process->space, request->child_tid, &child->tid, sizeof(child->tid));
	child->end.clear_child_tid = request->flags & CLONE_CHILD_CLEARTID ? request->child_tid : 0;
	child->end.robust_list = 0;
	if (request->flags & CLONE_VM)
		child->rseq = (struct rseq_area){ 0 };
	rseq_interrupt(child);
	if ((request->flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		child->signals.altstack = (stack_t){ .ss_flags = SS_DISABLE };
}

/* vCPUs are assigned in turn, among those on which the thread may run. */
static unsigned choose_vcpu(const struct task *task)
{
	unsigned vcpus = task->process->options->vcpus, vcpu = task->process->threads_started % vcpus;

	while (!(task->affinity & 1ULL << vcpu))
		vcpu = (vcpu + 1) % vcpus;
	return vcpu;
}

int64_t thread_clone(struct task *task, const struct clone_request *request)
{
	struct process *process = task->process;
	struct task *child = task_new(process, pids_new_thread(process)), *last = process->tasks;

	if (!child)
		return -EAGAIN;
	if (!host_thread_inherit(child, task)) {
		task_free(child);
		return -EAGAIN;
	}
	memcpy(&child->cpu, &task->cpu, sizeof(child->cpu));
	child->cpu.monitor = (struct monitor){ 0 };
	memset(child->cpu.time_reads, 0, sizeof(child->cpu.time_reads));
	child->signals.mask = task->signals.mask;
	child->affinity = task->affinity;
	child->signals.altstack = task->signals.altstack;
	task_get_name(task, child->name);
	process->threads_started++;
	child->cpu.vcpu = choose_vcpu(child);
	clone_apply(child, request);
	if (request->flags & CLONE_PARENT_SETTID)
		space_write(&process->space, request->parent_tid, &child->tid, sizeof(child->tid));
	while (last->next)
		last = last->next;
	last->next = child;
	peers_thread_began(process, child->tid);
	return child->tid;
}

/* --- end --------------------------------------------------------------------------------------------- */

void task_release_memory(struct task *task)
{
	uint32_t zero = 0;

	robust_release(task);
	if (task->end.clear_child_tid && space_write(&task->process->space, task->end.clear_child_tid, &zero, sizeof(zero)))
		futex_wake(task->process, task->end.clear_child_tid, 1);
	task->end.clear_child_tid = 0;
}

static bool any_alive(const struct process *process)
{
	for (const struct task *task = process->tasks; task; task = task->next)
		if (task->state != TASK_DEAD && !task->tracer)
			return true;
	return false;
}

int64_t sys_exit(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	int status = (int)(arg[0] & 0xff) << 8;

	task_release_memory(task);
	if (task->tracer) {
		tracer_exit(task, status);
		return SYSCALL_NO_RESULT;
	}
	peers_thread_ended(process, task->tid);
	task->state = TASK_DEAD;
	if (task == process->tasks)
		process->exit_status = status;
	if (!any_alive(process))
		process_end(process, process->exit_status);
	return SYSCALL_NO_RESULT;
}

int64_t sys_exit_group(struct task *task, const uint64_t arg[6])
{
	if (task->tracer)
		return sys_exit(task, arg);
	task_release_memory(task);
	process_end(task->process, (int)(arg[0] & 0xff) << 8);
	return SYSCALL_NO_RESULT;
}

int64_t sys_set_tid_address(struct task *task, const uint64_t arg[6])
{
	task->end.clear_child_tid = arg[0];
	return task->tid;
}

int64_t sys_set_robust_list(struct task *task, const uint64_t arg[6])
{
	if (arg[1] != ROBUST_LIST_SIZE)
		return -EINVAL;
	task->end.robust_list = arg[0];
	task->end.robust_list_size = arg[1];
	return 0;
}

int64_t sys_get_robust_list(struct task *task, const uint64_t arg[6])
{
	struct space *space = &task->process->space;
	struct task *other = arg[0] ? task_find(task->process, (pid_t)arg[0]) : task;
	uint64_t size = ROBUST_LIST_SIZE;

	if (!other)
		return -ESRCH;
	if (!space_write(space, arg[2], &size, sizeof(size))
		|| !space_write(space, arg[1], &other->end.robust_list, sizeof(other->end.robust_list)))
		return -EFAULT;
	return 0;
}
