/* Process ids: the guest's and the host's. They are the same but in mode icount, where the guest's count from a fixed base so
 * that every run sees the same ones. pids.c is the one place that translates. */
#ifndef TICK86_EMU_PIDS_H
#define TICK86_EMU_PIDS_H

#include <signal.h>

#include "emu/linux/kernel/machine.h"

/* The host's id of a guest's process (negative: of a group; 0 and -1 mean what they mean). */
pid_t pids_to_host(const struct process *process, pid_t pid);

/* What an id of the guest stands for: a thread of this process, which the host does not know, or another process. Every call that takes
 * the id of a thread or process resolves it here. */
struct target {
	struct task *task; /* a live thread of the calling process; NULL: of another process, or none */
	bool leads;        /* the id is that of a process */
	pid_t host;        /* as the host has it: 0, the caller, for threads of this process */
};

/* 0 stands for the calling thread. */
struct target pids_find(struct task *task, pid_t id);

pid_t pids_from_host(const struct process *process, pid_t pid);
/* An id for a new thread, which the host does not know. */
pid_t pids_new_thread(struct process *process);

/* kill(2), tgkill(2) (`tgid` -1: tkill(2)), rt_sigqueueinfo(2) to other processes: 0 or -errno. */
int64_t pids_kill(struct process *process, pid_t pid, int number);
int64_t pids_tkill(struct process *process, pid_t tgid, pid_t tid, int number);
int64_t pids_queue(struct process *process, pid_t pid, int number, siginfo_t *info);

#endif
