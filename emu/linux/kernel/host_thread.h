/* Threads of the host's kernel, in which what the kernel keeps for each thread differs: credentials, namespaces, personality.
 * One host thread runs at a time and all share one stack, so the emulator goes on in another one as if nothing had happened; only the
 * kernel sees another caller. The process's first host thread makes the system calls of all guest threads until one of them changes its
 * credentials while others keep theirs: then that one's calls are made by a host thread of its own. Once the credentials of two host threads
 * are equal again, one of them ends. A guest thread that a pidfd stands for has a host thread of its own, too. All else (guest code, waits, signals) stays with the first. */
#ifndef TICK86_EMU_HOST_THREAD_H
#define TICK86_EMU_HOST_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process;
struct task;

/* The first members are known to the code of host_thread_hand_over(), by their offsets. */
struct host_thread {
	uint32_t turn; /* futex; enum host_turn */
	uint32_t tid;  /* in the host, cleared by the kernel when it has ended */
	void *stack;   /* the stack pointer with which it goes on */
	struct host_thread *next;
	uint32_t view; /* two with the same number have the same namespaces, root and working directory */
	bool named;    /* a pidfd stands for it: it is of one guest thread alone, and ends with that one */
	bool parent;   /* it has made a process, which would take its end for its parent's (PR_SET_PDEATHSIG): it stays */
};

struct host_threads {
	struct host_thread first, *others;
	struct host_thread *running; /* NULL: `first` */
	uint32_t views;              /* the last number given to a view */
};

/* Around a system call of the thread: goes on in its host thread, and then in the first one again. */
void host_thread_enter(struct task *task);
void host_thread_leave(struct process *process);
/* Makes a system call that changes what the kernel keeps for the calling thread, and for no other thread of the guest. Returns its result or
 * -errno; -EAGAIN: the host has no thread left. */
int64_t host_thread_call(struct task *task, uint64_t number, const uint64_t arg[6]);
/* The same for a call that changes namespaces, root or working directory, which are not compared: the thread stays with its host thread. */
int64_t host_thread_call_apart(struct task *task, uint64_t number, const uint64_t arg[6]);
/* Gives a new guest thread the credentials of the one that makes it, which calls. Returns false if the host has no thread left. */
bool host_thread_inherit(struct task *child, struct task *parent);
/* Gives the guest thread a host thread that no other one has until it ends. Returns its id in the host, or -EAGAIN. */
pid_t host_thread_name(struct task *task);
/* Returns the guest thread that has got this id so, or NULL. */
struct task *host_thread_named(struct process *process, pid_t id);
/* The host thread that runs has made a process. */
void host_thread_made_child(struct process *process);
/* In a new process, which has the host thread that made it, and no other. */
void host_thread_begin_child(struct process *process, struct task *task);
/* Ends host threads of which no guest thread is left. */
void host_threads_sweep(struct process *process);
/* Returns the id in the host of the thread that makes the task's system calls. */
pid_t host_thread_id(const struct task *task);

#endif
