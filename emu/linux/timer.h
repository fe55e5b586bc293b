/* Timers of a process: POSIX timers, interval timers, timerfds. All stand on the virtual clock or on counted CPU time. */
#ifndef TICK86_EMU_TIMER_H
#define TICK86_EMU_TIMER_H

#include <time.h>

#include "emu/linux/machine.h"

enum timer_kind { TIMER_POSIX, TIMER_INTERVAL, TIMER_FD };

struct timer {
	struct timer *next;
	enum timer_kind kind;
	int id;               /* timer_t, ITIMER_*, or the descriptor's emulator-side number */
	clockid_t clock;
	uint64_t deadline;    /* virtual CLOCK_MONOTONIC, or the CPU clock, in ns; WAIT_FOREVER: disarmed */
	uint64_t interval;    /* ns, 0: once */
	bool on_wall;         /* armed with an absolute CLOCK_REALTIME, `wall` */
	int64_t wall;
	int notify;           /* SIGEV_* */
	int signal;
	pid_t tid;            /* SIGEV_THREAD_ID */
	union sigval value;
	uint64_t overrun;     /* expirations since the signal was queued, less one */
	int last_overrun;     /* as it was when the last signal was delivered */
	int host_fd;          /* TIMER_FD: the eventfd that stands for it */
};

/* A new setting: `value` 0 disarms. */
struct timer_setting {
	uint64_t value, deadline, interval;
	bool on_wall;
};

struct timer *timer_new(struct process *process, enum timer_kind kind, int id, clockid_t clock);
void timer_set(struct process *process, struct timer *timer, const struct timer_setting *setting);
/* What `spec` means now, `own_clock_now` being the timer's own clock. */
struct timer_setting timer_setting(struct task *task, clockid_t clock, bool absolute, const struct itimerspec *spec,
                                   uint64_t own_clock_now);
struct itimerspec timer_get(const struct process *process, const struct timer *timer);
uint64_t timer_left(const struct process *process, const struct timer *timer);

/* The earliest deadline on the clock, or WAIT_FOREVER. */
uint64_t timer_next_deadline(const struct process *process);
/* Fires what is due on the clock; on the CPU-time clocks. */
void timer_expire(struct process *process);
void timer_expire_cpu(struct process *process);
/* Instructions until a CPU-time timer is due, in mode icount; else UINT64_MAX. */
uint64_t timer_cpu_budget(const struct process *process);
/* CLOCK_REALTIME is now `shift` ns ahead of CLOCK_MONOTONIC. */
void timer_wall_changed(struct process *process, int64_t shift);
/* fork(2): a child has none. execve(2): POSIX timers go. */
void timer_forget_all(struct process *process);
void timer_forget_posix(struct process *process);
/* A queued timer signal is being delivered: its overrun count (si_overrun) is filled in and starts anew. */
void timer_signal_taken(struct process *process, siginfo_t *info);

#endif
