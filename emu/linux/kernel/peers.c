/* The processes of a run as they find each other: see peers.h. */
#include "emu/linux/kernel/peers.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/tree.h"
#include "emu/mem/doorbell.h"

enum { THREADS = 65536, LOCK_LOOK_S = 1 };

struct known_thread {
	pid_t tid, host_pid;
};

struct peers {
	struct robust_word lock;
	int seats;        /* as many have ever been taken */
	uint32_t numbers; /* given to threads; atomic */
	struct seat seat[SEATS];
	struct known_thread thread[THREADS]; /* by id; of two whose ids meet the later one */
};

bool peers_create(struct process *process)
{
	struct peers *all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	process->peer = (struct peer){ .all = all, .seat = NO_SEAT };
	return all != MAP_FAILED;
}

void peers_begin_child(struct process *process)
{
	process->peer = (struct peer){ .all = process->peer.all, .seat = NO_SEAT };
}

void peers_leave(struct process *process)
{
	struct peer *peer = &process->peer;

	if (peer->seat == NO_SEAT)
		return;
	peer->list.list.next = &peer->list.list;
	peers_free(process, peer->seat);
	peer->seat = NO_SEAT;
}

/* The kernel keeps no list for a child until it says where. */
void peers_join(struct process *process)
{
	struct peer *peer = &process->peer;

	if (peer->tid)
		return;
	peer->list = (struct robust_list_head){
		.list.next = &peer->list.list,
		.futex_offset = offsetof(struct robust_word, word) - offsetof(struct robust_word, node),
	};
	peer->tid = (uint32_t)syscall(SYS_gettid);
	syscall(SYS_set_robust_list, &peer->list, sizeof(peer->list));
}

/* --- the lock ----------------------------------------------------------------------------------------- */

