/* The structures of a guest process and its threads (tasks). */
#ifndef TICK86_EMU_MACHINE_H
#define TICK86_EMU_MACHINE_H

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "emu/block/block.h"
#include "emu/cpu/cpu.h"
#include "emu/mem/space.h"
#include "emu/linux/kernel/host_thread.h"
#include "emu/linux/kernel/peers.h"
#include "emu/linux/kernel/wait.h"
#include "emu/options.h"
#include "timekeep/timekeep.h"

enum { GUEST_SIGNALS = 64, OBSERVERS_MAX = 4 };

/* The kernel's struct sigaction, x86-64 layout (rt_sigaction(2)). */
struct guest_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

struct pending_signal {
	siginfo_t info;
	struct pending_signal *next;
};

enum task_state { TASK_RUNNABLE, TASK_WAITING, TASK_DEAD };

/* The last exception of a thread, as in struct sigcontext: trapno, err and cr2. */
struct fault_state {
	uint64_t vector, error, address;
	bool resume_flag; /* RFLAGS.RF, which faults push and traps do not (SDM vol. 3, 17.3.1.1) */
};

/* A thread's registration by rseq(2). */
struct rseq_area {
	uint64_t address; /* address of its struct rseq, or 0 */
	uint32_t length, signature;
	bool due; /* rseq_resume is to be called before the thread's code runs again */
};

/* The connection between a child made by vfork(2) and its parent; descriptors are -1 if there is none. */
struct vfork_link {
	int pipe;  /* the child closes its writing end when it releases the parent's memory */
	int pages; /* a file with the pages that the child has written */
};

/* How a thread is scheduled (sched(7)). */
struct policy {
	bool own;             /* false: the host's policy for the process applies (process/policy.c) */
	int policy, priority; /* SCHED_*; the priority of a real-time policy */
	int nice;
};

/* The signals of a thread: signal/. */
struct task_signals {
	uint64_t mask;       /* bit n-1 for signal n */
	uint64_t saved_mask; /* to restore after sigsuspend, ppoll, pselect, epoll_pwait */
	bool restore_mask;
	struct pending_signal *pending; /* signals for this thread, oldest first */
	stack_t altstack;
	struct fault_state fault; /* the last synchronous exception, for signal frames */
};

/* The system call under way, or the last one: run/syscall.c. */
struct task_call {
	bool restartable;        /* RAX holds the result of a call that a signal may restart */
	uint64_t restart_number; /* the call that restart_syscall(2) continues, and its deadline */
	uint64_t restart_deadline;
	uint64_t number; /* the number of the current or last call: RAX at its beginning (the kernel's orig_rax) */
};

/* Instructions and CPU time: kernel/clock.c. */
struct task_time {
	uint64_t insns;     /* instructions executed by this thread */
	uint64_t run_insns; /* those of the current run, also in insns; their time is not yet in cpu_ns */
	int64_t run_began;  /* time at the beginning of the run (icount) */
	int64_t cpu_ns;     /* virtual time for which this thread has run (icount) */
};

/* What the thread's end does to its memory: process/thread.c. */
struct task_end {
	uint64_t clear_child_tid;
	uint64_t robust_list;
	uint64_t robust_list_size;
};

/* What makes a thread a process: it shares the memory, but has handlers and an end of its own (process/tracer.h). */
struct tracer {
	pid_t id;
	struct guest_sigaction action[GUEST_SIGNALS + 1];
	bool ended;
	int status; /* in wait(2)'s format; kept until it is waited for */
	struct tracer *next;
};

/* A guest thread. One host thread runs all of them, one after the other. */
struct task {
	struct cpu cpu;
	struct process *process;
	struct task *next; /* the list is in order of creation; the scheduler goes round it */
	pid_t tid;         /* the guest's number for it */
	char name[16];     /* prctl(2), PR_SET_NAME; the host keeps the leader's (task_get_name) */
	enum task_state state;
	struct task_signals signals;
	struct task_call call;
	struct task_end end;
	struct rseq_area rseq;
	struct tracer *tracer;     /* it is a process of its own; NULL: it is not */
	struct tracer *stopped_by; /* it does not run; NULL: it does */
	bool stop_told;            /* to a wait4(2) of the tracer */
	struct wait wait;
	pid_t vfork_child; /* the child for which the thread waits until it execs or exits; how the child tells */
	struct vfork_link vfork;
	struct policy policy;
	uint64_t affinity; /* the vCPUs on which it may run, bit n for vCPU n */
	struct task_time time;
	struct host_thread *host;      /* makes its system calls; NULL: the process's first one (host_thread.h) */
	void *observed[OBSERVERS_MAX]; /* each observer's data about the thread (observer.h); owned by the observer */
};

/* How clock.c learns that the host had stopped us (SIGSTOP from outside): by the SIGCONT that ended the stop. */
struct host_stop {
	bool continued; /* this SIGCONT is being taken from the host */
	bool left_out;  /* the clock has accounted for it, though it is still pending in the host */
	bool idle;      /* since the last look at the clock we waited on the host, and were stopped for `waited_ns` of that wait */
	int64_t waited_ns;
};

struct observer;
struct timer;
struct tree;
struct common_clock;
struct written;
struct futex_table;
struct upcalls;

/* The signals of a process: signal/. */
struct process_signals {
	struct guest_sigaction action[GUEST_SIGNALS + 1];
	struct pending_signal *pending; /* signals for the process */
	int fd;                         /* readable if a signal for us is pending in the host; or -1 */
	uint64_t fd_set;                /* the signals that it shows */
	uint64_t signalfd_set;          /* all signals that the guest has passed to signalfd(2) */
	bool due;                       /* host signals must be collected before guest code runs again */
	bool calls_signal;              /* the host may answer any call with a signal: O_ASYNC, mq_notify(2) and their like are in use */
};

