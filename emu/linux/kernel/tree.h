/* The processes of a run in mode icount, or of one whose options say one_at_a_time. They share one virtual clock and run one at a
 * time: each holds the turn until its slice ends, it blocks or it ends, then the next one that can run gets it, in order of
 * creation. So a pipeline is a function of its inputs like a single process. Where processes run side by side there is no tree,
 * and these functions do what the comment says for it. */
#ifndef TICK86_EMU_TREE_H
#define TICK86_EMU_TREE_H

#include <sys/resource.h>

#include "emu/linux/kernel/machine.h"

/* Makes `process` the first of a tree; its clock's state moves to the shared memory. False without memory. */
bool tree_create(struct process *process);

/* For a process that is saved: how many ids its tree has given out, 0 without one. And for one that is restored as the first of a
 * tree: it has the id `pid` again, and the tree goes on behind `ids`. tree_adopt before it does anything. */
uint32_t tree_ids(const struct process *process);
void tree_adopt(struct process *process, pid_t pid, uint32_t ids);

/* --- fork -------------------------------------------------------------------------------------------- */

/* Before the host's fork: the id of the child to be, or -EAGAIN. Without a tree 0. `told`: where the host is to write the child's id of
 * its own as it makes it, or NULL. */
pid_t tree_reserve(struct process *process, pid_t **told);
void tree_cancel(struct process *process, pid_t pid);
/* In the parent, then in the child: the child's id as the guest sees it. */
pid_t tree_child_started(struct process *process, pid_t pid, pid_t host_pid);
pid_t tree_begin_child(struct process *process, pid_t pid);

/* --- turns ------------------------------------------------------------------------------------------- */

/* What a process says of itself when its turn ends. */
struct turn_end {
	bool blocked;      /* no thread can run */
	bool ran;          /* it did something before */
	bool watches_memory; /* another process of the tree may end that by a write to shared memory */
	bool timed;          /* a thread or a timer has a deadline, other than to look again */
	struct pollfd *fds; /* what could end that, the host's signals among it */
	unsigned count;
};

/* Hands the turn on and returns when it has come back. True: no process of the tree can run, and it is this one's to let time
 * pass. Without a tree: whether it is blocked. */
bool tree_take_turns(struct process *process, const struct turn_end *end);
/* Whether the process holds the turn; true without a tree. */
bool tree_has_turn(const struct process *process);
/* Waits for the first turn (a new child). */
void tree_await_turn(struct process *process);
/* While this process lets time pass on the host, blocked ones watch their descriptors too. */
void tree_watch(struct process *process, bool on);
/* Whether a process wants its turn. While this one idles only a stopped process that was told to continue can begin to. */
bool tree_somebody_runs(const struct process *process);
/* A process waits for something outside the tree. */
bool tree_external(const struct process *process);
/* A process that is blocked has a deadline, other than to look again. */
bool tree_timed(const struct process *process);
/* The timer of process `pid` has expired. */
void tree_timer_expired(struct process *process, pid_t pid);
/* CLOCK_REALTIME was set: the others look at their absolute waits again. */
void tree_wall_changed(struct process *process);

/* --- ends -------------------------------------------------------------------------------------------- */

/* The process is about to end: if it is the last one that lives, then others that were killed from outside, which nobody has noticed yet,
 * have ended before it. */
void tree_bury(struct process *process);
/* SIGCHLD has come: children that were killed from outside, or by the kernel (a limit, no memory), have ended and hold no turn. */
void tree_bury_children(struct process *process);
/* The process is about to die: closes its descriptors, hands the turn on for good. */
void tree_leave(struct process *process);
/* No other process of the run is left. Without a tree: this is the one that the run began with. */
bool tree_alone(const struct process *process);
/* PR_SET_CHILD_SUBREAPER. */
void tree_set_subreaper(struct process *process, bool on);
/* About to be stopped by a signal, and continued again. While all processes are stopped the clock is (tk_stop); without a tree while
 * this one is. */
void tree_stop(struct process *process);
void tree_continue(struct process *process);
/* Whether the process, which somebody outside had stopped while it held the turn, was continued only to hand that on: it is to stop now.
 * A SIGCONT that comes from elsewhere ends that, so it asks too. */
bool tree_stop_asked(struct process *process);
/* Before a look at children: those that have ended or stopped by the tree's reckoning have done so in the host too. */
void tree_settle_children(struct process *process);
/* A child that wait4 has returned: its guest id; in a tree its usage is what was counted where CPU time is,
 * and if it has ended its id is free. */
pid_t tree_child_reaped(struct process *process, pid_t host_pid, int status, struct rusage *usage);
/* The wait(2) status that waitid(2) describes. */
int tree_wait_status(const siginfo_t *info);
/* Around the sending of a signal (`pid` as in kill(2)) to others of the tree: it takes effect before the sender goes on. */
void tree_signal_to_send(struct process *process, pid_t pid, int number);
void tree_signal_sent(struct process *process, int number);

/* --- ids --------------------------------------------------------------------------------------------- */

/* -1: the id is the tree's, and nobody has it now. */
pid_t tree_to_host(const struct tree *tree, pid_t pid);
pid_t tree_from_host(const struct tree *tree, pid_t host_pid);
pid_t tree_new_id(struct tree *tree);
pid_t tree_parent(const struct process *process);

#endif
