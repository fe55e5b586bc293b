/* The tree: the processes of a run that take turns (mode icount, or options with one_at_a_time). They share one virtual clock, and only
 * the holder of the turn runs, until its slice ends, it blocks or it ends. Then the next process that can run gets the turn, in order of
 * creation. So a pipeline of processes is as repeatable as a single process.
 * Where processes run side by side there is no tree; the functions say what they do then. */
#ifndef TICK86_EMU_TREE_H
#define TICK86_EMU_TREE_H

#include <sys/resource.h>

#include "emu/linux/kernel/machine.h"

/* Makes `process` the first of a tree, and moves its clock's state to memory that the tree shares. Returns false if out of memory. */
bool tree_create(struct process *process);

/* For saving: tree_ids returns how many ids the tree has given out, 0 without a tree. For restoring, before the process does anything:
 * tree_adopt gives the first process of a tree the id `pid` again, and new ids follow the first `ids`. */
uint32_t tree_ids(const struct process *process);
void tree_adopt(struct process *process, pid_t pid, uint32_t ids);

/* --- fork -------------------------------------------------------------------------------------------- */

/* Called before the host's fork. Returns the child's id, or -EAGAIN; 0 without a tree. `told`: set to where the host must write the
 * child's host pid at its creation; NULL: not needed. */
pid_t tree_reserve(struct process *process, pid_t **told);
void tree_cancel(struct process *process, pid_t pid);
/* Called after the fork, in the parent and in the child. Returns the child's id as the guest sees it. */
pid_t tree_child_started(struct process *process, pid_t pid, pid_t host_pid);
pid_t tree_begin_child(struct process *process, pid_t pid);

/* --- turns ------------------------------------------------------------------------------------------- */

/* The state of a process when its turn ends. */
struct turn_end {
	bool blocked;        /* no thread can run */
	bool ran;            /* a thread has run in this turn */
	bool watches_memory; /* another process of the tree may end the blocking by a write to shared memory */
	bool timed;          /* a thread or a timer has a deadline (retries do not count) */
	struct pollfd *fds;  /* the descriptors that could end the blocking, one of them for host signals */
	unsigned count;
};

/* What a process's priority means for turns: policy.c. */
struct standing {
	int rank;            /* of real-time threads that can run, the greatest priority; else 0 */
	int64_t rests_until; /* such a process leaves the turn to others until then (clock_now) */
	bool goes_on;        /* until it waits or yields (SCHED_FIFO) */
	unsigned weight;     /* by the nice value; 0: not known yet */
};

/* The first one notes that priorities differ from now on, the second one tells if they do. */
void tree_note_priorities(struct process *process);
bool tree_has_priorities(const struct process *process);
/* Notes it for the calling process. */
void tree_set_standing(struct process *process, struct standing standing);
/* Returns how many other processes can run; of real-time ones if `realtime`. The greatest weight among them is stored. */
unsigned tree_runnable(const struct process *process, bool realtime, unsigned *weight);

/* Hands the turn on, and returns when it comes back. Returns true if no process of the tree can run: then the caller must let time pass.
 * Without a tree, returns end->blocked. */
bool tree_take_turns(struct process *process, const struct turn_end *end);
/* Returns true if the process holds the turn, or there is no tree. */
bool tree_has_turn(const struct process *process);
/* Waits for the first turn; for a new child. */
void tree_await_turn(struct process *process);
/* Waits until the emulator of another process of the tree has made that process its own: before its record is read. */
void tree_await_ready(const struct process *process, pid_t host_pid);
/* While `on`, this process lets time pass on the host, and blocked processes watch their descriptors, too. */
void tree_watch(struct process *process, bool on);
/* Returns true if a process wants the turn. While the calling process idles, this can become true only because a stopped process was
 * continued. */
bool tree_somebody_runs(const struct process *process);
/* Returns true if a process waits for something outside the tree. */
bool tree_external(const struct process *process);
/* Returns true if a blocked process has a deadline (retries do not count). */
bool tree_timed(const struct process *process);
/* Something has happened (a timer, a wake) for which process `pid` is to look: it gets the turn. */
void tree_poke(struct process *process, pid_t pid);
/* Called when CLOCK_REALTIME was set: makes the other processes check their absolute waits. */
void tree_wall_changed(struct process *process);

/* --- ends -------------------------------------------------------------------------------------------- */

/* Called when the process is about to end. If no other process lives, those that were killed from outside without notice have ended
 * before it. */
void tree_bury(struct process *process);
/* Called on SIGCHLD: children that were killed from outside, or by the kernel (a limit, out of memory), have ended and hold no turn. */
void tree_bury_children(struct process *process);
/* Called when the process is about to die: closes its descriptors, and hands the turn on for good. */
void tree_leave(struct process *process);
/* Returns true if no other process of the run is left. Without a tree: true for the first process of the run. */
bool tree_alone(const struct process *process);
/* PR_SET_CHILD_SUBREAPER. */
void tree_set_subreaper(struct process *process, bool on);
/* tree_stop is called before the process is stopped by a signal, tree_continue after it was continued. The clock is stopped (tk_stop)
 * while all processes are stopped; without a tree, while this one is. */
void tree_stop(struct process *process);
void tree_continue(struct process *process);
/* A process that was stopped from outside while it held the turn is continued by the others for a moment, so that it can hand the turn
 * on. Returns true if the process was continued for this purpose: it must stop again. To be called after each SIGCONT, since one from
 * outside also ends the stop. */
bool tree_stop_asked(struct process *process);
/* Called before a wait for children: waits until children that have ended or stopped in the tree have also done so in the host. */
void tree_settle_children(struct process *process);
/* Called for a child that wait4 has returned. Returns its guest id. In a tree, if CPU time is counted, `usage` becomes the counted one.
 * If the child has ended, its id is free. */
pid_t tree_child_reaped(struct process *process, pid_t host_pid, int status, struct rusage *usage);
/* Returns the wait(2) status that waitid(2) describes. */
int tree_wait_status(const siginfo_t *info);
/* Called before and after sending a signal to other processes of the tree (`pid` as in kill(2)). The signal takes effect before the
 * sender goes on. */
void tree_signal_to_send(struct process *process, pid_t pid, int number);
void tree_signal_sent(struct process *process, int number);

/* --- ids --------------------------------------------------------------------------------------------- */

/* Translate ids. Return -1 if the id is the tree's and no process has it now. */
pid_t tree_to_host(const struct tree *tree, pid_t pid);
pid_t tree_from_host(const struct tree *tree, pid_t host_pid);
pid_t tree_new_id(struct tree *tree);
pid_t tree_parent(const struct process *process);

#endif
