/* A guest process of a replay: reads records, runs guest code up to each stop, and hands the log on when a record is about another
 * process. */
#include <errno.h>
#include <linux/futex.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/trace/replayer.h"

/* --- turns -------------------------------------------------------------------------------------------- */

static void wake(int *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void replay_await_turn(struct replay *replay)
{
	struct replay_shared *shared = replay->shared;

	for (;;) {
		int turn = __atomic_load_n(&shared->turn, __ATOMIC_SEQ_CST);

		if (__atomic_load_n(&shared->over, __ATOMIC_SEQ_CST)
			|| __atomic_load_n(&shared->timeline, __ATOMIC_SEQ_CST) != replay->timeline)
			_exit(0);
		if (turn == replay->pid)
			return;
		replay_join_checkpoint(replay);
		syscall(SYS_futex, &shared->turn, FUTEX_WAIT, turn, NULL, NULL, 0);
	}
}

_Noreturn void replay_finish(struct replay *replay, enum replay_end end)
{
	struct replay_shared *shared = replay->shared;

	shared->end = end;
	__atomic_add_fetch(&shared->news, 1, __ATOMIC_SEQ_CST);
	wake(&shared->news);
	_exit(0);
}

static unsigned find_process(const struct replay_shared *shared, pid_t pid)
{
	unsigned k = 0;

	while (k < shared->state.processes && shared->state.process[k] != pid)
		k++;
	return k;
}

static _Noreturn void damaged(struct replay *replay, const char *what)
{
	trace_damaged(&replay->shared->state.reader, what);
	replay_finish(replay, REPLAY_LOG_ENDS);
}

/* Hands the log on to another process. */
static void hand_over(struct replay *replay, pid_t pid)
{
	struct replay_shared *shared = replay->shared;

	if (pid == replay->pid && !replay->ended)
		return;
	if (find_process(shared, pid) == shared->state.processes)
		damaged(replay, "a process that was never begun");
	__atomic_store_n(&shared->turn, pid, __ATOMIC_SEQ_CST);
	wake(&shared->turn);
	if (replay->ended)
		_exit(0);
	replay_await_turn(replay);
	space_shared_changed(&replay->space); /* other processes have run */
}

/* --- beginnings and ends of processes ----------------------------------------------------------------- */

pid_t replay_fork(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, NULL, NULL, 0);
}

static void begin_process(struct replay *replay, pid_t pid)
{
	struct replay_shared *shared = replay->shared;
	pid_t host_pid;

	if (pid <= 0 || find_process(shared, pid) < shared->state.processes || shared->state.processes == REPLAY_PROCESSES_MAX)
		damaged(replay, "a process that cannot be begun");
	host_pid = replay_fork();
	if (host_pid < 0)
		replay_diverged(replay, "the host cannot start another process", NULL);
	if (host_pid > 0) {
		shared->state.process[shared->state.processes++] = pid;
		return;
	}
	replay->pid = pid;
	replay->insns = 0;
	replay_drop_tasks(replay, NULL);
	replay_await_turn(replay);
}

static void end_process(struct replay *replay, int status)
{
	struct replay_shared *shared = replay->shared;

	shared->state.process[find_process(shared, replay->pid)] = shared->state.process[shared->state.processes - 1];
	shared->state.processes--;
	replay->ended = true;
	if (replay->pid != shared->root)
		return;
	shared->state.root_ended = true;
	shared->state.root_status = status;
}

/* --- running ------------------------------------------------------------------------------------------ */

/* Runs the current thread, which must execute exactly `insns` instructions and then stop for the reason `exit`. */
static void run_to_stop(struct replay *replay, enum cpu_exit exit, uint64_t insns)
{
	struct cpu *cpu = &replay->current->cpu;
	/* an exception or a world exit comes before an instruction, which must be tried to see it */
	uint64_t more = exit == EXIT_EXCEPTION || exit == EXIT_WORLD;

	while (insns > 0 || exit != EXIT_BUDGET) {
		enum cpu_exit reason = cpu_run(cpu, replay->blocks, insns + more);
		uint64_t ran = cpu_count(cpu, 0);

		replay->insns += ran;
		replay->shared->state.now.insns += ran;
		if (ran > insns)
			replay_diverged(replay, "the thread goes on where it stopped", NULL);
		insns -= ran;
		if (reason == exit && insns == 0)
			return;
		if (reason != EXIT_RESUME && reason != EXIT_AGAIN && reason != EXIT_BUDGET)
			replay_diverged(replay, "the thread stops where it went on", NULL);
		if (reason == EXIT_BUDGET && insns + more == 0)
			replay_diverged(replay, "the thread goes on where it made a system call", NULL);
	}
}

