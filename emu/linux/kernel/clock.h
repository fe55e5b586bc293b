/* The process's side of the virtual clock: reading it, deadlines, CPU time, and what several processes share of it. */
#ifndef TICK86_EMU_CLOCK_H
#define TICK86_EMU_CLOCK_H

#include "emu/linux/kernel/machine.h"

/* Instructions that the clock has seen, up to where the clock was last told (clock_run_...). */
uint64_t clock_insns(const struct process *process);
int64_t clock_now(const struct process *process);
/* Tells the clock of the process's next deadline, if that may have changed. */
void clock_arm(struct process *process);
/* Wakes threads and fires timers whose deadline has come, and arms the next deadline. */
void clock_expire(struct process *process);
/* Instructions until the next deadline; 0 when one is due. */
uint64_t clock_budget(struct process *process);
/* Makes the process's clock one that stands still while the host has the process stopped. */
void clock_watch_stops(struct process *process);
/* SIGCONT has been taken from the host. */
void clock_continued(struct process *process);
/* Around a run of `task` by cpu_run. */
void clock_run_begin(struct task *task);
void clock_run_end(struct task *task);
/* Within a run: the clock and the counts are as they would be if it ended now. */
void clock_run_reached(struct task *task);
/* Whether CPU time is counted from instructions, in mode icount; else it is the host's. */
bool clock_counts_cpu(const struct process *process);
/* CPU time in ns: of the process, or of the thread. */
int64_t clock_process_cpu(const struct process *process);
int64_t clock_task_cpu(const struct task *task);
/* Time as the host counts it, at the guest's rate (--clock-rate). */
int64_t clock_scaled(const struct process *process, int64_t host_ns);

/* --- common_clock.c ----------------------------------------------------------------------------------- */

/* Before the first fork, where there is no tree. False without memory. */
bool common_clock_share(struct process *process);
/* Takes over what other processes have done to CLOCK_REALTIME and the TSCs; where that clock was set, by them or by an injected step,
 * absolute waits on it get new deadlines. */
void common_clock_follow(struct process *process);
/* Tells the others of a WRMSR by this process. */
void common_clock_tsc_written(struct process *process, unsigned vcpu);
/* Moves CLOCK_REALTIME by `delta` ns, for all processes. 0, or -EPERM in mode host. */
int64_t wall_step(struct process *process, int64_t delta);
/* A process that does not share our clock may set CLOCK_REALTIME, and somebody here wants to know: to be looked for now and then. */
bool wall_may_be_set(const struct process *process);

#endif
