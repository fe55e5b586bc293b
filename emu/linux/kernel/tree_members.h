/* The memory that the processes of a tree share, and the functions that the tree's files share. For tree*.c alone. */
#ifndef TICK86_EMU_TREE_MEMBERS_H
#define TICK86_EMU_TREE_MEMBERS_H

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/tree.h"

enum { MEMBERS = 512, FIRST_PID = 10000, PIDS = 65536, NOBODY = -1 };

enum member_state { FREE, RUNNABLE, BLOCKED, STOPPED, ENDED };

struct member {
	enum member_state state;
	pid_t pid, host_pid;
	int parent;               /* index of its parent, or NOBODY */
	uint32_t calls;           /* futex: counts calls to look at the turn */
	uint32_t stops_asked;     /* atomic: counts requests to stop itself */
	uint32_t stops_known;     /* the requests that it has followed */
	bool in_poll;             /* it waits for host signals and descriptors instead of the futex */
	bool polls;               /* BLOCKED: it wants turns, to see if other processes have ended its wait */
	bool external;            /* BLOCKED: it waits for descriptors that processes outside may make ready */
	bool timed;               /* BLOCKED: it has a deadline (retries do not count) */
	bool poked;               /* BLOCKED: an event may have ended its wait */
	bool targeted;            /* a signal to it is being sent */
	bool unready;             /* its emulator has not yet made the process its own; atomic */
	bool starting;            /* its parent is forking it; if the parent is killed, it exists if it has a host_pid */
	bool subreaper;           /* descendants that become orphans become its children */
	bool settled;             /* STOPPED, ENDED: so is the host's process */
	struct standing standing; /* when it last ran */
	int64_t cpu_ns, children_cpu_ns;
	int64_t most_kib; /* the largest of itself and its children */
};

/* Ids of processes outside the tree: parent, group and session that the tree was started in, and the first process's id if it had one
 * before there was a tree. */
enum outer { OUTER_PARENT, OUTER_GROUP, OUTER_SESSION, OUTER_FIRST, OUTERS };

/* In memory that all processes of the tree share. Only the holder of the turn writes it. Exceptions: `turn` and a member's `calls`,
 * `stops_asked`, `in_poll` and `poked`, which are atomic, and the host pid of a new child. */
struct tree {
	uint64_t insns;   /* executed by all processes */
	int turn;         /* index of the member that holds it, or NOBODY */
	unsigned quiet;   /* consecutive turns in which nothing could run */
	bool priorities;  /* a process has asked for another policy or nice value: until then all are equal */
	bool watching;    /* atomic: the holder waits on the host, and blocked members watch their descriptors */
	uint32_t created; /* number of ids given out */
	pid_t first;      /* id of the first process */
	struct {
		pid_t pid, host_pid;
	} outer[OUTERS];      /* pid 0: none */
	pid_t host_pid[PIDS]; /* by guest id, from FIRST_PID; entries stay, since a group may outlive its leader */
	struct member member[MEMBERS];
	uint64_t clock[]; /* struct timekeep */
};

/* --- tree.c ------------------------------------------------------------------------------------------ */

struct member *member_self(const struct process *process);
/* Finds a member by the guest's id; NULL: none. */
struct member *member_find(struct tree *tree, pid_t pid);
/* Called when the member was killed and may have been forking: decides if its child exists. */
void member_settle_fork(struct tree *tree, const struct member *member);

/* --- tree_turns.c ------------------------------------------------------------------------------------ */

/* Notes that the member's wait may have ended: it will get the turn. */
void member_poke(struct member *member);
/* Makes a waiting member look again. */
void member_call(struct member *member);
/* The process, which holds the turn, gives it to a member that wants it, otherwise to a blocked one, which will let time pass. */
void turn_leave(struct process *process);
/* A process that was stopped asks for the turn, and waits for it. */
void turn_take_again(struct process *process);

/* --- tree_ends.c ------------------------------------------------------------------------------------- */

/* Called when the member has ended: its parent will look. */
void member_ended(struct tree *tree, struct member *member);
/* The member was killed, and `process`, which holds the turn, is the first to notice. member_killed_in_turn: the member held the turn,
 * and `process` has taken it over. */
void member_killed(struct process *process, struct member *member);
void member_killed_in_turn(struct process *process, struct member *member);
/* Return true if the host's process has ended; if a signal has stopped it. */
bool member_is_gone(const struct member *member);
bool member_is_stopped(const struct member *member);

#endif
