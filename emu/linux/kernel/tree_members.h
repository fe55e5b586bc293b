/* What the processes that take turns share, and what the parts of the tree ask of each other. For tree*.c alone. */
#ifndef TICK86_EMU_TREE_MEMBERS_H
#define TICK86_EMU_TREE_MEMBERS_H

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/tree.h"

enum { MEMBERS = 200, FIRST_PID = 10000, PIDS = 65536, NOBODY = -1 };

enum member_state { FREE, RUNNABLE, BLOCKED, STOPPED, ENDED };

struct member {
	enum member_state state;
	pid_t pid, host_pid;
	int parent;          /* index, or NOBODY */
	uint32_t calls;      /* times it was told to look at the turn; a futex */
	uint32_t stops_asked; /* times it was told to stop itself; atomic */
	uint32_t stops_known; /* those that it has heeded */
	bool in_poll;        /* it waits for host signals and descriptors, not for the futex */
	bool polls;          /* BLOCKED: wants to look whether others have ended that */
	bool external;       /* BLOCKED: has descriptors that somebody outside may make ready */
	bool timed;          /* BLOCKED: has a deadline, other than to look again */
	bool poked;          /* BLOCKED: something happened that may end it */
	bool targeted;       /* a signal to it is being sent */
	bool starting;       /* its parent is forking it; if that is killed, it exists as soon as it has a host_pid */
	bool subreaper;      /* orphans among its descendants become its children */
	bool settled;        /* STOPPED, ENDED: the host has done it too */
	int64_t cpu_ns, children_cpu_ns;
};

/* Ids of others than members: parent, group and session that the tree was started in, and the first process's where it had one before
 * there was a tree. */
enum outer { OUTER_PARENT, OUTER_GROUP, OUTER_SESSION, OUTER_FIRST, OUTERS };

/* In memory that all processes of the tree share. Only the one that holds the turn writes, but for `turn` and a member's `calls`,
 * `stops_asked`, `in_poll` and `poked`, which are atomic, and for a new child's host id. */
struct tree {
	uint64_t insns;      /* executed by all */
	int turn;            /* index of the member that runs, or NOBODY */
	unsigned quiet;      /* turns in a row that found nothing to run */
	bool watching;       /* atomic: the holder waits on the host; blocked members watch their descriptors */
	uint32_t created;    /* ids given out */
	pid_t first;         /* id of the first process */
	struct { pid_t pid, host_pid; } outer[OUTERS]; /* pid 0: none */
	pid_t host_pid[PIDS]; /* by guest id, from FIRST_PID; kept for the sake of groups whose leader has gone */
	struct member member[MEMBERS];
	uint64_t clock[];    /* struct timekeep */
};

/* --- tree.c ------------------------------------------------------------------------------------------ */

struct member *member_self(const struct process *process);
/* By the guest's id, or NULL. */
struct member *member_find(struct tree *tree, pid_t pid);
/* The member was killed while it may have been forking: its child is there, or never will be. */
void member_settle_fork(struct tree *tree, const struct member *member);

/* --- tree_turns.c ------------------------------------------------------------------------------------ */

/* Something happened that may end its wait: it will get the turn. */
void member_poke(struct member *member);
/* Tells a member that waits to look again. */
void member_call(struct member *member);
/* The process, which holds the turn, gives it to whoever wants it, or else to one that is blocked and will let time pass. */
void turn_leave(struct process *process);
/* A process that was stopped wants the turn, and waits for it. */
void turn_take_again(struct process *process);

/* --- tree_ends.c ------------------------------------------------------------------------------------- */

/* The member has ended: its parent will look. */
void member_ended(struct tree *tree, struct member *member);
/* It was killed, and `process`, which holds the turn, is the first to notice. In its turn: `process` has taken that from it. */
void member_killed(struct process *process, struct member *member);
void member_killed_in_turn(struct process *process, struct member *member);
/* Whether the host says that it has ended; that a signal has stopped it. */
bool member_is_gone(const struct member *member);
bool member_is_stopped(const struct member *member);

#endif
