/* Threads: creating, finding, naming, waking and freeing them. */
#ifndef TICK86_EMU_TASK_H
#define TICK86_EMU_TASK_H

#include "emu/linux/kernel/machine.h"

/* Returns a thread with zeroed registers that is in no list, or NULL if out of memory. */
struct task *task_new(struct process *process, pid_t tid);
/* Returns the live thread `tid`, or NULL. */
struct task *task_find(struct process *process, pid_t tid);
/* The name that prctl(2) sets: 15 bytes and a NUL. The leader's name is the host process's. */
void task_get_name(const struct task *task, char name[16]);
void task_set_name(struct task *task, const char name[16]);
/* Frees a thread that is in no list any more, and adds its counts to the process's. */
void task_free(struct task *task);
/* Frees all threads but `survivor`, which becomes the leader. */
void task_keep_only(struct process *process, struct task *survivor);
/* Returns the NUMA node of the thread's vCPU. */
uint32_t task_node(const struct task *task);

/* Wakes a waiting thread: it makes its system call again, with `why`. Does nothing to other threads. */
void task_wake(struct task *task, enum wake why);
/* Called when the thread loses its vCPU: its rseq registration is checked before its code runs again. */
static inline void rseq_interrupt(struct task *task)
{
	task->rseq.due = task->rseq.address != 0;
}
/* Ends the process with this wait(2) status once the current system call is over. */
void process_end(struct process *process, int status);
/* Frees the signals queued in `list`. */
void pending_free(struct pending_signal **list);

#endif
