/* A process of the run and one of its threads as /proc shows them: this process's own records, or copies of another's. */
#ifndef TICK86_EMU_VIEW_H
#define TICK86_EMU_VIEW_H

#include "emu/linux/kernel/machine.h"

struct view {
	const struct process *own;
	const struct process *process; /* NULL: a process of the host, or one whose records the host does not let us read */
	const struct task *task;       /* NULL with it */
	pid_t pid, tid;                /* the guest's ids */
	pid_t host;                    /* the host's, of the process */
	bool foreign;                  /* not this process: all is a copy, pointers in it but for the mappings are its addresses */
	unsigned threads;              /* that live */
	struct process *copied;        /* owned by the view, as is what follows */
	struct task *copied_task;
};

/* Looks at the process or thread `id`, as the guest has it; with `tid` not 0 at that thread of it. False: there is none, or no memory. */
bool view_open(struct view *view, const struct process *own, pid_t id, pid_t tid);
void view_close(struct view *view);
/* The live threads' ids, `threads` of them; to be freed. NULL without memory. */
pid_t *view_list(struct view *view);
/* Reads the process's memory. */
bool view_read(const struct view *view, uint64_t address, void *to, size_t size);
/* A string at an address of the process's emulator, cut off where it does not fit. */
bool view_string(const struct view *view, const char *from, char *to, size_t size);
/* The letter of its state, proc(5): of the thread in the guest's world, where one that only waits for its turn runs. */
char view_state(const struct view *view);

#endif
