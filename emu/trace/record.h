/* Recording a run. What the world does to a guest process between two stretches of its code - registers, memory, mappings, threads -
 * is written down as effects, whatever system call, signal or clock they come from. Where a process has no recorder, these
 * functions do nothing. */
#ifndef TICK86_EMU_TRACE_RECORD_H
#define TICK86_EMU_TRACE_RECORD_H

#include <signal.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/syscall.h"

/* Begins the recording of `process`, which was made with options->record and must be empty yet, into the file `path`, which is created
 * or emptied. `config` (JSON) says what is run. 0 or -errno. */
int record_begin(struct process *process, const char *path, const char *config);

/* --- around guest code -------------------------------------------------------------------------------- */

/* The thread is about to run. Everything that has changed since the last stop is written down. */
void record_resume(struct task *task);
/* It has stopped; the process's counts are up to date. */
void record_stop(struct task *task, enum cpu_exit exit);
/* `insns` more instructions were executed by other means than guest code that runs: their effects follow. */
void record_advance(struct task *task, uint64_t insns);
/* What is pending is written: before another process of the run may go on, or the host waits for up to `wait_ns` (negative: for ever). */
void record_pause(struct process *process, int64_t wait_ns);

/* --- system calls ------------------------------------------------------------------------------------- */

/* Each try of a call. A descriptor-to-descriptor transfer whose bytes nobody could tell afterwards is refused: -EINVAL, else 0. */
int64_t record_call(struct task *task, uint64_t number, const uint64_t arg[6]);
/* Its result, or SYSCALL_WAIT: nothing has been done yet. */
void record_result(struct task *task, uint64_t number, const uint64_t arg[6], int64_t result);

/* --- what a person will want to know ------------------------------------------------------------------- */

void record_signal(struct task *task, const siginfo_t *info);
void record_exec(struct process *process, const char *path, char *const argv[]);

/* --- beginnings and ends ------------------------------------------------------------------------------- */

/* Around fork(2): before the host's fork of `child`; then in the parent, `done` or refused; and in the child. */
void record_fork(struct process *process, pid_t child);
void record_forked(struct process *process, bool done);
void record_begin_child(struct process *process);
/* The thread is gone for good. */
void record_task_end(struct task *task);
/* Another process of the run was killed (SIGKILL), and could not say so itself. Before that, where it was killed in its turn: what it had
 * not written whole is taken out of the log, so nobody knows from there what it did last to memory that it shared. */
void record_killed(struct process *process, pid_t pid);
void record_killed_in_turn(struct process *process, pid_t pid);
/* The process has got the turn (again): if another was killed in its own since the last time, it tells what shared memory holds. */
void record_turn(struct process *process);
/* The process ends with this wait(2) status; `last`: no other is left, so the recording ends too. */
void record_exit(struct process *process, int status, bool last);

#endif