static void replay_stop(struct replay *replay, const struct trace_record *record)
{
	struct replay_shared *shared = replay->shared;
	struct replay_task *task = replay->current;
	static const enum cpu_exit exits[TRACE_EXITS] = {
		[TRACE_EXIT_COUNT] = EXIT_BUDGET,
		[TRACE_EXIT_SYSCALL] = EXIT_SYSCALL,
		[TRACE_EXIT_EXCEPTION] = EXIT_EXCEPTION,
		[TRACE_EXIT_WORLD... TRACE_EXITS - 1] = EXIT_WORLD,
	};
	uint64_t insns = record->field[1], left;
	struct trace_registers actual;

	if (!task || record->field[0] >= TRACE_EXITS || !trace_get_changes(record->data, record->size, &task->logged))
		damaged(replay, "a stop that cannot be");
	shared->state.now.events++;
	while (shared->target.insns >= shared->state.now.insns && (left = shared->target.insns - shared->state.now.insns) <= insns) {
		run_to_stop(replay, EXIT_BUDGET, left);
		insns -= left;
		replay_reached(replay);
	}
	run_to_stop(replay, exits[record->field[0]], insns);
	trace_registers_of(&task->cpu, &actual);
	if (memcmp(&actual, &task->logged, sizeof(actual)) != 0)
		replay_diverged(replay, "registers differ", &task->logged);
	if (shared->state.now.events > 1) /* the first stop's time is the run's beginning */
		replay_pass_time(replay, record->field[2]);
	if (shared->state.now.events >= shared->target.events || shared->state.now.guest_ns >= shared->target.guest_ns)
		replay_reached(replay);
	replay_keep_checkpoint(replay);
}

/* --- reading ------------------------------------------------------------------------------------------ */

static void remember(struct replay *replay, const struct trace_record *record)
{
	struct replay_shared *shared = replay->shared;

	if (record->kind == TRACE_CHUNK || record->kind == TRACE_FILL)
		return;
	shared->state.recent[shared->state.recents++ % REPLAY_RECENT] = (struct replay_event){
		.record = *record,
		.pid = replay->pid,
		.tid = replay->current ? replay->current->tid : 0,
		.number = shared->state.now.events,
		.insns = shared->state.now.insns,
	};
}

_Noreturn void replay_process(struct replay *replay)
{
	struct trace_record record;

	replay_await_turn(replay);
	if (replay->pid == replay->shared->root)
		replay_keep_checkpoint(replay);
	while (trace_next(&replay->shared->state.reader, &record)) {
		if (record.kind != TRACE_PROCESS && record.kind != TRACE_END && replay->ended)
			damaged(replay, "a process goes on behind its end");
		remember(replay, &record);
		switch (record.kind) {
		case TRACE_PROCESS: hand_over(replay, (pid_t)record.field[0]); break;
		case TRACE_FORK: begin_process(replay, (pid_t)record.field[0]); break;
		case TRACE_STOP: replay_stop(replay, &record); break;
		case TRACE_EXIT:
			if (!trace_status_possible(record.field[0]))
				damaged(replay, "a status that no process ends with");
			end_process(replay, (int)record.field[0]);
			break;
		case TRACE_END:
			if (record.field[0] != replay->shared->state.now.insns)
				replay_diverged(replay, "the number of instructions differs", NULL);
			replay_finish(replay, REPLAY_COMPLETE);
		default:
			if (!replay_apply(replay, &record))
				damaged(replay, trace_kinds[record.kind].name);
		}
	}
	replay_finish(replay, REPLAY_LOG_ENDS);
}
