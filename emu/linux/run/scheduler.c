/* The scheduler. Threads take turns in slices counted in instructions, so the same inputs give the same interleaving. The next virtual
 * deadline cuts a slice short, to the exact instruction. */
#include <inttypes.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decode/decode.h"
#include "emu/cpu/fatal.h"
#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/process/futex.h"
#include "emu/linux/process/policy.h"
#include "emu/linux/process/priority.h"
#include "emu/linux/process/thread.h"
#include "emu/linux/process/vsyscall.h"
#include "emu/linux/rows/syscall.h"
#include "emu/linux/run/idle.h"
#include "emu/linux/run/insn_trace.h"
#include "emu/linux/run/process.h"
#include "emu/linux/run/slice.h"
#include "emu/linux/signal/rseq.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/time/pause.h"
#include "emu/linux/time/pvclock.h"
#include "emu/linux/kernel/observer.h"
#include "emu/linux/kernel/written.h"
#include "emu/translate/verify.h"
#include "timekeep/timekeep.h"

/* --- running ----------------------------------------------------------------------------------------- */

/* Only an interrupted call leaves its temporary mask for signal_deliver to restore (restore_saved_sigmask_unless()). */
static void put_back_mask(struct task *task, int64_t result)
{
	if (!task->signals.restore_mask || result == -EINTR || (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK))
		return;
	task->signals.restore_mask = false;
	signal_set_mask(task, task->signals.saved_mask);
}

/* Makes a system call, in the host thread that has the thread's credentials. Returns its cost in instructions of the slice. */
static uint64_t syscall_in_host_thread(struct task *task)
{
	const struct cpu *cpu = &task->cpu;
	const uint64_t arg[6] = { cpu->r[RDI], cpu->r[RSI], cpu->r[RDX], cpu->r[R10], cpu->r[R8], cpu->r[R9] };
	int64_t result = syscall_dispatch(task);
	uint64_t cost = slice_cost_of_call(task->call.number, result);

	OBSERVE(task->process, result, task, (uint32_t)task->call.number, arg, result);
	if (result == SYSCALL_WAIT) {
		task->state = TASK_WAITING;
		task->process->time.deadlines_changed = true;
		rseq_interrupt(task);
		if (signal_deliverable(task))
			task_wake(task, WAKE_SIGNAL);
		return cost;
	}
	if (result == -ERESTART_RESTARTBLOCK)
		task->call.restart_deadline = task->wait.deadline;
	if (task->wait.begun)
		task->process->signals.due |= task->process->signals.signalfd_set != 0;
	wait_clear(&task->wait);
	if (result == -EPIPE || result == -EFBIG)
		signal_host_collect(task->process); /* SIGPIPE and SIGXFSZ, which the call has raised in this process */
	task->process->signals.due |= task->process->signals.calls_signal;
	put_back_mask(task, result);
	task->call.restartable = result != SYSCALL_NO_RESULT;
	return cost;
}

static uint64_t make_syscall(struct task *task)
{
	struct process *process = task->process;
	uint64_t cost;

	host_thread_enter(task);
	cost = syscall_in_host_thread(task);
	if (task->host && process->signals.signalfd_set)
		signal_host_collect(process); /* signals for this host thread that no signalfd is to show any more */
	host_thread_leave(process);
	return cost;
}

/* A call that changes nothing but its result is made without leaving cpu_run. */
static bool answer(struct cpu *cpu)
{
	struct task *task = (struct task *)cpu;

	_Static_assert(offsetof(struct task, cpu) == 0, "a task begins with its CPU");
	if (!syscall_is_quick(cpu->r[RAX]))
		return false;
	clock_run_reached(task);
	task->call.number = cpu->r[RAX];
	task->process->counts.syscalls++;
	syscall_dispatch(task);
	return true;
}