/* The process's side of the virtual clock, and its CPU time: kernel/clock.c, common_clock.c. */
struct process_time {
	struct tk_host host; /* the host table of `clock` */
	struct host_stop stop;
	uint64_t *clock_insns; /* the instructions that `clock` knows of: those of the whole tree */
	uint64_t own_insns;    /* clock_insns points here if there is no tree */
	int64_t cpu_ns; /* virtual time for which its threads have run (icount); children_cpu_ns: that of children that were waited for */
	int64_t children_cpu_ns;
	int64_t cpu_before_ns;       /* other modes: CPU time used before the process was restored here */
	uint64_t deadline;           /* the process's next deadline, or WAIT_FOREVER */
	uint64_t wall_generation;    /* the tk_wall_generation by which absolute waits have their deadlines */
	struct common_clock *common; /* mode offset without a tree: the state of the clock that the run's processes share */
	int64_t wall_moved;          /* how much of its wall_moved our clock has applied */
	uint64_t common_writes;
	bool deadlines_changed; /* `deadline` must be computed again */
};

/* The program that execve(2) has loaded: process/exec.c. */
struct process_image {
	char *exe_path;                                                        /* absolute path of /proc/self/exe */
	uint64_t auxv_start, auxv_end, arg_start, arg_end, env_start, env_end; /* for /proc/self/{auxv,cmdline,environ} */
};

/* The slice under way, and what the next one depends on: run/scheduler.c. */
struct process_turn {
	struct task *in_vfork;  /* the thread that waits in vfork(2) until the child releases its memory, or NULL */
	struct task *favoured;  /* its CPU time has brought a signal, so it goes on with its slice and takes it; or NULL */
	int64_t realtime_since; /* since then real-time threads have kept others waiting; 0: none does */
	bool throttled;         /* for longer than they may: the others run now */
	uint64_t slice_left;    /* instructions of the last slice that were not used */
	bool yielded;           /* ends the slice */
	bool lines_watched;     /* a thread may be waiting for a store to a cache line (UMWAIT) */
};

/* What is known of the descriptors: which kinds of emulated files have been opened, and whose they are. */
struct process_files {
	bool dev_cpu;      /* a file of /dev/cpu was opened */
	bool proc_files;   /* a file of /proc was opened, or a made-up file elsewhere */
	bool memory_files; /* a /proc/PID/mem or pagemap was opened */
	bool shared;       /* another process may have the same table (CLONE_FILES) */
};

/* Counts for --stats, and the place in the seeded random stream. */
struct process_counts {
	uint64_t random_words;                /* words drawn from the seeded random stream (icount) */
	uint64_t syscalls;                    /* this and the following are counted for --stats */
	uint64_t time_reads[TIME_READ_KINDS]; /* those by threads that have ended and by system calls */
};

struct process {
	const struct upcalls *up;
	struct options *options;
	struct tk *clock; /* owned */
	struct process_time time;
	struct tree *tree;                   /* shared by the processes that take turns; NULL if processes run side by side */
	int member;                          /* index of this process in the tree */
	int64_t most_kib, children_most_kib; /* ru_maxrss, where CPU time is counted */
	struct timer *timers;                /* POSIX timers, interval timers, timerfds */
	unsigned timerfds_kept; /* the number of timerfds after the last search for unreachable ones; searches wait until there are more */
	struct peer peer;       /* its part of what the run's processes share */
	struct futex_table *futexes, *shared_futexes; /* who waits: in memory of this process alone, in memory that it shares */
	int64_t futexes_looked;                       /* the host's CLOCK_MONOTONIC when it last looked for changes from outside the run */
	unsigned threads_started;
	unsigned membarriers;    /* membarrier(2): the registrations of the process */
	int lock_future;         /* mlockall(2): its flags if new mappings are locked; 0: they are not */
	struct vfork_link vfork; /* the process's side of vfork(2), if a parent waits for it */
	struct space space;
	struct blocks *blocks;
	struct tracer *tracers; /* those that have not been waited for; owned */
	struct task *tasks;     /* the first is the thread group's leader */
	struct task *current;
	struct host_threads host;
	struct process_turn turn;
	struct process_signals signals;
	pid_t pid;
	struct rlimit limit[RLIM_NLIMITS]; /* the guest's limits: limits.h */
	int descriptors_high;              /* the greatest descriptor that the host has given out recently */
	bool silent_children;              /* some of its children end without SIGCHLD */
	bool forked;                       /* not the first process of the run, but a descendant */
	struct process_image image;
	uint64_t insns;                      /* instructions executed by all threads, up to the last return of cpu_run */
	bool pvclock;                        /* some pvclock_page is not 0 */
	uint64_t pvclock_page[TK_MAX_VCPUS]; /* address of each vCPU's pvclock page, or 0 */
	struct process_files files;
	struct written *written; /* writes of processes to each other's memory (written.h); how many of them this process has seen */
	uint64_t written_seen;
	bool exiting;
	int exit_status;                       /* in wait(2)'s format */
	FILE *strace, *insn_trace, *dump_code; /* may be NULL */
	struct verify *verify;                 /* --verify; or NULL */
	struct observer *observers;            /* informed of the run's events (observer.h); NULL: none */
	bool show_pids;                        /* there was more than one process: lines of reports begin with the thread's id */
	struct process_counts counts;
};

/* Returns the actions of the thread's process. */
static inline struct guest_sigaction *signal_actions(struct task *task)
{
	return task->tracer ? task->tracer->action : task->process->signals.action;
}

#endif
