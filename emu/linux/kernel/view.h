/* A process of the run, and one of its threads, as /proc shows them. The structures are this process's own, or copies of another's. */
#ifndef TICK86_EMU_VIEW_H
#define TICK86_EMU_VIEW_H

#include "emu/linux/kernel/machine.h"

struct view {
	const struct process *own;
	const struct process *process; /* NULL: not a process of the run, or its structures cannot be read */
	const struct task *task;       /* NULL if process is */
	pid_t pid, tid;                /* the guest's ids */
	pid_t host;                    /* the host's id of the process */
	bool foreign;                  /* another process: everything is a copy, and pointers, except mappings, are addresses in it */
	unsigned threads;              /* number of live threads */
	struct process *copied;        /* this and the following are owned by the view */
	struct task *copied_task;
};

/* Opens a view of the process or thread `id`, a guest id; if `tid` is not 0, of this thread. Returns false if there is none, or out of
 * memory. */
bool view_open(struct view *view, const struct process *own, pid_t id, pid_t tid);
void view_close(struct view *view);
/* Moves the view to another live thread of the process. */
bool view_find(struct view *view, pid_t tid);
/* Returns the ids of the live threads, `threads` of them, for the caller to free. NULL if out of memory. */
pid_t *view_list(struct view *view);
/* Reads the process's memory. */
bool view_read(const struct view *view, uint64_t address, void *to, size_t size);
/* Reads a string at an address of the process's emulator, cut off to fit. */
bool view_string(const struct view *view, const char *from, char *to, size_t size);
/* Returns the id in the host of the thread that makes the system calls of the view's thread. */
pid_t view_host_thread(const struct view *view);
/* Returns the letter of the thread's state, as in proc(5). A thread that only waits for its turn counts as running. */
char view_state(const struct view *view);

#endif
