/* The scheduler. Threads take turns in slices counted in instructions, so the same inputs give the same interleaving; a slice is
 * cut short by the next virtual deadline, exactly. */
#include <inttypes.h>
#include <asm/unistd_64.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "decode/decode.h"
#include "emu/linux/child.h"
#include "emu/linux/insn_trace.h"
#include "emu/linux/process.h"
#include "emu/linux/schedule.h"
#include "emu/linux/signal.h"
#include "emu/linux/syscall.h"
#include "emu/linux/thread.h"
#include "emu/linux/tree.h"
#include "emu/linux/tty.h"
#include "timekeep/timekeep.h"

/* A slice's end costs a few host calls. Measured on a loop of 1.5 x 10^9 instructions (1.4 to 2 s): slices of 20,000 instructions cost 2 %
 * in system time, slices of 200,000 less than 0.3 %, which is below the noise. */
enum { SLICE_INSNS = 200000, DEADLOCK_STATUS = 125, SHARED_FUTEX_NS = 1000000 };
enum { NS_PER_S = 1000000000 };
#define ENDLESS_NS (INT64_C(1) << 60) /* 36 years */

void task_wake(struct task *task, enum wake why)
{
	if (task->state != TASK_WAITING || (why == WAKE_SIGNAL && task->wait.uninterruptible))
		return;
	task->state = TASK_RUNNABLE;
	task->wait.wake = why;
	task->process->deadlines_changed = true;
}

void process_end(struct process *process, int status)
{
	if (process->exiting)
		return;
	process->exiting = true;
	process->exit_status = status;
}

void process_stop(struct process *process, int number)
{
	tree_stop(process);
	signal_host_default(number);
	tree_continue(process);
	signal_host_collect(process);
}

/* --- running ----------------------------------------------------------------------------------------- */

/* Only an interrupted call leaves its temporary mask to the delivery (restore_saved_sigmask_unless()). */
static void put_back_mask(struct task *task, int64_t result)
{
	if (!task->restore_mask || result == -EINTR || (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK))
		return;
	task->restore_mask = false;
	signal_set_mask(task, task->saved_mask);
}

static void make_syscall(struct task *task)
{
	int64_t result = syscall_dispatch(task);
	bool read = task->syscall_number == __NR_read || task->syscall_number == __NR_readv;

	if (read && (result == -EIO || result == SYSCALL_WAIT)) {
		result = tty_read_result(task, (int)task->cpu.r[RDI], result);
		if (result != SYSCALL_WAIT)
			task->cpu.r[RAX] = (uint64_t)result;
	}
	if (result == SYSCALL_WAIT) {
		task->state = TASK_WAITING;
		task->process->deadlines_changed = true;
		if (signal_deliverable(task))
			task_wake(task, WAKE_SIGNAL);
		return;
	}
	if (result == -ERESTART_RESTARTBLOCK)
		task->restart_deadline = task->wait.deadline;
	wait_clear(&task->wait);
	if (result == -EPIPE || result == -EFBIG)
		signal_host_collect(task->process); /* SIGPIPE, SIGXFSZ: sent to ourselves within the call */
	put_back_mask(task, result);
	task->in_syscall = result != SYSCALL_NO_RESULT;
}

/* An instruction of the SDM that this emulator lacks: the guest gets its SIGILL, a person one line. */
static void log_unknown_instruction(struct task *task)
{
	uint8_t bytes[DECODE_MAX_LENGTH];
	struct decoded decoded;
	char text[128], hex[3 * DECODE_MAX_LENGTH + 1] = "";
	size_t size = space_fetchable(&task->process->space, task->cpu.rip);

	size = size < sizeof bytes ? size : sizeof bytes;
	if (task->cpu.exception.vector != VECTOR_UD || !space_read(&task->process->space, task->cpu.rip, bytes, size)
	    || decode(bytes, size, task->cpu.rip, &decoded) != DECODE_OK || decoded.op == OP_UD2 || decoded.op == OP_UD1
	    || decoded.op == OP_UD0)
		return;
	decode_text(bytes, size, task->cpu.rip, text, sizeof text);
	for (unsigned k = 0; k < decoded.length; k++)
		snprintf(hex + 3 * k, 4, "%02x ", bytes[k]);
	log_line(task->process->options, LOG_WARNING, "undefined instruction at 0x%" PRIx64 ": %s %s (not implemented, or not in --cpu=%s)",
	         task->cpu.rip, hex, text, task->process->options->cpu);
}

