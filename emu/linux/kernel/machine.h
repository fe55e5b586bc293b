/* A guest process and its threads. */
#ifndef TICK86_EMU_MACHINE_H
#define TICK86_EMU_MACHINE_H

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>

#include "emu/block/block.h"
#include "emu/cpu/cpu.h"
#include "emu/mem/space.h"
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

/* What the kernel keeps of a thread's last exception: sigcontext's trapno, err and cr2. */
struct fault_state {
	uint64_t vector, error, address;
	bool resume_flag; /* RFLAGS.RF as a fault, but no trap, pushes it (SDM vol. 3, 17.3.1.1) */
};

/* What a thread has registered by rseq(2). */
struct rseq_area {
	uint64_t address;        /* of its struct rseq, or 0 */
	uint32_t length, signature;
	bool due;                /* it is to be looked at before the thread's code runs again */
};

/* Between a child made by vfork(2) and its parent, or -1. */
struct vfork_link {
	int pipe;  /* its writing end is closed when the child lets go of the parent's memory */
	int pages; /* a file of those that it has written */
};

/* A guest thread. One host thread runs them all, in turn. */
struct task {
	struct cpu cpu;
	struct process *process;
	struct task *next;       /* in order of creation; the scheduler goes round */
	pid_t tid;               /* as the guest sees it */
	char name[16];           /* prctl(2), PR_SET_NAME; of the leader the host keeps it (task_get_name) */
	enum task_state state;
	uint64_t signal_mask;    /* bit n-1 for signal n */
	uint64_t saved_mask;     /* to restore after sigsuspend, ppoll, pselect, epoll_pwait */
	bool restore_mask;
	bool in_syscall;         /* RAX holds the result of a call that a signal may restart */
	uint64_t restart_number; /* what restart_syscall(2) goes on with, and until when */
	uint64_t restart_deadline;
	struct pending_signal *pending; /* directed at this thread, oldest first */
	stack_t altstack;
	uint64_t clear_child_tid;
	uint64_t robust_list;
	uint64_t robust_list_size;
	struct rseq_area rseq;
	uint64_t syscall_number; /* of the call under way or last made: RAX as it was then (the kernel's orig_rax) */
	struct wait wait;
	pid_t vfork_child;       /* waited for until it execs or exits, with what tells */
	struct vfork_link vfork;
	struct fault_state fault; /* of the last synchronous exception, for signal frames */
	uint64_t affinity;       /* vCPUs that it may run on, bit n for vCPU n */
	uint64_t insns;          /* executed by this thread */
	uint64_t run_insns;      /* those of the run under way among them; its time is not in cpu_ns yet */
	int64_t run_began;       /* when, icount */
	int64_t cpu_ns;          /* virtual time that this thread has run, icount */
	void *observed[OBSERVERS_MAX]; /* what each observer keeps of it (observer.h); theirs */
};

/* How clock.c learns that the host stopped us (SIGSTOP from outside): from the SIGCONT that ended it. */
struct host_stop {
	bool continued; /* that SIGCONT is being taken from the host */
	bool left_out;  /* the clock knows of it, though it still waits in the host */
	bool idle;      /* we waited in the host since the clock was looked at, `waited_ns` of it stopped */
	int64_t waited_ns;
};

struct observer;
struct timer;
struct tree;
struct common_clock;
struct written;
struct upcalls;

struct process {
	const struct upcalls *up;
	struct options *options;
	struct tk *clock;        /* owned */
	struct tk_host host;     /* what it stands on */
	struct host_stop stop;
	uint64_t *clock_insns;   /* instructions that `clock` has seen: those of the whole tree */
	uint64_t own_insns;      /* what clock_insns points to without a tree */
	struct tree *tree;       /* what processes that take turns share; NULL where they run side by side */
	int member;              /* which of the tree's processes this is */
	int64_t cpu_ns;          /* virtual time that its threads have run, icount; of children waited for: children_cpu_ns */
	int64_t children_cpu_ns;
	int64_t cpu_before_ns;   /* other modes: CPU time used before the process was restored here */
	struct timer *timers;    /* POSIX timers, interval timers, timerfds */
	unsigned timerfds_kept;  /* timerfds, reachable or not, up to which none is looked for that is not */
	uint64_t futex_order;    /* counts waits, so that waiters are woken in turn */
	unsigned threads_started;
	unsigned membarriers;    /* membarrier(2): what the process has registered for */
	struct vfork_link vfork; /* tells the parent that waits in vfork(2) */
	struct space space;
	struct blocks *blocks;
	struct task *tasks;      /* the first is the thread group's leader */
	struct task *current;
	struct task *in_vfork;   /* the thread that waits in vfork(2) until the child lets go of its memory, or NULL */
	struct guest_sigaction action[GUEST_SIGNALS + 1];
	struct pending_signal *pending; /* directed at the process */
	pid_t pid;
	bool silent_children;    /* some of its children send no SIGCHLD when they end */
	bool forked;             /* a descendant of the process that the run began with */
	char *exe_path;          /* absolute, what /proc/self/exe is */
	uint64_t auxv_start, auxv_end, arg_start, arg_end, env_start, env_end; /* for /proc/self/{auxv,cmdline,environ} */
	uint64_t insns;          /* executed by all threads, up to the last leaving of cpu_run */
	int signal_fd;           /* readable while the host has a signal for us, or -1 */
	uint64_t signal_fd_set;  /* the signals that it looks at */
	uint64_t signalfd_set;   /* all that the guest has asked for by signalfd(2) */
	bool pvclock;            /* some pvclock_page is not 0 */
	uint64_t pvclock_page[TK_MAX_VCPUS]; /* where the guest wants each vCPU's pvclock page, or 0 */
	bool file_limit_set;     /* the guest has set RLIMIT_FSIZE: its hard limit is this one */
	uint64_t file_limit_max;
	bool dev_cpu;            /* something of /dev/cpu was opened */
	bool proc_files;         /* something of /proc, or a made-up file elsewhere */
	bool memory_files;       /* some /proc/PID/mem was */
	struct written *written; /* what processes have written to each other's memory (written.h), and how much of it is known */
	uint64_t written_seen;
	bool signals_due;        /* host signals are to be looked for before guest code runs again */
	bool calls_signal;       /* the host may answer any call with a signal: O_ASYNC, mq_notify(2) and their like are in use */
	struct task *favoured;   /* its CPU time has brought a signal, so it goes on with its slice and takes it; or NULL */
	uint64_t slice_left;     /* instructions of the last slice that were not used */
	bool yielded;            /* the slice ends */
	uint64_t deadline;       /* the next one, or WAIT_FOREVER */
	uint64_t wall_generation; /* tk_wall_generation that the deadlines of absolute waits go by */
	struct common_clock *common; /* mode offset without a tree: what the run's processes share of their clocks */
	int64_t wall_moved;      /* what of that our clock has followed */
	uint64_t common_writes;
	bool lines_watched;      /* a thread may wait for a store to a line of memory (UMWAIT) */
	bool deadlines_changed;  /* the process's next deadline is to be found anew */
	bool exiting;
	int exit_status;         /* wait(2) format */
	FILE *strace, *insn_trace; /* or NULL */
	struct observer *observers; /* told of what happens (observer.h); NULL: the run is not watched */
	bool show_pids;          /* there has been more than one process: lines begin with the thread */
	uint64_t random_words;   /* drawn from the seeded stream, mode icount */
	uint64_t syscalls;       /* counted for --stats, as are these */
	uint64_t time_reads[TIME_READ_KINDS]; /* by threads that are gone, and by system calls */
};

#endif
