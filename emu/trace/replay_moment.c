/* Going to a moment. Forwards the replay just runs; backwards it starts again from the last checkpoint ahead of the moment: copies of
 * the processes that stand still there. The first one stands at the beginning. */
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "emu/trace/replayer.h"

/* Each has a copy in each checkpoint. */
enum { CHECKPOINT_PROCESSES_MAX = 16 };

static void wake(int *word)
{
	__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static int64_t host_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* --- the process that is there ------------------------------------------------------------------------ */

void replay_reached(struct replay *replay)
{
	struct replay_shared *shared = replay->shared;
	int orders = __atomic_load_n(&shared->orders, __ATOMIC_SEQ_CST);

	replay_print_state(replay, NULL);
	shared->end = REPLAY_REACHED;
	wake(&shared->news);
	while (__atomic_load_n(&shared->orders, __ATOMIC_SEQ_CST) == orders)
		syscall(SYS_futex, &shared->orders, FUTEX_WAIT, orders, NULL, NULL, 0);
	if (shared->over || shared->line != replay->line)
		_exit(0);
}

/* --- checkpoints -------------------------------------------------------------------------------------- */

/* Stands still until it is wanted; then a copy of it goes on, and it stands still again. That of the process that read the log goes on from
 * `state`; the others have none. */
static void stand_still(struct replay *replay, unsigned number, unsigned serial, const struct replay_state *state)
{
	struct replay_shared *shared = replay->shared;

	for (;;) {
		int turn = __atomic_load_n(&shared->turn, __ATOMIC_SEQ_CST);
		uint64_t resume = __atomic_load_n(&shared->resume, __ATOMIC_SEQ_CST);

		if (shared->over || shared->checkpoint[number].serial != serial)
			_exit(0);
		if ((uint32_t)resume != number || (int)(resume >> 32) == replay->line) {
			syscall(SYS_futex, &shared->turn, FUTEX_WAIT, turn, NULL, NULL, 0);
			continue;
		}
		replay->line = (int)(resume >> 32);
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

/* Without a copy of each process there is no checkpoint. */
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
	int line = replay->line;

	if (!serial || serial == replay->joined)
		return;
	replay->joined = serial;
	leave_copy(replay, shared->joining_at, serial, NULL);
	if (replay->line == line) /* a copy that goes on has joined long ago */
		wake(&shared->joined);
}

/* The others wait for their turn; one that is just going to has not seen the call. */
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

/* Every second one goes, and from now on they are made half as often. */
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
	now = host_ns();
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

		if (checkpoint->serial && checkpoint->objects == shared->objects && is_ahead(target, &checkpoint->at) && checkpoint->at.events > shared->checkpoint[best].at.events)
			best = k;
	}
	return best;
}

/* Shared memory begins empty again. */
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
	shared->end = REPLAY_RUNS; /* who is let go below may be there at once */
	if (shared->printed < shared->state.now.events)
		shared->printed = shared->state.now.events;
	if (stands && is_ahead(target, &shared->state.now)) {
		wake(&shared->orders);
		return;
	}
	checkpoint = last_checkpoint_before(shared, target);
	if (checkpoint == 0) {
		empty_objects(objects);
		shared->objects++;
	}
	shared->line++;
	wake(&shared->orders); /* who stands there ends: told later, it would be who is let go below */
	__atomic_store_n(&shared->resume, REPLAY_RESUME(shared->line, checkpoint), __ATOMIC_SEQ_CST);
	__atomic_store_n(&shared->turn, -1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &shared->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