static uint64_t run_guest(struct task *task, uint64_t budget)
{
	struct process *process = task->process;
	int64_t before = clock_now(process);
	enum cpu_exit exit;
	uint64_t count;

	task->fault.resume_flag = false;
	task->cpu.clock_base = clock_insns(process);
	exit = process->insn_trace ? insn_trace_step(task) : cpu_run(&task->cpu, process->blocks, budget);
	count = cpu_count(&task->cpu, 0);
	clock_account(task, count, before);
	if (exit == EXIT_SYSCALL) {
		task->syscall_number = task->cpu.r[RAX];
		process->syscalls++;
		make_syscall(task);
	} else if (exit == EXIT_EXCEPTION) {
		log_unknown_instruction(task);
		signal_exception(task);
	} else if (exit == EXIT_RESUME) {
		pvclock_refresh(process); /* a WRMSR may have moved the TSC */
	}
	return count;
}

static bool needs_delivery(const struct task *task)
{
	return task->in_syscall || task->restore_mask || task->pending || task->process->pending;
}

static void run_slice(struct task *task)
{
	struct process *process = task->process;
	uint64_t left = SLICE_INSNS;

	process->current = task;
	process->yielded = false;
	while (task->state == TASK_RUNNABLE && !process->exiting && !process->yielded && left > 0) {
		uint64_t budget, ran;

		if (task->wait.wake != WAKE_NOT_YET) {
			make_syscall(task);
			continue;
		}
		if (process->signals_due)
			signal_host_collect(process);
		if (needs_delivery(task)) {
			signal_deliver(task);
			if (process->exiting)
				return;
		}
		budget = clock_budget(process);
		if (budget == 0)
			return;
		ran = run_guest(task, budget < left ? budget : left);
		left -= ran < left ? ran : left;
	}
}

/* --- choosing ---------------------------------------------------------------------------------------- */

/* Frees the threads that have ended; the leader stays until the process ends, as the kernel's zombie leader does. */
static void free_dead(struct process *process)
{
	struct task **link = &process->tasks->next;

	while (*link) {
		struct task *task = *link;

		if (task->state != TASK_DEAD) {
			link = &task->next;
			continue;
		}
		*link = task->next;
		if (process->current == task)
			process->current = process->tasks;
		task_free(task);
	}
}

static struct task *next_runnable(struct process *process)
{
	struct task *start = process->current, *task = start;

	do {
		task = task->next ? task->next : process->tasks;
		if (task->state == TASK_RUNNABLE)
			return task;
	} while (task != start);
	return NULL;
}

/* --- nobody can run ---------------------------------------------------------------------------------- */

static void describe_wait(const struct task *task, char *text, size_t size)
{
	const struct wait *wait = &task->wait;

	if (wait->futex)
		snprintf(text, size, "the futex at 0x%llx", (unsigned long long)wait->futex);
	else if (wait->signals)
		snprintf(text, size, "one of the signals 0x%llx", (unsigned long long)wait->signals);
	else
		snprintf(text, size, "a signal");
}

static void report_deadlock(struct process *process)
{
	log_line(process->options, LOG_ERROR, "deadlock: every thread waits, no timer is armed, and nothing outside can end it");
	for (struct task *task = process->tasks; task; task = task->next) {
		char text[64];

		if (task->state == TASK_DEAD)
			continue;
		describe_wait(task, text, sizeof(text));
		log_line(process->options, LOG_ERROR, "  thread %d, in system call %llu at 0x%llx, waits for %s", (int)task->tid,
		         (unsigned long long)task->syscall_number, (unsigned long long)task->cpu.rip, text);
	}
	process_end(process, DEADLOCK_STATUS << 8);
}

static unsigned count_fds(const struct process *process)
{
	unsigned count = 0;

	for (const struct task *task = process->tasks; task; task = task->next)
		if (task->state == TASK_WAITING)
			count += task->wait.fds;
	return count;
}

/* Whether something that is no timer can end the wait. A signal from outside always can, but with sleep=off a thread that waits
 * for nothing else would never be told from a deadlock. */
static bool external_wait(const struct process *process)
{
	if (!tk_sleep_off(process->clock))
		return true;
	return process->tree ? tree_external(process) : count_fds(process) > 0 || child_exists();
}

/* The descriptors of all waiting threads, and the signals' last. */
static struct turn_end gather(struct process *process)
{
	struct turn_end end = { .fds = calloc(count_fds(process) + 1, sizeof(*end.fds)) };

