/* Threads as the scheduler's records. */
#ifndef TICK86_EMU_TASK_H
#define TICK86_EMU_TASK_H

#include "emu/linux/kernel/machine.h"

/* A thread with zeroed registers, not in any list; NULL without memory. */
struct task *task_new(struct process *process, pid_t tid);
/* The live thread `tid`, or NULL. */
struct task *task_find(struct process *process, pid_t tid);
/* The name of 15 bytes and a NUL that prctl(2) gives and shows. The leader's is the host process's. */
void task_get_name(const struct task *task, char name[16]);
void task_set_name(struct task *task, const char name[16]);
/* Frees a thread that is in no list any more; its counts stay with the process. */
void task_free(struct task *task);
/* Frees all threads but `survivor`, which becomes the leader. */
void task_keep_only(struct process *process, struct task *survivor);
/* The NUMA node of the thread's vCPU. */
uint32_t task_node(const struct task *task);

/* A waiting thread will call its system call again, told why. No effect on others. */
void task_wake(struct task *task, enum wake why);
/* The thread has lost its vCPU: what it has registered is looked at before its code runs again. */
static inline void rseq_interrupt(struct task *task)
{
	task->rseq.due = task->rseq.address != 0;
}
/* The process ends with this wait(2) status once the current system call is over. */
void process_end(struct process *process, int status);
/* Frees what is queued on `list`. */
void pending_free(struct pending_signal **list);

#endif
