/* Observers of a run: a recorder, a saver, a debugger, a profiler. Each is a table of functions and whatever it keeps besides; a process
 * has a list of them, told of each event in the order in which they were added. emu/linux tells what happens and knows none of them. */
#ifndef TICK86_EMU_OBSERVER_H
#define TICK86_EMU_OBSERVER_H

#include <signal.h>

#include "emu/linux/kernel/machine.h"
#include "emu/mem/doorbell.h"

struct observer;

/* What an observer wants to be told and asked. Any function may be NULL. */
struct observer_table {
	/* --- around guest code --- */
	void (*resume)(struct observer *self, struct task *task);                    /* the thread is about to run guest code */
	void (*stop)(struct observer *self, struct task *task, enum cpu_exit exit);  /* it has stopped; the process's counts are up to date */
	void (*advance)(struct observer *self, struct task *task, uint64_t insns);   /* so many more instructions ran, which the world decides */
	void (*memory)(struct observer *self, struct process *process, const struct space_change *change);

	void (*written)(struct observer *self, struct process *process, pid_t pid, uint64_t address, const void *bytes, size_t size); /* to another's */

	/* --- system calls and signals --- */
	int64_t (*call)(struct observer *self, struct task *task, uint64_t number, const uint64_t arg[6]); /* each try: 0, or -errno to refuse it */
	void (*result)(struct observer *self, struct task *task, uint64_t number, const uint64_t arg[6], int64_t result); /* or SYSCALL_WAIT */
	void (*signal)(struct observer *self, struct task *task, const siginfo_t *info);  /* it is being delivered */
	bool (*claim)(struct observer *self, struct process *process, enum doorbell message, const siginfo_t *info); /* true: it came for the observer */
	void (*exec)(struct observer *self, struct process *process, const char *path, char *const argv[]);

	/* --- threads and processes --- */
	void (*fork)(struct observer *self, struct process *process, pid_t child);   /* ahead of the host's fork */
	void (*forked)(struct observer *self, struct process *process, bool done);   /* behind it, in the parent */
	void (*child)(struct observer *self, struct process *process);               /* behind it, in the child */
	void (*task_end)(struct observer *self, struct task *task);                  /* the thread is gone for good */
	void (*forget)(struct observer *self, struct task *task);                    /* its memory is freed: so is what task->observed holds */
	void (*killed)(struct observer *self, struct process *process, pid_t pid, bool in_turn); /* another process, by SIGKILL */
	void (*turn)(struct observer *self, struct process *process);                /* the process has got the turn (again) */
	void (*exit)(struct observer *self, struct process *process, int status, bool last); /* a wait(2) status; no process of the run is left */

	/* --- the scheduler --- */
	void (*pause)(struct observer *self, struct process *process, int64_t wait_ns); /* others may run, or the host waits; negative: for ever */
	uint64_t (*budget)(struct observer *self, const struct process *process);    /* instructions that may run before `between`; UINT64_MAX */
	void (*between)(struct observer *self, struct process *process);             /* two slices: no thread is inside of anything */
};

/* What an observer's own structure begins with. */
struct observer {
	const struct observer_table *on;
	unsigned slot;          /* what it keeps of a thread is task->observed[slot] */
	struct observer *next;
};

/* From now on the observer, which the caller keeps, is told of what the process and its descendants do. */
void observer_add(struct process *process, struct observer *observer);
/* Whether an observer wants to be told of each system call: then none may be answered within a run (loop.c). */
bool observer_sees_calls(const struct process *process);

/* Tells all observers: OBSERVE(process, stop, task, exit). */
#define OBSERVE(PROCESS, EVENT, ...) \
	do { \
		for (struct observer *observer_ = (PROCESS)->observers; observer_; observer_ = observer_->next) \
			if (observer_->on->EVENT) \
				observer_->on->EVENT(observer_, __VA_ARGS__); \
	} while (0)

/* Asks all observers. The first error of `call`; whether one has claimed the signal; the smallest budget. */
int64_t observe_call(struct task *task, uint64_t number, const uint64_t arg[6]);
bool observe_claim(struct process *process, enum doorbell message, const siginfo_t *info);
uint64_t observe_budget(const struct process *process);

#endif