	if (!end.fds)
		return end;
	for (struct task *task = process->tasks; task; task = task->next) {
		if (task->state != TASK_WAITING || task->wait.fds == 0)
			continue;
		memcpy(end.fds + end.count, task->wait.fd, task->wait.fds * sizeof(*end.fds));
		end.count += task->wait.fds;
	}
	end.fds[end.count++] = (struct pollfd){ .fd = signal_host_fd(process), .events = POLLIN };
	return end;
}

static void wake_ready(struct process *process, const struct pollfd *all)
{
	for (struct task *task = process->tasks; task; task = task->next) {
		unsigned fds = task->wait.fds;
		bool ready = false;

		if (task->state != TASK_WAITING)
			continue;
		for (unsigned i = 0; i < fds; i++)
			ready = ready || all[i].revents;
		all += fds;
		if (ready)
			task_wake(task, WAKE_READY);
	}
}

static int64_t host_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ppoll(2) for `ns`. The system call, unlike libc's function, leaves in its argument what remained of that, and when it was stopped it goes
 * on with what remained: so the time that neither remains nor was waited for was a stop, in ns in `stopped`. */
static int poll_for(const struct turn_end *end, int64_t ns, int64_t *stopped)
{
	struct timespec limit = { ns / NS_PER_S, ns % NS_PER_S };
	int64_t began = host_monotonic();
	int ready = (int)syscall(SYS_ppoll, end->fds, end->count, &limit, NULL, (size_t)0);

	*stopped = host_monotonic() - began - (ns - limit.tv_sec * NS_PER_S - limit.tv_nsec);
	return ready;
}

/* Waits on the host for at most `ns` (negative: without end). True: something came. */
static bool wait_on_host(struct process *process, int64_t ns)
{
	struct turn_end end = gather(process);
	int ready;

	if (!end.fds)
		return false;
	ready = ns == 0 ? poll(end.fds, end.count, 0) : poll_for(&end, ns < 0 ? ENDLESS_NS : ns, &process->stop.waited_ns);
	if (ready > 0)
		wake_ready(process, end.fds);
	free(end.fds);
	return ready > 0;
}

static void idle(struct process *process)
{
	int64_t wait_ns = -1;
	bool came, capped;

	switch (tk_idle_begin(process->clock, clock_insns(process), external_wait(process), &wait_ns)) {
	case TK_IDLE_DEADLOCK:
		if (!tree_somebody_runs(process))
			report_deadlock(process);
		return;
	case TK_IDLE_FOREVER:
		wait_ns = -1;
		break;
	case TK_IDLE_WAIT:
		break;
	}
	/* Nobody tells us of a write to memory that other processes share: look now and then. In a tree nobody writes now. */
	capped = !process->tree && futex_waits_shared(process) && (wait_ns < 0 || wait_ns > SHARED_FUTEX_NS);
	if (capped)
		wait_ns = SHARED_FUTEX_NS;
	if (tree_somebody_runs(process))
		wait_ns = 0;
	tree_watch(process, wait_ns != 0);
	process->stop.idle = wait_ns != 0;
	came = wait_on_host(process, wait_ns);
	tree_watch(process, false);
	tk_idle_end(process->clock, clock_insns(process), came || capped ? TK_WAKE_EXTERNAL : TK_WAKE_TIMER);
	clock_now(process);
	process->stop.idle = false;
}

static void poll_waiting(struct process *process)
{
	futex_poll_shared(process);
	if (count_fds(process) > 0)
		wait_on_host(process, 0);
}

/* Lets the tree's other processes run; `ran`: this one has used its turn. True: none can, nor can this one. */
static bool take_turns(struct process *process, bool ran)
{
	bool blocked = !process->exiting && !next_runnable(process), idle;
	struct turn_end end;

	if (process->exiting || !process->tree)
		return blocked;
	end = gather(process);
	end.blocked = blocked;
	end.ran = ran;
	end.watches_memory = futex_waits_shared(process);
	idle = end.fds && tree_take_turns(process, &end);
	free(end.fds);
	return idle;
}

/* Lets real time catch up, for align=on. */
static void let_host_catch_up(int64_t ns)
{
	struct timespec wait = { ns / 1000000000, ns % 1000000000 };

	if (ns > 0)
		nanosleep(&wait, NULL);
}

int process_run(struct process *process)
{
	while (!process->exiting) {
		struct task *task;

		signal_host_collect(process);
		let_host_catch_up(tk_tick(process->clock, clock_insns(process)));
		clock_expire(process);
		pvclock_refresh(process);
		free_dead(process);
		poll_waiting(process);
		task = next_runnable(process);
		if (task)
			run_slice(task);
		clock_arm(process);
		if (take_turns(process, task))
			idle(process);
	}
	return process->exit_status;
}
