/* A process's view of the virtual clock: reading it, deadlines, CPU time, and what the processes of a run share of it. */
#ifndef TICK86_EMU_CLOCK_H
#define TICK86_EMU_CLOCK_H

#include "emu/linux/kernel/machine.h"

/* Returns the number of instructions that the clock knows of. clock_run_... tell it of more. */
uint64_t clock_insns(const struct process *process);
int64_t clock_now(const struct process *process);
/* Tells the clock the process's next deadline, if it may have changed. */
void clock_arm(struct process *process);
/* Wakes threads and fires timers whose deadlines have come, then arms the next deadline. */
void clock_expire(struct process *process);
/* Returns the number of instructions until the next deadline; 0 if one is due. */
uint64_t clock_budget(struct process *process);
/* Makes the process's clock stand still while the host has the process stopped. */
void clock_watch_stops(struct process *process);
/* Called when SIGCONT was taken from the host. */
void clock_continued(struct process *process);
/* Called before and after cpu_run runs `task`. */
void clock_run_begin(struct task *task);
void clock_run_end(struct task *task);
/* Called within a run: brings the clock and the counts up to date, as if the run ended now. */
void clock_run_reached(struct task *task);
/* Returns true if CPU time is counted in instructions (mode icount). Otherwise it is the host's. */
bool clock_counts_cpu(const struct process *process);
/* Return the CPU time in ns of the process, or of the thread. */
int64_t clock_process_cpu(const struct process *process);
int64_t clock_task_cpu(const struct task *task);
/* Converts a duration of the host to the guest's rate (--clock-rate). */
int64_t clock_scaled(const struct process *process, int64_t host_ns);

/* --- common_clock.c ----------------------------------------------------------------------------------- */

/* For a run without a tree, before its first fork. Returns false if out of memory. */
bool common_clock_share(struct process *process);
/* Applies the changes that other processes have made to CLOCK_REALTIME and the TSCs. If CLOCK_REALTIME was set, by a process or an
 * injected step, absolute waits on it get new deadlines. */
void common_clock_follow(struct process *process);
/* Tells the other processes that this one has written a TSC by WRMSR. */
void common_clock_tsc_written(struct process *process, unsigned vcpu);
/* Moves CLOCK_REALTIME by `delta` ns for all processes. Returns 0, or -EPERM in mode host. */
int64_t wall_step(struct process *process, int64_t delta);
/* Returns true if CLOCK_REALTIME must be checked now and then: a process that does not share our clock may set it, and a thread or timer
 * of ours depends on it. */
bool wall_may_be_set(const struct process *process);

#endif
