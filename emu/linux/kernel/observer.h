/* Observers watch a run: a recorder, a saver, a debugger, a profiler. An observer is a table of functions and its own data. A process
 * has a list of observers, which are called at each event in the order in which they were added. emu/linux reports events and knows none
 * of the observers. */
#ifndef TICK86_EMU_OBSERVER_H
#define TICK86_EMU_OBSERVER_H

#include <signal.h>

#include "emu/linux/kernel/machine.h"
#include "emu/mem/doorbell.h"

struct observer;

/* The functions of an observer. Any of them may be NULL. */
struct observer_table {
	/* --- around guest code --- */
	void (*resume)(struct observer *self, struct task *task); /* the thread is about to run guest code */
	void (*stop)(struct observer *self, struct task *task,
		enum cpu_exit exit); /* it has stopped; the process's counts are up to date */
	/* the thread ran `insns` more instructions, whose results the world decides */
	void (*advance)(struct observer *self, struct task *task, uint64_t insns);
	void (*memory)(struct observer *self, struct process *process, const struct space_change *change);

	/* the process wrote `bytes` to the memory of process `pid` */
	void (*written)(struct observer *self, struct process *process, pid_t pid, uint64_t address, const void *bytes, size_t size);

	/* --- system calls and signals --- */
	/* at each try of a call; returns 0, or -errno to refuse it */
	int64_t (*call)(struct observer *self, struct task *task, uint64_t number, const uint64_t arg[6]);
	/* result may be SYSCALL_WAIT */
	void (*result)(struct observer *self, struct task *task, uint64_t number, const uint64_t arg[6], int64_t result);
	void (*signal)(struct observer *self, struct task *task, const siginfo_t *info); /* it is being delivered to the thread */
	/* returns true if the signal is for the observer */
	bool (*claim)(struct observer *self, struct process *process, enum doorbell message, const siginfo_t *info);
	void (*exec)(struct observer *self, struct process *process, const char *path, char *const argv[]);

	/* --- threads and processes --- */
	void (*fork)(struct observer *self, struct process *process, pid_t child); /* before the host's fork */
	void (*forked)(struct observer *self, struct process *process, bool done); /* after the fork, in the parent */
	void (*child)(struct observer *self, struct process *process);             /* after the fork, in the child */
	void (*task_end)(struct observer *self, struct task *task);                /* the thread has ended */
	void (*forget)(struct observer *self, struct task *task);                  /* the thread is freed: free what task->observed holds */
	void (*killed)(struct observer *self, struct process *process, pid_t pid, bool in_turn); /* `pid`, by SIGKILL */
	void (*turn)(struct observer *self, struct process *process);                            /* the process has got the turn (again) */
	/* status as for wait(2); last: no process of the run is left */
	void (*exit)(struct observer *self, struct process *process, int status, bool last);

	/* --- the scheduler --- */
	/* other processes may run, or the host waits for up to wait_ns; negative: for ever */
	void (*pause)(struct observer *self, struct process *process, int64_t wait_ns);
	/* returns how many instructions may run before `between` is called; UINT64_MAX: any */
	uint64_t (*budget)(struct observer *self, const struct process *process);
	/* called between two slices: no thread runs, and no system call is being made */
	void (*between)(struct observer *self, struct process *process);
};

/* The first member of an observer's own structure. */
struct observer {
	const struct observer_table *on;
	unsigned slot; /* the observer's data about a thread is task->observed[slot] */
	struct observer *next;
};

/* Adds an observer, which the caller owns. It is called for events of the process and its descendants. */
void observer_add(struct process *process, struct observer *observer);
/* Returns true if an observer must see each system call: then none may be answered within a run of cpu_run. */
bool observer_sees_calls(const struct process *process);

/* Calls all observers: OBSERVE(process, stop, task, exit). */
#define OBSERVE(PROCESS, EVENT, ...)                                                                            \
	do {                                                                                                    \
		for (struct observer *observer_ = (PROCESS)->observers; observer_; observer_ = observer_->next) \
			if (observer_->on->EVENT)                                                               \
				observer_->on->EVENT(observer_, __VA_ARGS__);                                   \
	} while (0)

/* Ask all observers. observe_call returns the first error or 0; observe_claim returns true if an observer claims the signal;
 * observe_budget returns the smallest budget. */
int64_t observe_call(struct task *task, uint64_t number, const uint64_t arg[6]);
bool observe_claim(struct process *process, enum doorbell message, const siginfo_t *info);
uint64_t observe_budget(const struct process *process);

#endif
