/* Ids of processes: the guest's and the host's. They differ only in mode icount, where the guest's ids count from a fixed base so that
 * they are the same in every run. Only pids.c translates them. */
#ifndef TICK86_EMU_PIDS_H
#define TICK86_EMU_PIDS_H

#include <fcntl.h>
#include <signal.h>

#include "emu/linux/kernel/machine.h"

/* A flag of pidfd_open(2), PIDFD_THREAD since Linux 6.9: the descriptor stands for a thread. */
enum { THREAD_PIDFD = O_EXCL };

/* Returns the host's id for a guest's process id. Negative ids are groups; 0 and -1 keep their meaning. */
pid_t pids_to_host(const struct process *process, pid_t pid);

/* What an id of the guest refers to: a thread of this process, of which the host knows nothing, or another process. Every system call
 * that takes the id of a thread or process resolves it with pids_find. */
struct target {
	struct task *task; /* a live thread of the calling process; NULL: another process's, or none */
	bool leads;        /* the id is a process's */
	pid_t host;        /* the host's id; 0 (the caller) for threads of this process */
};

/* Resolves an id; 0 is the calling thread. */
struct target pids_find(struct task *task, pid_t id);

pid_t pids_from_host(const struct process *process, pid_t pid);
/* Returns an id for a new thread; the host does not know it. */
pid_t pids_new_thread(struct process *process);

/* kill(2), tgkill(2) (with `tgid` -1 tkill(2)) and rt_sigqueueinfo(2) for other processes. Return 0 or -errno. */
int64_t pids_kill(struct process *process, pid_t pid, int number);
int64_t pids_tkill(struct process *process, pid_t tgid, pid_t tid, int number);
int64_t pids_queue(struct process *process, pid_t pid, int number, siginfo_t *info);

#endif
