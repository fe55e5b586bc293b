/* Turns: who holds the turn, and how the other processes wait for it. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree_members.h"
#include "emu/linux/kernel/upcalls.h"
#include "emu/linux/kernel/observer.h"
#include "emu/mem/doorbell.h"

enum { CHECK_HOLDER_MS = 1000, STOP_STAYS_US = 20000 };

static bool atomic_is(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static void atomic_set(bool *flag, bool value)
{
	__atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
}

/* --- telling a member to look ------------------------------------------------------------------------ */

/* How a member waits. One that can run, or that looks at its descriptors when it gets the turn, waits for a futex, which costs half as
 * much as a signal. One that must notice signals from outside, or watches its descriptors, polls, and is called with a signal (the
 * doorbell). */

void member_poke(struct member *member)
{
	atomic_set(&member->poked, true);
}

void member_call(struct member *member)
{
	__atomic_add_fetch(&member->calls, 1, __ATOMIC_SEQ_CST);
	if (atomic_is(&member->in_poll))
		doorbell_ring(member->host_pid, DOORBELL_SIGNAL);
	else
		syscall(SYS_futex, &member->calls, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Takes pending doorbell signals. Returns true if there was a call, and none of the signals was the guest's. */
static bool answer_doorbell(struct process *process)
{
	struct timespec none = { 0 };
	bool rang = false, own = false;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, DOORBELL_SIGNAL);
	while (sigtimedwait(&set, &info, &none) == DOORBELL_SIGNAL) {
		siginfo_t copy = info;

		if (doorbell_take(&copy) == DOORBELL_LOOK) {
			rang = true;
		} else {
			own = true;
			process->up->host_signal(process, &info);
		}
	}
	return rang && !own;
}

/* The holder may be waiting on the host: makes it hand the turn to the member that wants it. */
static void call_watching_holder(struct tree *tree)
{
	int holder = __atomic_load_n(&tree->turn, __ATOMIC_SEQ_CST);

	if (atomic_is(&tree->watching) && holder != NOBODY)
		member_call(&tree->member[holder]);
}

/* --- the turn ---------------------------------------------------------------------------------------- */

static bool wants_turn(const struct member *member)
{
	return member->state == RUNNABLE || (member->state == BLOCKED && (member->polls || atomic_is(&member->poked)));
}

static bool can_run(const struct member *member)
{
	return member->state == RUNNABLE || (member->state == BLOCKED && atomic_is(&member->poked));
}

/* Returns -1 if the member comes behind all others. */
static int rank_of(const struct process *process, const struct member *member)
{
	const struct standing *standing = &member->standing;

	if (!can_run(member))
		return 0;
	return standing->rests_until && clock_now(process) < standing->rests_until ? -1 : standing->rank;
}

/* Real-time members come first once there are as many of them as vCPUs. */
static bool realtime_first(const struct process *process)
{
	unsigned count = 0;

	for (int i = 0; process->tree->priorities && i < MEMBERS; i++)
		count += rank_of(process, &process->tree->member[i]) > 0;
	return count >= process->options->vcpus;
}

/* Returns the next member after `from`, by priority and then in order of creation, that wants the turn, `from` itself last; or NOBODY. */
static int next_member(const struct process *process, int from)
{
	const struct tree *tree = process->tree;
	bool ranks = realtime_first(process);
	int best = NOBODY, best_rank = INT_MIN;

	for (int i = 1; i <= MEMBERS; i++) {
		int index = (from + i) % MEMBERS, rank = rank_of(process, &tree->member[index]);

		rank = rank > 0 && !ranks ? 0 : rank;
		if (rank <= best_rank || !wants_turn(&tree->member[index]))
			continue;
		best = index;
		best_rank = rank;
		if (!tree->priorities)
			break;
	}
	return best;
}

/* Returns true if the holder, which can run, need not hand the turn on. */
static bool goes_on(const struct process *process, int next)
{
	const struct member *own = member_self(process);

	return own->standing.goes_on && !process->turn.yielded && own->state == RUNNABLE && realtime_first(process)
		&& rank_of(process, own) >= rank_of(process, &process->tree->member[next]);
}

void tree_note_priorities(struct process *process)
{
	if (process->tree)
		process->tree->priorities = true;
}

bool tree_has_priorities(const struct process *process)
{
	return process->tree && process->tree->priorities;
}

void tree_set_standing(struct process *process, struct standing standing)
{
	member_self(process)->standing = standing;
}

unsigned tree_runnable(const struct process *process, bool realtime, unsigned *weight)
{
	unsigned count = 0;

	*weight = 0;
	for (int i = 0; i < MEMBERS; i++) {
		const struct member *member = &process->tree->member[i];

		if (i == process->member || !can_run(member) || (rank_of(process, member) > 0) != realtime)
			continue;
		count++;
		*weight = member->standing.weight > *weight ? member->standing.weight : *weight;
	}
	return count;
}

static void give_turn(struct tree *tree, int to)
{
	__atomic_store_n(&tree->turn, to, __ATOMIC_SEQ_CST);
	if (to != NOBODY)
		member_call(&tree->member[to]);
}

static bool has_turn(const struct process *process)
{
	return __atomic_load_n(&process->tree->turn, __ATOMIC_SEQ_CST) == process->member;
}

static bool take_from_nobody(struct tree *tree, int to)
{
	int nobody = NOBODY;

	return __atomic_compare_exchange_n(&tree->turn, &nobody, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void turn_leave(struct process *process)
{
	struct tree *tree = process->tree;
	int next = next_member(process, process->member);

	for (int i = 0; next == NOBODY && i < MEMBERS; i++)
		if (tree->member[i].state == BLOCKED)
			next = i;
	give_turn(tree, next);
	if (next != NOBODY)
		return;
	next = next_member(process, process->member); /* a member may just have been continued, when the turn was not yet free */
	if (next != NOBODY && take_from_nobody(tree, next))
		member_call(&tree->member[next]);
}

/* --- waiting for it ---------------------------------------------------------------------------------- */

/* The holder was stopped from outside, at any point of its code (SIGSTOP cannot be caught). It is continued until it reaches a point
 * where it can hand the turn on; there it stops itself. First wait a little: when the whole group is being continued, the holder may be
 * about to be, too. */
static void ask_to_stop(const struct tree *tree, struct member *holder)
{
	uint32_t asked = __atomic_load_n(&holder->stops_asked, __ATOMIC_SEQ_CST);

	usleep(STOP_STAYS_US);
	if (&tree->member[__atomic_load_n(&tree->turn, __ATOMIC_SEQ_CST)] == holder && member_is_stopped(holder)
		&& __atomic_compare_exchange_n(&holder->stops_asked, &asked, asked + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		doorbell_ring(holder->host_pid, SIGCONT);
}

bool tree_stop_asked(struct process *process)
{
	struct member *member = process->tree ? member_self(process) : NULL;
	uint32_t asked = member ? __atomic_load_n(&member->stops_asked, __ATOMIC_SEQ_CST) : 0;

	if (!member || asked == member->stops_known)
		return false;
	member->stops_known = asked;
	return true;
}

/* The holder may have been killed from outside: then this process takes the turn over. Or it may have been stopped. */
static void check_holder(struct process *process)
{
	struct tree *tree = process->tree;
	int holder = __atomic_load_n(&tree->turn, __ATOMIC_SEQ_CST);

	if (holder == NOBODY || holder == process->member)
		return;
	if (member_is_stopped(&tree->member[holder]))
		ask_to_stop(tree, &tree->member[holder]);
	if (!member_is_gone(&tree->member[holder]))
		return;
	if (!__atomic_compare_exchange_n(&tree->turn, &holder, process->member, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	atomic_set(&tree->watching, false);
	member_killed_in_turn(process, &tree->member[holder]);
}

/* Watches what could end this process's wait: signals, and while the holder waits on the host, descriptors. */
static void wait_in_poll(struct process *process, const struct turn_end *end)
{
	bool descriptors = atomic_is(&process->tree->watching);
	struct pollfd *fds = descriptors ? end->fds : end->fds + end->count - 1;
	int ready = poll(fds, descriptors ? end->count : 1, CHECK_HOLDER_MS);

	if (ready > 0 && (has_turn(process) || answer_doorbell(process)))
		return;
	if (ready == 0 || end->fds[end->count - 1].revents) /* SIGCHLD may be about the holder's death */
		check_holder(process);
	if (ready <= 0)
		return;
	member_poke(member_self(process));
	call_watching_holder(process->tree);
}

static void wait_for_call(struct process *process, uint32_t calls)
{
	struct timespec limit = { .tv_sec = CHECK_HOLDER_MS / 1000 };

	if (syscall(SYS_futex, &member_self(process)->calls, FUTEX_WAIT, calls, &limit, NULL, 0) != 0 && errno == ETIMEDOUT)
		check_holder(process);
}

/* Returns true if no other process would notice that this one's wait is over. */
static bool must_poll(const struct process *process)
{
	const struct member *member = member_self(process);

	return member->state == BLOCKED && !atomic_is(&member->poked) && (!member->polls || atomic_is(&process->tree->watching));
}

static void await_turn(struct process *process, const struct turn_end *end)
{
	struct member *member = member_self(process);

	while (!has_turn(process)) {
		uint32_t calls = __atomic_load_n(&member->calls, __ATOMIC_SEQ_CST);

		atomic_set(&member->in_poll, end && must_poll(process));
		if (has_turn(process))
			break;
		if (!member->in_poll)
			wait_for_call(process, calls);
		else if (calls == __atomic_load_n(&member->calls, __ATOMIC_SEQ_CST))
			wait_in_poll(process, end);
	}
	atomic_set(&member->in_poll, false);
	atomic_set(&member->poked, false);
	OBSERVE(process, turn, process);
}

void turn_take_again(struct process *process)
{
	call_watching_holder(process->tree);
	take_from_nobody(process->tree, process->member);
	await_turn(process, NULL);
}

bool tree_has_turn(const struct process *process)
{
	return !process->tree || has_turn(process);
}

void tree_await_turn(struct process *process)
{
	if (!process->tree)
		return;
	__atomic_store_n(&member_self(process)->unready, false, __ATOMIC_SEQ_CST);
	await_turn(process, NULL);
}

/* --- the end of a turn ------------------------------------------------------------------------------- */

static unsigned pollers(const struct tree *tree)
{
	unsigned count = 0;

	for (int i = 0; i < MEMBERS; i++)
		count += tree->member[i].state == BLOCKED && tree->member[i].polls;
	return count;
}

bool tree_somebody_runs(const struct process *process)
{
	const struct tree *tree = process->tree;

	for (int i = 0; tree && i < MEMBERS; i++)
		if (tree->member[i].state == RUNNABLE || (tree->member[i].state == BLOCKED && atomic_is(&tree->member[i].poked)))
			return true;
	return false;
}

bool tree_take_turns(struct process *process, const struct turn_end *end)
{
	struct tree *tree = process->tree;
	struct member *member;
	int next;

	if (!tree)
		return end->blocked;
	member = member_self(process);
	member->state = end->blocked ? BLOCKED : RUNNABLE;
	member->external = end->count > 1; /* the last descriptor is for signals */
	member->polls = member->external || end->watches_memory;
	member->timed = end->timed;
	tree->quiet = end->ran ? 0 : tree->quiet + 1;
	if (end->blocked && !tree_somebody_runs(process) && tree->quiet > pollers(tree)) {
		tree->quiet = 0;
		return true;
	}
	next = next_member(process, process->member);
	if (next == process->member || next == NOBODY || goes_on(process, next)) {
		atomic_set(&member->poked, false); /* it goes on and looks at once */
		return false;
	}
	OBSERVE(process, pause, process, 0);
	rseq_interrupt(process->current);
	give_turn(tree, next);
	await_turn(process, end);
	return false;
}

/* --- the holder lets time pass ----------------------------------------------------------------------- */

void tree_watch(struct process *process, bool on)
{
	struct tree *tree = process->tree;

	if (!tree)
		return;
	atomic_set(&member_self(process)->in_poll, on);
	atomic_set(&tree->watching, on);
	for (int i = 0; on && i < MEMBERS; i++)
		if (tree->member[i].state == BLOCKED && i != process->member)
			member_call(&tree->member[i]);
}

bool tree_external(const struct process *process)
{
	const struct tree *tree = process->tree;

	for (int i = 0; i < MEMBERS; i++)
		if ((tree->member[i].state == BLOCKED && tree->member[i].external) || tree->member[i].state == STOPPED)
			return true;
	return false;
}

bool tree_timed(const struct process *process)
{
	const struct tree *tree = process->tree;

	for (int i = 0; i < MEMBERS; i++)
		if (tree->member[i].state == BLOCKED && tree->member[i].timed)
			return true;
	return false;
}

void tree_poke(struct process *process, pid_t pid)
{
	struct member *member = process->tree ? member_find(process->tree, pid) : NULL;

	if (member)
		member_poke(member);
}

void tree_wall_changed(struct process *process)
{
	for (int i = 0; process->tree && i < MEMBERS; i++)
		if (i != process->member)
			member_poke(&process->tree->member[i]);
}
