/* Going to a moment of a replay. Forwards the replay just runs. Backwards it continues from the last checkpoint before the moment:
 * there, copies of all processes stand still. The first checkpoint is the beginning of the replay. */
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "emu/cpu/seconds.h"
#include "emu/trace/replayer.h"

/* a checkpoint has a copy of each process */
enum { CHECKPOINT_PROCESSES_MAX = 16 };

static void count_and_wake(int *word)
{
	__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* --- a process that has reached the target ------------------------------------------------------------ */

void replay_reached(struct replay *replay)
{
	struct replay_shared *shared = replay->shared;
	int orders = __atomic_load_n(&shared->orders, __ATOMIC_SEQ_CST);

	replay_print_state(replay, NULL);
	shared->end = REPLAY_REACHED;
	count_and_wake(&shared->news);
	while (__atomic_load_n(&shared->orders, __ATOMIC_SEQ_CST) == orders)
		syscall(SYS_futex, &shared->orders, FUTEX_WAIT, orders, NULL, NULL, 0);
	if (shared->over || shared->timeline != replay->timeline)
		_exit(0);
}

/* --- checkpoints -------------------------------------------------------------------------------------- */

/* Stands still until the controller resumes the checkpoint. Then a copy of this process goes on, and this one stands still again.
 * `state` is the replay's state to resume with, in the copy of the process that read the log; NULL in the others. */
static void stand_still(struct replay *replay, unsigned number, unsigned serial, const struct replay_state *state)
{
	struct replay_shared *shared = replay->shared;

	for (;;) {
		int turn = __atomic_load_n(&shared->turn, __ATOMIC_SEQ_CST);
		uint64_t resume = __atomic_load_n(&shared->resume, __ATOMIC_SEQ_CST);

		if (shared->over || shared->checkpoint[number].serial != serial)
			_exit(0);
		if ((uint32_t)resume != number || (int)(resume >> 32) == replay->timeline) {
			syscall(SYS_futex, &shared->turn, FUTEX_WAIT, turn, NULL, NULL, 0);
			continue;
		}
		replay->timeline = (int)(resume >> 32);
		if (replay_fork() != 0)
			continue;
		if (!state)
			return;
		memcpy(&shared->state, state, sizeof(*state));
		__atomic_store_n(&shared->turn, replay->pid, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, &shared->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
		return;
	}
}

/* A checkpoint is complete only with a copy of each process: if the fork fails, drops it. */
static void leave_copy(struct replay *replay, unsigned number, unsigned serial, const struct replay_state *state)
{
	pid_t copy = replay_fork();

	if (copy == 0)
		stand_still(replay, number, serial, state);
	else if (copy < 0)
		replay->shared->checkpoint[number].serial = 0;
}

void replay_join_checkpoint(struct replay *replay)
{
	struct replay_shared *shared = replay->shared;
	unsigned serial = __atomic_load_n(&shared->joining, __ATOMIC_SEQ_CST);
	int timeline = replay->timeline;

	if (!serial || serial == replay->joined)
		return;
	replay->joined = serial;
	leave_copy(replay, shared->joining_at, serial, NULL);
	if (replay->timeline == timeline) /* false in a resumed copy, which was counted when it was made */
		count_and_wake(&shared->joined);
}

/* Wakes the other processes, which wait for their turn, so that each leaves a copy. A process that is just about to wait has missed the
 * first call, so the call is repeated. */
static void call_others(struct replay *replay, unsigned number)
{
	const struct timespec look = { .tv_nsec = 1000000 };
	struct replay_shared *shared = replay->shared;
	int others = (int)shared->state.processes - 1, joined;

	replay->joined = shared->checkpoint[number].serial;
	shared->joined = 0;
	shared->joining_at = number;
	__atomic_store_n(&shared->joining, shared->checkpoint[number].serial, __ATOMIC_SEQ_CST);
	while ((joined = __atomic_load_n(&shared->joined, __ATOMIC_SEQ_CST)) < others && !shared->over) {
		syscall(SYS_futex, &shared->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
		syscall(SYS_futex, &shared->joined, FUTEX_WAIT, joined, &look, NULL, 0);
	}
	__atomic_store_n(&shared->joining, 0, __ATOMIC_SEQ_CST);
}

/* Drops every second checkpoint, and doubles the interval between new ones. */
static void thin_out(struct replay_shared *shared)
{
	for (unsigned k = 1; k < REPLAY_CHECKPOINTS_MAX; k += 2)
		shared->checkpoint[k] = (struct replay_checkpoint){ 0 };
	shared->checkpoint_interval_ns *= 2;
	syscall(SYS_futex, &shared->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static unsigned free_checkpoint(struct replay_shared *shared)
{
	unsigned k = 0;

	while (k < REPLAY_CHECKPOINTS_MAX && shared->checkpoint[k].serial)
		k++;
	if (k < REPLAY_CHECKPOINTS_MAX)
		return k;
	thin_out(shared);
	return 1;
}

void replay_keep_checkpoint(struct replay *replay)
{
	struct replay_shared *shared = replay->shared;
	struct replay_state *state;
	unsigned number;
	int64_t now;

	if (!shared->keeps_checkpoints || shared->state.processes > CHECKPOINT_PROCESSES_MAX || shared->state.writes_objects)
		return;
	now = host_clock_ns(CLOCK_MONOTONIC);
	if (shared->checkpoints && now - shared->checkpoint_ns < shared->checkpoint_interval_ns)
		return;
	state = malloc(sizeof(*state));
	if (!state)
		return;
	memcpy(state, &shared->state, sizeof(*state));
	number = free_checkpoint(shared);
	shared->checkpoint_ns = now;
	shared->checkpoint[number] = (struct replay_checkpoint){ ++shared->checkpoints, shared->objects, shared->state.now };
	call_others(replay, number);
	leave_copy(replay, number, shared->checkpoint[number].serial, state);
	free(state);
}

/* --- the controller ----------------------------------------------------------------------------------- */

static bool is_ahead(const struct replay_moment *target, const struct replay_moment *from)
{
	return target->insns >= from->insns && target->events > from->events && target->guest_ns > from->guest_ns;
}

static unsigned last_checkpoint_before(const struct replay_shared *shared, const struct replay_moment *target)
{
	unsigned best = 0;

	for (unsigned k = 1; k < REPLAY_CHECKPOINTS_MAX; k++) {
		const struct replay_checkpoint *checkpoint = &shared->checkpoint[k];

		if (checkpoint->serial && checkpoint->objects == shared->objects && is_ahead(target, &checkpoint->at)
			&& checkpoint->at.events > shared->checkpoint[best].at.events)
			best = k;
	}
	return best;
}

/* Makes all shared memory 0 again, as at the beginning. */
static void empty_objects(int objects)
{
	off_t size = lseek(objects, 0, SEEK_END);

	if (ftruncate(objects, 0) < 0 || ftruncate(objects, size) < 0)
		abort();
}

void replay_go_to(struct replay_shared *shared, int objects, const struct replay_moment *target)
{
	bool stands = shared->end == REPLAY_REACHED;
	unsigned checkpoint;

	shared->target = *target;
	shared->end = REPLAY_RUNS; /* a process that is woken below may reach the target at once */
	if (shared->printed < shared->state.now.events)
		shared->printed = shared->state.now.events;
	if (stands && is_ahead(target, &shared->state.now)) {
		count_and_wake(&shared->orders);
		return;
	}
	checkpoint = last_checkpoint_before(shared, target);
	if (checkpoint == 0) {
		empty_objects(objects);
		shared->objects++;
	}
	shared->timeline++;
	count_and_wake(
		&shared->orders); /* ends the process that stands at the old target; after the next lines it might be the resumed one that gets this */
	__atomic_store_n(&shared->resume, REPLAY_RESUME(shared->timeline, checkpoint), __ATOMIC_SEQ_CST);
	__atomic_store_n(&shared->turn, -1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &shared->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
