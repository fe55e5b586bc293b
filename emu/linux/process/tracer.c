/* A process that shares its parent's memory and traces its threads, and the requests of ptrace(2) that it makes. */
#include "emu/linux/process/tracer.h"

#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "emu/cpu/flags.h"
#include "emu/linux/kernel/peers.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/rows/calls.h"

/* --- beginning and end -------------------------------------------------------------------------------- */

bool tracer_wanted(const struct clone_request *request)
{
	uint64_t shared = CLONE_VM | CLONE_FS | CLONE_FILES;

	return (request->flags & ~(uint64_t)CLONE_UNTRACED) == shared && request->exit_signal == 0 && request->stack;
}

int64_t tracer_clone(struct task *task, const struct clone_request *request)
{
	struct process *process = task->process;
	struct tracer *tracer = calloc(1, sizeof(*tracer));
	int64_t id = tracer ? thread_clone(task, request) : -EAGAIN;

	if (id < 0) {
		free(tracer);
		return id;
	}
	memcpy(tracer->action, signal_actions(task), sizeof(tracer->action));
	tracer->id = (pid_t)id;
	tracer->next = process->tracers;
	process->tracers = tracer;
	task_find(process, (pid_t)id)->tracer = tracer;
	return id;
}

static void release(struct task *task)
{
	task->stopped_by = NULL;
	task->stop_told = false;
}

void tracer_exit(struct task *task, int status)
{
	for (struct task *other = task->process->tasks; other; other = other->next) {
		if (other->stopped_by == task->tracer)
			release(other);
		if (other->wait.child)
			task_wake(other, WAKE_READY);
	}
	task->tracer->ended = true;
	task->tracer->status = status;
	peers_thread_ended(task->process, task->tid);
	task->state = TASK_DEAD;
}

/* --- waiting ------------------------------------------------------------------------------------------ */

static int64_t report(struct task *task, const uint64_t arg[6], pid_t id, int status)
{
	return arg[1] && !space_write(&task->process->space, arg[1], &status, sizeof(status)) ? -EFAULT : id;
}

static int64_t wait_for_end(struct task *task, const uint64_t arg[6], struct tracer **link)
{
	struct tracer *tracer = *link;
	int64_t result;

	if (!((int)arg[2] & (__WALL | __WCLONE)))
		return -ECHILD;
	if (tracer->ended) {
		result = report(task, arg, tracer->id, tracer->status);
		*link = tracer->next;
		free(tracer);
		return result;
	}
	if ((int)arg[2] & WNOHANG)
		return 0;
	task->wait.child = true;
	result = wait_until(task, WAIT_FOREVER);
	return result == 0 ? wait_for_end(task, arg, link) : result;
}

int64_t tracer_wait(struct task *task, const uint64_t arg[6], bool *is_one)
{
	struct task *stopped = task_find(task->process, (pid_t)arg[0]);
	struct tracer **link = &task->process->tracers;

	*is_one = true;
	if (task->tracer && stopped && stopped->stopped_by == task->tracer && !stopped->stop_told) {
		stopped->stop_told = true;
		return report(task, arg, stopped->tid, SIGSTOP << 8 | 0x7f);
	}
	if (task->tracer) /* it has no children, and what it has stopped does not change its state again */
		return -ECHILD;
	while (*link && (*link)->id != (pid_t)arg[0])
		link = &(*link)->next;
	*is_one = *link;
	return *link ? wait_for_end(task, arg, link) : 0;
}

/* --- ptrace ------------------------------------------------------------------------------------------- */

static struct user_regs_struct registers_of(const struct task *task)
{
	const struct cpu *cpu = &task->cpu;

	return (struct user_regs_struct){
		.r15 = cpu->r[R15],
		.r14 = cpu->r[R14],
		.r13 = cpu->r[R13],
		.r12 = cpu->r[R12],
		.rbp = cpu->r[RBP],
		.rbx = cpu->r[RBX],
		.r11 = cpu->r[R11],
		.r10 = cpu->r[R10],
		.r9 = cpu->r[R9],
		.r8 = cpu->r[R8],
		.rax = cpu->r[RAX],
		.rcx = cpu->r[RCX],
		.rdx = cpu->r[RDX],
		.rsi = cpu->r[RSI],
		.rdi = cpu->r[RDI],
		.orig_rax = task->call.number,
		.rip = cpu->rip,
		.cs = 0x33,
		.eflags = rflags_get(cpu),
		.rsp = cpu->r[RSP],
		.ss = 0x2b,
		.fs_base = cpu->r[SLOT_FS_BASE],
		.gs_base = cpu->r[SLOT_GS_BASE],
	};
}

static int64_t get_register_set(struct task *task, const struct task *stopped, uint64_t type, uint64_t vector)
{
	struct space *space = &task->process->space;
	struct user_regs_struct registers = registers_of(stopped);
	struct iovec to;

	if (type != NT_PRSTATUS)
		return -EINVAL;
	if (!space_read(space, vector, &to, sizeof(to)))
		return -EFAULT;
	to.iov_len = to.iov_len < sizeof(registers) ? to.iov_len : sizeof(registers);
	if (!space_write(space, (uint64_t)to.iov_base, &registers, to.iov_len) || !space_write(space, vector, &to, sizeof(to)))
		return -EFAULT;
	return 0;
}

static int64_t peek(struct task *task, uint64_t address, uint64_t to)
{
	struct space *space = &task->process->space;
	uint64_t word;

	if (!space_peek(space, address, &word, sizeof(word)))
		return -EIO;
	return space_write(space, to, &word, sizeof(word)) ? 0 : -EFAULT;
}

static int64_t on_stopped(struct task *task, struct task *stopped, const uint64_t arg[6])
{
	struct user_regs_struct registers;

	switch (arg[0]) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA: return peek(task, arg[2], arg[3]);
	case PTRACE_GETREGS:
		registers = registers_of(stopped);
		return space_write(&task->process->space, arg[3], &registers, sizeof(registers)) ? 0 : -EFAULT;
	case PTRACE_GETREGSET: return get_register_set(task, stopped, arg[2], arg[3]);
	case PTRACE_CONT:
	case PTRACE_DETACH: release(stopped); return 0;
	default: return -EIO;
	}
}

/* For tracers. Others may not begin, and so have stopped nobody. */
int64_t sys_ptrace(struct task *task, const uint64_t arg[6])
{
	struct task *other = task_find(task->process, (pid_t)arg[1]);
	bool begins = arg[0] == PTRACE_ATTACH || arg[0] == PTRACE_SEIZE || arg[0] == PTRACE_TRACEME;

	if (!task->tracer)
		return begins ? -EPERM : -ESRCH;
	if (!other)
		return -ESRCH;
	if (arg[0] == PTRACE_ATTACH) {
		if (other->tracer || other->stopped_by)
			return -EPERM;
		other->stopped_by = task->tracer;
		return 0;
	}
	return other->stopped_by == task->tracer ? on_stopped(task, other, arg) : -ESRCH;
}
