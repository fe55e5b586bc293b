/* Beginning and end of a process. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/cpu/model.h"
#include "emu/linux/file/device.h"
#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/observer.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/kernel/upcalls.h"
#include "emu/linux/process/child.h"
#include "emu/linux/process/fork.h"
#include "emu/linux/process/futex.h"
#include "emu/linux/run/process.h"
#include "emu/linux/run/strace.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/time/timer.h"
#include "emu/translate/translate.h"
#include "emu/translate/verify.h"
#include "emu/linux/kernel/observer.h"
#include "emu/linux/kernel/written.h"
#include "timekeep/timekeep.h"

static bool take_clock(struct process *process, const struct tk *clock)
{
	process->clock = malloc(sizeof(*process->clock));
	if (!process->clock)
		return false;
	*process->clock = *clock;
	clock_watch_stops(process);
	process->time.clock_insns = &process->time.own_insns;
	if (tk_mode(clock) == TK_ICOUNT || process->options->one_at_a_time)
		return tree_create(process);
	return common_clock_share(process);
}

static const struct upcalls upcalls = {
	.timer_next_deadline = timer_next_deadline,
	.timer_may_be_set = timer_may_be_set,
	.timer_expire = timer_expire,
	.timer_expire_cpu = timer_expire_cpu,
	.timer_cpu_budget = timer_cpu_budget,
	.timer_wall_changed = timer_wall_changed,
	.timer_minds_wall = timer_minds_wall,
	.timer_count = timer_count,
	.timer_signal_taken = timer_signal_taken,
	.host_signal = signal_host_deliver,
	.child_changed = child_signal,
	.can_map = device_can_map,
	.row = syscall_find,
	.signal_taken = strace_signal,
};

struct process *process_create(struct options *options, const struct tk *clock)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->up = &upcalls;
	process->options = options;
	hidden_choose();
	process->signals.fd = process->vfork.pipe = process->vfork.pages = -1;
	process->pid = getpid();
	process->time.deadline = WAIT_FOREVER;
	if (!take_clock(process, clock) || !written_share(process))
		return NULL;
	if (!peers_create(process) || !futex_tables_create(process))
		return NULL;
	process->tasks = process->current = task_new(process, process->pid);
	if (!process->tasks)
		return NULL;
	limits_begin(process);
	space_init(&process->space);
	process->blocks = blocks_create(&process->space);
	if (!process->blocks)
		return NULL;
	translate_attach(process->blocks,
		&(struct translate_config){
			.code_bytes = options->hostile.code_bytes,
			.unlinked = options->hostile.unlinked,
			.wrong = (unsigned)options->hostile.wrong,
			.dump = &process->dump_code,
		});
	blocks_configure(process->blocks,
		&(struct blocks_config){
			.max_insns = (unsigned)options->hostile.block_insns,
			.arena_bytes = options->hostile.arena_bytes,
			.hot_after = options->interpret ? (unsigned)BLOCKS_NEVER_HOT : (unsigned)options->hostile.hot_after,
			.budget = options->hostile.budget,
		});
	process->verify = options->verify ? verify_create(&process->space, process->blocks) : NULL;
	if (options->verify && !process->verify)
		log_line(options, LOG_WARNING, "--verify: this build translates nothing, so there is nothing to compare");
	process->threads_started = 1;
	peers_thread_began(process, process->pid);
	process->tasks->cpu.model = cpu_model_find(options->cpu);
	process->tasks->cpu.msr_allowed = options->msr_allow;
	process->tasks->cpu.pvclock = options->pvclock;
	process->tasks->cpu.rdtscp_disabled = !tk_has_rdtscp(process->clock);
	fpstate_reset(&process->tasks->cpu);
	signal_host_take(process);
	return signal_host_fd(process) >= 0 ? process : NULL;
}

_Noreturn void process_die(struct process *process, int status)
{
	int number = WTERMSIG(status);

	strace_exit(process->tasks, status);
	tree_bury(process);
	robust_leave(process);
	OBSERVE(process, exit, process, status, tree_alone(process));
	fflush(NULL);
	vfork_done(process);
	tree_leave(process);
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	if (!process->options->status)
		signal_host_default(number);
	_exit(128 + number);
}
