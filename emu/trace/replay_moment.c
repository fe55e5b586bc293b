/* Going to a moment. Forwards the replay just runs; backwards it starts again from the last checkpoint ahead of the moment: a copy of
 * the process that stands still there. The first one stands at the beginning. */
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "emu/trace/replayer.h"

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

/* Stands still until it is wanted; then a copy of the checkpoint goes on from `state`, and it stands still again. */
static void stand_still(struct replay *replay, unsigned number, const struct replay_state *state)
{
	struct replay_shared *shared = replay->shared;
	unsigned serial = shared->checkpoint[number].serial;

	for (;;) {
		int turn = __atomic_load_n(&shared->turn, __ATOMIC_SEQ_CST);

		if (shared->over || shared->checkpoint[number].serial != serial)
			_exit(0);
		if (shared->resume != (int)number) {
			syscall(SYS_futex, &shared->turn, FUTEX_WAIT, turn, NULL, NULL, 0);
			continue;
		}
		shared->resume = -1;
		if (replay_fork() != 0)
			continue;
		memcpy(&shared->state, state, sizeof(*state));
		replay->line = shared->line;
		__atomic_store_n(&shared->turn, replay->pid, __ATOMIC_SEQ_CST);
		return;
	}
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

	if (!shared->keeps_checkpoints || shared->state.processes != 1 || shared->state.shares_objects)
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
	shared->checkpoint[number] = (struct replay_checkpoint){ ++shared->checkpoints, shared->state.now };
	if (replay_fork() == 0)
		stand_still(replay, number, state);
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

		if (checkpoint->serial && is_ahead(target, &checkpoint->at) && checkpoint->at.events > shared->checkpoint[best].at.events)
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

	shared->target = *target;
	shared->end = REPLAY_RUNS; /* who is let go below may be there at once */
	if (shared->printed < shared->state.now.events)
		shared->printed = shared->state.now.events;
	if (stands && is_ahead(target, &shared->state.now)) {
		wake(&shared->orders);
		return;
	}
	empty_objects(objects);
	shared->line++;
	wake(&shared->orders); /* who stands there ends: told later, it would be who is let go below */
	shared->resume = (int)last_checkpoint_before(shared, target);
	__atomic_store_n(&shared->turn, -1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &shared->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
