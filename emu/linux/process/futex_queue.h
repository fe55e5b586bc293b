/* Who waits for futexes, and in semop(2): two tables of the same kind, one of the process's own, for memory that it does not share, and one that all
 * processes of the run share. In both the oldest waiter for a key is the first that is woken, whichever process it is of. */
#ifndef TICK86_EMU_FUTEX_QUEUE_H
#define TICK86_EMU_FUTEX_QUEUE_H

#include <sys/sem.h>

#include "emu/linux/kernel/machine.h"

/* ORDER: none matches another, as in the kernel (include/linux/futex.h, FUT_OFF_...). */
enum futex_scope {
	FUTEX_PRIVATE, /* FUTEX_PRIVATE_FLAG: whatever is mapped there */
	FUTEX_MEMORY,  /* without the flag, in memory that is not shared */
	FUTEX_OBJECT,  /* in shared memory, wherever it is mapped */
	FUTEX_SET,     /* no futex, but a set of System V semaphores: `object` is its id (semaphores.c) */
};

enum futex_role {
	WAITS_FOR_WAKE,
	WAITS_FOR_MOVE, /* FUTEX_WAIT_REQUEUE_PI: to be moved to where `target` is, as the next one */
	WAITS_FOR_LOCK, /* FUTEX_LOCK_PI: is given the lock */
};

enum waiter_state { WAITER_NONE, WAITER_WAITS, WAITER_WOKEN };

enum { SEM_OPERATIONS = 4 };

/* The operations of a semop(2) that waits. */
struct sem_wait {
	uint32_t count; /* 0: more than there is room for */
	struct sembuf operation[SEM_OPERATIONS];
	struct sembuf blocking; /* the first one that cannot be done */
	bool granted;           /* the operations count as done, and the thread is to make them */
};

struct futex_waiter {
	uint32_t state; /* enum waiter_state; the last to be written when the waiter is added */
	uint32_t bits;  /* a wake's mask must have one of them */
	enum futex_role role;
	int seat; /* in the shared table: of its process (peers.h) */
	pid_t tid;
	struct task *task; /* valid in its process alone */
	struct futex_key key, target;
	uint64_t order;
	uint64_t address; /* where its process has the word, and what it was when the wait began */
	uint32_t value;
	bool changed; /* it was another value when its process last looked (programs outside the run) */
	struct sem_wait semaphores;
	uint32_t index, next; /* futex_waitv(2): number of the entry, and the thread's next waiter */
};

/* The two tables. False without memory. */
bool futex_tables_create(struct process *process);
/* In a new child, whose only thread waits for nothing. */
void futex_tables_begin_child(struct process *process);

/* The key of the word at `address`: 0, -EINVAL or -EFAULT. */
int64_t futex_key_of(struct process *process, uint64_t address, bool private, struct futex_key *key);
bool futex_same_key(const struct futex_key *a, const struct futex_key *b);

/* Around all that follows, for the keys that it is about; `other` may be NULL. */
void futex_lock(struct process *process, const struct futex_key *key, const struct futex_key *other);
void futex_unlock(struct process *process, const struct futex_key *key, const struct futex_key *other);

/* A new waiter of the task, after those that are there; NULL where there is no room, or the process has no seat. */
struct futex_waiter *futex_add(struct task *task, const struct futex_key *key);
/* The waiter that has waited longest for the key with one of the bits, if it began before `before`; NULL. */
struct futex_waiter *futex_first(struct process *process, const struct futex_key *key, uint32_t bits, uint64_t before);
/* The order of the next waiter for this key. */
uint64_t futex_next_order(struct process *process, const struct futex_key *key);
/* Its thread will go on. */
void futex_wake_waiter(struct process *process, struct futex_waiter *waiter);
/* It waits for `to` now, behind all others there. */
void futex_move(struct process *process, struct futex_waiter *waiter, const struct futex_key *to);

/* The task waits no more. Returns the index of the first of its waiters that was woken, or -1. Locks by itself. */
int futex_remove(struct task *task);
/* The first waiter of the task, or NULL. */
struct futex_waiter *futex_waiter_of(struct task *task);
/* Removes what a process that has died has left in the shared table. With the lock of peers.h held. */
void futex_remove_seat(struct process *process, int seat);

/* By its place in a table; NULL behind the last one. */
struct futex_waiter *futex_waiter_at(struct process *process, bool shared, uint32_t place);
/* Where this process has the word, or 0. */
uint64_t futex_address(struct process *process, const struct futex_key *key);

/* Calls `visit` for each waiter that threads of this process have in the shared table. */
void futex_each_shared(struct process *process, void (*visit)(struct process *process, struct futex_waiter *waiter));

#endif