/* An instruction of the SDM that the emulator lacks: the guest gets SIGILL, and the log one line. */
static void log_unknown_instruction(struct task *task)
{
	uint8_t bytes[DECODE_MAX_LENGTH];
	struct decoded decoded;
	char text[128], hex[3 * DECODE_MAX_LENGTH + 1] = "";
	size_t size = space_fetchable(&task->process->space, task->cpu.rip);

	size = size < sizeof(bytes) ? size : sizeof(bytes);
	if (task->cpu.exception.vector != VECTOR_UD || !space_read(&task->process->space, task->cpu.rip, bytes, size)
		|| decode(bytes, size, task->cpu.rip, &decoded) != DECODE_OK || decoded.op == OP_UD2 || decoded.op == OP_UD1
		|| decoded.op == OP_UD0)
		return;
	decode_text(bytes, size, task->cpu.rip, text, sizeof(text));
	for (unsigned k = 0; k < decoded.length; k++)
		snprintf(hex + 3 * k, 4, "%02x ", bytes[k]);
	log_line(task->process->options, LOG_WARNING, "undefined instruction at 0x%" PRIx64 ": %s %s (not implemented, or not in --cpu=%s)",
		task->cpu.rip, hex, text, task->process->options->cpu);
}

/* Tells the clock of an event. With align=on, waits until real time has caught up. */
static void tick(struct process *process)
{
	int64_t ns = tk_tick(process->clock, clock_insns(process));
	struct timespec wait = timespec_of(ns);

	if (ns > 0)
		nanosleep(&wait, NULL);
}

/* As cpu_run, in the way that the options ask for. Where --verify finds a difference, the run ends with SIGABRT. */
static enum cpu_exit run_cpu(struct task *task, uint64_t budget)
{
	struct process *process = task->process;
	enum cpu_exit exit;

	if (process->insn_trace)
		return insn_trace_step(task);
	if (!process->verify)
		return cpu_run(&task->cpu, process->blocks, budget);
	if (!verify_run(process->verify, &task->cpu, budget, &exit, stderr))
		abort();
	return exit;
}

