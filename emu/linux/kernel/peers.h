/* What the processes of a run share so as to find each other: a lock, a seat for each process that asks for one, and who its threads are.
 * It lies in memory that is mapped before the first fork. Each process has its lock and its seat in the list of robust futexes that the
 * host's kernel keeps for it (set_robust_list(2)): a process that dies, in whatever way and at whatever instant, loses both by that. */
#ifndef TICK86_EMU_PEERS_H
#define TICK86_EMU_PEERS_H

#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SEATS = 4096, NO_SEAT = -1, HELD_MAX = 32 };

/* The memory that a futex is in, wherever it is mapped: the kernel's union futex_key. */
struct futex_key {
	uint64_t dev, object, offset; /* of shared memory; else `offset` is the address, and the rest 0 */
	uint32_t scope;               /* enum futex_scope */
};

/* A word that the host's kernel gives the mark FUTEX_OWNER_DIED when its holder dies, and the holder's place in its list. */
struct robust_word {
	struct robust_list node;
	uint32_t word; /* the holder's id in the host, FUTEX_WAITERS, FUTEX_OWNER_DIED; 0: free */
};

/* A robust futex in shared memory that a thread of the process was seen to hold. */
struct held_futex {
	struct futex_key key;
	pid_t tid;
	bool inherits; /* priority */
};

struct seat {
	struct robust_word taken;
	pid_t pid, host_pid;
	uint32_t calls; /* grows when the process is to look for what it waits for; atomic */
	bool waits;     /* it waits on the host, so a call rings; atomic */
	uint32_t held;
	struct held_futex holds[HELD_MAX];
};

struct peers;

/* A process's own part of it. */
struct peer {
	struct peers *all;
	struct robust_list_head list; /* as the host's kernel has it */
	uint32_t tid;                 /* in the host, once the kernel knows of `list`; or 0 */
	int seat;                     /* or NO_SEAT */
	uint32_t calls_seen;
};

struct process;

/* Before the first fork. False without memory. */
bool peers_create(struct process *process);
/* In a new child. */
void peers_begin_child(struct process *process);
/* Tells the kernel of the list, for the calling host thread: the first call decides which one. */
void peers_join(struct process *process);
/* The process ends: another one may have its seat. */
void peers_leave(struct process *process);
/* The process's seat, taken if it has none; NO_SEAT: all are taken. */
int peers_seat(struct process *process);
struct seat *peers_at(const struct process *process, int seat);
/* As many seats as have ever been taken: those to look through. */
int peers_seats(const struct process *process);
/* Whether the seat's process has died without leaving it. */
bool peers_is_dead(const struct process *process, int seat);
/* Of a dead process, when nothing more is to be done for it: another one may take the seat. With the lock held. */
void peers_free(struct process *process, int seat);

/* Around what several processes may do at once. */
void peers_lock(struct process *process);
void peers_unlock(struct process *process);

/* The seat's process is to look (peers_called). */
void peers_call(struct process *process, int seat);
/* All of them but this one. */
void peers_call_all(struct process *process);
/* Whether this process has been called since it last asked. */
bool peers_called(struct process *process);
/* Around a wait on the host. The first returns false if there was a call already. */
bool peers_begin_wait(struct process *process);
void peers_end_wait(struct process *process);

/* --- threads ------------------------------------------------------------------------------------------ */

/* A number that no other thread of the run has had, from 1. */
uint32_t peers_new_number(struct process *process);
/* A thread has begun, or has ended. */
void peers_thread_began(struct process *process, pid_t tid);
void peers_thread_ended(struct process *process, pid_t tid);
/* Whether some process of the run has the thread. */
bool peers_thread_lives(const struct process *process, pid_t tid);

#endif