static bool exchange(uint32_t *word, uint32_t *old, uint32_t new)
{
	return __atomic_compare_exchange_n(word, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static bool is_free(uint32_t word)
{
	return !(word & FUTEX_TID_MASK) || (word & FUTEX_OWNER_DIED);
}

/* A holder that has died leaves nothing half done that matters: each change of what the lock protects is made by one store. */
void peers_lock(struct process *process)
{
	const struct timespec look = { .tv_sec = LOCK_LOOK_S };
	struct peer *peer;
	uint32_t *word, old = 0, waiters = 0;

	peers_join(process);
	peer = &process->peer;
	word = &peer->all->lock.word;
	peer->list.list_op_pending = &peer->all->lock.node;
	while (!exchange(word, &old, peer->tid | waiters)) {
		if (is_free(old)) {
			waiters |= old & FUTEX_WAITERS;
			continue;
		}
		if ((old & FUTEX_WAITERS) || exchange(word, &old, old | FUTEX_WAITERS))
			syscall(SYS_futex, word, FUTEX_WAIT, old | FUTEX_WAITERS, &look, NULL, 0);
		waiters = FUTEX_WAITERS; /* there may be others */
		old = 0;
	}
}

void peers_unlock(struct process *process)
{
	struct peer *peer = &process->peer;
	uint32_t *word = &peer->all->lock.word;

	if (__atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST) & FUTEX_WAITERS)
		syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
	peer->list.list_op_pending = NULL;
}

/* --- seats -------------------------------------------------------------------------------------------- */

struct seat *peers_at(const struct process *process, int seat)
{
	return &process->peer.all->seat[seat];
}

int peers_seats(const struct process *process)
{
	return __atomic_load_n(&process->peer.all->seats, __ATOMIC_SEQ_CST);
}

bool peers_is_dead(const struct process *process, int seat)
{
	return __atomic_load_n(&peers_at(process, seat)->taken.word, __ATOMIC_SEQ_CST) & FUTEX_OWNER_DIED;
}

void peers_free(struct process *process, int seat)
{
	__atomic_store_n(&peers_at(process, seat)->taken.word, 0, __ATOMIC_SEQ_CST);
}

/* The list names the seat before it is taken: so the kernel takes it back from a process that dies in between. */
static void take(struct process *process, int index)
{
	struct seat *seat = peers_at(process, index);
	struct peer *peer = &process->peer;

	seat->pid = process->pid;
	seat->host_pid = getpid();
	seat->held = 0;
	seat->waits = false;
	peer->calls_seen = seat->calls;
	seat->taken.node.next = &peer->list.list;
	peer->list.list.next = &seat->taken.node;
	__atomic_store_n(&seat->taken.word, peer->tid, __ATOMIC_SEQ_CST);
	peer->seat = index;
}

int peers_seat(struct process *process)
{
	struct peers *all = process->peer.all;
	int index = 0;

	if (process->peer.seat != NO_SEAT)
		return process->peer.seat;
	peers_lock(process);
	while (index < all->seats && all->seat[index].taken.word)
		index++;
	if (index == all->seats && index < SEATS)
		__atomic_store_n(&all->seats, index + 1, __ATOMIC_SEQ_CST);
	if (index < SEATS)
		take(process, index);
	peers_unlock(process);
	return process->peer.seat;
}

/* --- calls -------------------------------------------------------------------------------------------- */

/* In a tree the process looks when its turn comes, which it will get. Else it looks at the end of a slice, unless it waits on the host. */
void peers_call(struct process *process, int index)
{
	struct seat *seat = peers_at(process, index);

	__atomic_add_fetch(&seat->calls, 1, __ATOMIC_SEQ_CST);
	if (process->tree)
		tree_poke(process, seat->pid);
	else if (__atomic_exchange_n(&seat->waits, false, __ATOMIC_SEQ_CST) && !peers_is_dead(process, index))
		doorbell_ring(seat->host_pid, DOORBELL_SIGNAL);
}

void peers_call_all(struct process *process)
{
	for (int i = 0; i < peers_seats(process); i++)
		if (i != process->peer.seat && peers_at(process, i)->taken.word && !peers_is_dead(process, i))
			peers_call(process, i);
}

bool peers_called(struct process *process)
{
	struct peer *peer = &process->peer;
	uint32_t calls;

	if (peer->seat == NO_SEAT)
		return false;
	calls = __atomic_load_n(&peers_at(process, peer->seat)->calls, __ATOMIC_SEQ_CST);
	if (calls == peer->calls_seen)
		return false;
	peer->calls_seen = calls;
	return true;
}

static void set_waits(const struct process *process, bool waits)
{
	__atomic_store_n(&peers_at(process, process->peer.seat)->waits, waits, __ATOMIC_SEQ_CST);
}

bool peers_begin_wait(struct process *process)
{
	const struct peer *peer = &process->peer;

	if (peer->seat == NO_SEAT)
		return true;
	set_waits(process, true);
	return __atomic_load_n(&peers_at(process, peer->seat)->calls, __ATOMIC_SEQ_CST) == peer->calls_seen;
}

void peers_end_wait(struct process *process)
{
	if (process->peer.seat != NO_SEAT)
		set_waits(process, false);
}

/* --- threads ------------------------------------------------------------------------------------------ */

static struct known_thread *known(const struct process *process, pid_t tid)
{
	return &process->peer.all->thread[(uint32_t)tid % THREADS];
}

uint32_t peers_new_number(struct process *process)
{
	return __atomic_add_fetch(&process->peer.all->numbers, 1, __ATOMIC_SEQ_CST);
}

void peers_thread_began(struct process *process, pid_t tid)
{
	*known(process, tid) = (struct known_thread){ tid, getpid() };
}

void peers_thread_ended(struct process *process, pid_t tid)
{
	if (known(process, tid)->tid == tid)
		known(process, tid)->tid = 0;
}

/* A pidfd is readable once its process has ended. */
static bool has_ended(pid_t host_pid)
{
	struct pollfd fd = { .fd = (int)syscall(SYS_pidfd_open, host_pid, 0), .events = POLLIN };
	bool ended;

	if (fd.fd < 0)
		return errno == ESRCH;
	ended = poll(&fd, 1, 0) > 0;
	close(fd.fd);
	return ended;
}

bool peers_thread_lives(const struct process *process, pid_t tid)
{
	struct known_thread thread = *known(process, tid);

	return thread.tid == tid && !has_ended(thread.host_pid);
}