/* Runs at most `budget` instructions, up to a system call, which it makes. Returns the call's cost in instructions of the slice. */
static uint64_t run_guest(struct task *task, uint64_t budget)
{
	struct process *process = task->process;
	enum cpu_exit exit;
	uint64_t count;

	task->signals.fault.resume_flag = false;
	task->cpu.answer = process->insn_trace || process->verify || observer_sees_calls(process) ? NULL : answer;
	clock_run_begin(task);
	OBSERVE(process, resume, task);
	exit = run_cpu(task, budget);
	count = cpu_count(&task->cpu, 0);
	clock_run_end(task);
	OBSERVE(process, stop, task, exit);
	if (exit == EXIT_WORLD) {
		clock_run_begin(task);
		exit = cpu_run_one(&task->cpu, process->blocks);
		clock_run_end(task);
		OBSERVE(process, advance, task, cpu_count(&task->cpu, 0));
		count += cpu_count(&task->cpu, 0);
	}
	if (exit == EXIT_SYSCALL) {
		task->call.number = task->cpu.r[RAX];
		process->counts.syscalls++;
		count += make_syscall(task);
		tick(process);
		common_clock_follow(process); /* the call may have brought news of another process */
	} else if (exit == EXIT_EXCEPTION) {
		log_unknown_instruction(task);
		if (!vsyscall_emulate(task))
			signal_exception(task);
	} else if (exit == EXIT_PAUSE) {
		pause_begin(task);
	} else if (exit == EXIT_AGAIN) {
		process->turn.yielded = true;
	} else if (exit == EXIT_RESUME) {
		pvclock_msr_written(process, task->cpu.vcpu, (uint32_t)task->cpu.r[RCX]);
	}
	return count;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool needs_delivery(const struct task *task)
{
	return task->call.restartable || task->signals.restore_mask || task->signals.pending || task->process->signals.pending;
}

static bool is_listed(const struct task *task)
{
	const struct task *other = task->process->tasks;

	while (other && other != task)
		other = other->next;
	return other;
}

static void run_slice(struct task *task)
{
	struct process *process = task->process;
	struct slice slice = slice_of(process);

	slice.insns = policy_share(task, slice.insns);
	if (task == process->turn.favoured)
		slice.insns = process->turn.slice_left;
	CHECK(is_listed(task) && (!process->current || is_listed(process->current)));
	CHECK(tree_has_turn(process));
	if (process->current != task)
		rseq_interrupt(process->current);
	process->current = task;
	process->turn.favoured = NULL;
	priority_place(task);
	process->turn.yielded = false;
	if (process->show_pids) { /* other processes have run since */
		space_shared_changed(&process->space);
		written_look(process);
	}
	while (task->state == TASK_RUNNABLE && !process->exiting && !process->turn.yielded && !slice_is_over(process, &slice)) {
		uint64_t budget;

		if (task->wait.wake != WAKE_NOT_YET) {
			if (task->wait.pause)
				pause_end(task);
			else
				slice_use(&slice, make_syscall(task));
			continue;
		}
		if (process->signals.due)
			signal_host_collect(process);
		if (needs_delivery(task)) {
			signal_deliver(task);
			if (process->exiting)
				return;
		}
		if (task->rseq.due && !rseq_resume(task)) {
			signal_force_segv(task, 0);
			continue;
		}
		budget = least(clock_budget(process), observe_budget(process));
		if (budget == 0)
			break;
		slice_use(&slice, run_guest(task, least(budget, slice.insns)));
	}
	process->turn.slice_left = slice.insns ? slice.insns : 1;
}

/* --- choosing ---------------------------------------------------------------------------------------- */

/* Frees the threads that have ended. The leader stays until the process ends, like the kernel's zombie leader. The turn of one that has
 * ended is the turn of the one before it, so that the one after it is next: if the list began again, its first threads would starve. */
static void free_dead(struct process *process)
{
	struct task *before = process->tasks, *task;

	while ((task = before->next)) {
		if (task->state != TASK_DEAD) {
			before = task;
			continue;
		}
		before->next = task->next;
		OBSERVE(process, task_end, task);
		if (process->current == task)
			process->current = before;
		if (process->turn.favoured == task)
			process->turn.favoured = NULL;
		task_free(task);
	}
	host_threads_sweep(process);
}

/* While a thread waits in vfork(2), the others must not run: vfork.c. */
static bool may_run(const struct task *task)
{
	const struct task *in_vfork = task->process->turn.in_vfork;

	return task->state == TASK_RUNNABLE && !task->stopped_by && (!in_vfork || in_vfork == task);
}

static struct task *next_runnable(struct process *process)
{
	struct task *start = process->current, *task = start;

	if (process->turn.favoured && may_run(process->turn.favoured))
		return process->turn.favoured;
	if (may_run(start) && policy_goes_on(start))
		return start;
	do {
		task = task->next ? task->next : process->tasks;
		if (may_run(task) && !policy_waits(task))
			return task;
	} while (task != start);
	return NULL;
}

/* Lets other processes of the tree run. `ran`: this process has used its turn. Returns true if no process of the tree can run. */
static bool take_turns(struct process *process, bool ran)
{
	bool blocked = !process->exiting && !next_runnable(process), idle;
	struct turn_end end;

	policy_tell(process, blocked);
	if (process->exiting || !process->tree)
		return blocked;
	end = idle_gather(process);
	end.blocked = blocked;
	end.ran = ran;
	end.watches_memory = process->turn.lines_watched;
	idle = end.fds && tree_take_turns(process, &end);
	free(end.fds);
	return idle;
}

int process_run(struct process *process)
{
	while (!process->exiting) {
		struct task *task;

		signal_host_collect(process);
		if (tree_stop_asked(process))
			process_stop(process, SIGSTOP);
		tick(process);
		clock_expire(process);
		pvclock_refresh(process);
		free_dead(process);
		idle_poll(process);
		policy_look(process);
		task = next_runnable(process);
		if (task)
			run_slice(task);
		robust_note(process);
		OBSERVE(process, between, process);
		clock_arm(process);
		if (take_turns(process, task))
			idle_wait(process);
	}
	return process->exit_status;
}
