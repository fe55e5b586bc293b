/* Robust futexes: the locks of threads that end, and of processes that are killed. */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/process/futex.h"

enum { LIST_LIMIT = 2048 }; /* ROBUST_LIST_LIMIT */

/* As in memory of the guest: addresses, of which the lowest bit says that the futex inherits priority. */
struct head {
	uint64_t next, offset, pending;
};

/* The futexes of a list, one after the other, and the one that was being locked or unlocked, as the last. */
struct walk {
	struct space *space;
	struct head head;
	uint64_t list, entry;
	unsigned left;
	bool ended;
};

static bool begin_walk(struct walk *walk, struct space *space, uint64_t list)
{
	*walk = (struct walk){ .space = space, .list = list, .left = LIST_LIMIT };
	if (!list || !space_read(space, list, &walk->head, sizeof(walk->head)))
		return false;
	walk->entry = walk->head.next;
	return true;
}

/* The next one's address, or 0. */
static uint64_t next_futex(struct walk *walk, bool *inherits, bool *pending)
{
	while (!walk->ended && walk->left-- > 0 && (walk->entry & ~1ULL) != walk->list) {
		uint64_t entry = walk->entry;

		walk->ended = !space_read(walk->space, entry & ~1ULL, &walk->entry, sizeof(walk->entry));
		*inherits = entry & 1;
		*pending = false;
		if (entry != walk->head.pending)
			return (entry & ~1ULL) + walk->head.offset;
	}
	walk->ended = true;
	walk->entry = walk->head.pending;
	walk->head.pending = 0;
	*inherits = walk->entry & 1;
	*pending = true;
	return walk->entry ? (walk->entry & ~1ULL) + walk->head.offset : 0;
}

/* handle_futex_death(). A lock with priority inheritance goes to the next one by futex_pi_owner_died, before this. */
static void release(struct process *process, pid_t tid, uint64_t address, bool inherits, bool pending)
{
	struct space *space = &process->space;
	uint32_t word, was;

	if (address % sizeof(word) || !space_read(space, address, &word, sizeof(word)))
		return;
	if (pending && !inherits && !(word & FUTEX_TID_MASK))
		futex_wake(process, address, 1);
	do {
		was = word;
		if ((word & FUTEX_TID_MASK) != (uint32_t)tid)
			return;
		if (!space_exchange(space, address, &word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
			return;
	} while (word != was);
	if (!inherits && (word & FUTEX_WAITERS))
		futex_wake(process, address, 1);
}

void robust_release(struct task *task)
{
	struct process *process = task->process;
	bool inherits, pending;
	struct walk walk;
	uint64_t address;

	futex_pi_owner_died(process, task->tid);
	if (begin_walk(&walk, &process->space, task->end.robust_list))
		while ((address = next_futex(&walk, &inherits, &pending)))
			release(process, task->tid, address, inherits, pending);
	task->end.robust_list = 0;
}

/* --- processes that are killed ------------------------------------------------------------------------ */

static unsigned note_list(struct task *task, struct held_futex *held, unsigned count)
{
	struct process *process = task->process;
	bool inherits, pending;
	struct walk walk;
	uint64_t address;
	uint32_t word;

	if (!begin_walk(&walk, &process->space, task->end.robust_list))
		return count;
	while (count < HELD_MAX && (address = next_futex(&walk, &inherits, &pending))) {
		struct futex_key key;

		if (!space_read(&process->space, address, &word, sizeof(word)) || (word & FUTEX_TID_MASK) != (uint32_t)task->tid)
			continue;
		if (futex_key_of(process, address, false, &key) == 0 && key.scope == FUTEX_OBJECT)
			held[count++] = (struct held_futex){ key, task->tid, inherits };
	}
	return count;
}

void robust_note(struct process *process)
{
	struct held_futex held[HELD_MAX];
	struct seat *seat;
	unsigned count = 0;

	if (!process->show_pids)
		return;
	for (struct task *task = process->tasks; task; task = task->next)
		count = note_list(task, held, count);
	if ((count == 0 && process->peer.seat == NO_SEAT) || peers_seat(process) == NO_SEAT)
		return;
	seat = peers_at(process, process->peer.seat);
	if (count > 0)
		memcpy(seat->holds, held, count * sizeof(held[0]));
	seat->held = count;
}

/* Takes what this process can release from what a dead one has held, and its seat if nothing else is left. */
static unsigned take_over(struct process *process, int index, struct held_futex taken[HELD_MAX])
{
	struct seat *seat = peers_at(process, index);
	unsigned count = 0, left = 0;

	peers_lock(process);
	if (peers_is_dead(process, index)) {
		for (unsigned i = 0; i < seat->held; i++) {
			if (futex_address(process, &seat->holds[i].key))
				taken[count++] = seat->holds[i];
			else
				seat->holds[left++] = seat->holds[i];
		}
		seat->held = left;
		futex_remove_seat(process, index);
		if (left == 0)
			peers_free(process, index);
	}
	peers_unlock(process);
	return count;
}

/* The others look too: what is not mapped here may be there. */
static void bury(struct process *process, int index)
{
	struct held_futex taken[HELD_MAX];
	unsigned count = take_over(process, index, taken);

	futex_pi_owner_died(process, 0);
	for (unsigned i = 0; i < count; i++)
		release(process, taken[i].tid, futex_address(process, &taken[i].key), taken[i].inherits, false);
	if (!peers_is_dead(process, index) || count > 0)
		peers_call_all(process);
}

void robust_bury(struct process *process)
{
	for (int i = 0; i < peers_seats(process); i++)
		if (peers_is_dead(process, i))
			bury(process, i);
}

void robust_leave(struct process *process)
{
	for (struct task *task = process->tasks; task; task = task->next)
		if (task->state != TASK_DEAD)
			robust_release(task);
	if (process->peer.seat == NO_SEAT)
		return;
	peers_lock(process);
	futex_remove_seat(process, process->peer.seat);
	peers_leave(process);
	peers_unlock(process);
}
