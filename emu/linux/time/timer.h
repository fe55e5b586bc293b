/* Timers of a process: POSIX timers, interval timers, timerfds. All stand on the virtual clock or on counted CPU time. */
#ifndef TICK86_EMU_TIMER_H
#define TICK86_EMU_TIMER_H

#include <time.h>

#include "emu/linux/kernel/machine.h"

enum timer_kind { TIMER_POSIX, TIMER_INTERVAL, TIMER_FD };

/* What a timer is set to. */
struct timer_run {
	uint64_t deadline;    /* virtual CLOCK_MONOTONIC, or the CPU clock, in ns; WAIT_FOREVER: disarmed */
	uint64_t interval;    /* ns, 0: once */
	bool on_wall;         /* armed with an absolute CLOCK_REALTIME, `wall` */
	int64_t wall;
	bool cancel_on_set;   /* TFD_TIMER_CANCEL_ON_SET, and whether that has happened: the clock was set to be other */
	bool canceled;        /* than CLOCK_MONOTONIC + wall_offset */
	int64_t wall_offset;
};

struct timer {
	struct timer *next;
	enum timer_kind kind;
	int id;               /* timer_t, ITIMER_*, or the eventfd's number (/proc/PID/fdinfo) */
	clockid_t clock;
	struct timer_run *run; /* TIMER_FD: memory shared with the processes that have inherited it; else `own` */
	struct timer_run own;
	int notify;           /* SIGEV_* */
	int signal;
	pid_t tid;            /* SIGEV_THREAD_ID */
	union sigval value;
	uint64_t overrun;     /* expirations since the signal was queued, less one */
	int last_overrun;     /* as it was when the last signal was delivered */
	int host_fd;          /* TIMER_FD: the eventfd that stands for it */
	bool reachable;       /* a look through the descriptors has met it (timerfd_free_unreachable) */
};

/* A new setting: `value` 0 disarms. */
struct timer_setting {
	uint64_t value, deadline, interval;
	bool on_wall;
};

/* A timer that is not armed, the last of the process's; NULL: no memory. */
struct timer *timer_new(struct process *process, enum timer_kind kind, int id, clockid_t clock);
/* Or NULL. */
struct timer *timer_find(struct process *process, enum timer_kind kind, int id);
/* What the timer's own clock says, in the terms of its deadline. */
uint64_t timer_now(const struct process *process, const struct timer *timer);
void timer_set(struct process *process, struct timer *timer, const struct timer_setting *setting);
/* What `spec` means now, `own_clock_now` being the timer's own clock. */
struct timer_setting timer_setting(struct task *task, clockid_t clock, bool absolute, const struct itimerspec *spec,
                                   uint64_t own_clock_now);
struct itimerspec timer_get(const struct process *process, const struct timer *timer);
uint64_t timer_left(const struct process *process, const struct timer *timer);

/* The earliest deadline on the clock, or WAIT_FOREVER. */
uint64_t timer_next_deadline(const struct process *process);
/* Another process may have set a timerfd that it shares with this one. */
bool timer_may_be_set(const struct process *process);
/* Fires what is due on the clock; on the CPU-time clocks. */
void timer_expire(struct process *process);
void timer_expire_cpu(struct process *process);
/* Instructions until a CPU-time timer is due, in mode icount; else UINT64_MAX. */
uint64_t timer_cpu_budget(const struct process *process);
/* CLOCK_REALTIME is now `shift` ns ahead of CLOCK_MONOTONIC. */
void timer_wall_changed(struct process *process, int64_t shift);
/* Whether a timer depends on CLOCK_REALTIME's being set. */
bool timer_minds_wall(const struct process *process);
/* fork(2): a child has timerfds alone. execve(2): POSIX timers go. */
void timer_forget_but_fds(struct process *process);
void timer_forget_posix(struct process *process);
/* Takes `*link` out of its list. */
void timer_free(struct process *process, struct timer **link);

/* A timerfd for which the eventfd `fd` stands; NULL without memory. The one behind a descriptor, or NULL. How many expirations have
 * not been read, by nobody but this process. timerfd.c. */
struct timer *timerfd_new(struct process *process, int fd, clockid_t clock);
struct timer *timerfd_find(struct process *process, int fd);
uint64_t timerfd_unread(const struct timer *timer);
/* Forgets timerfds that no descriptor reaches any more. timerfd.c. */
void timerfd_free_unreachable(struct process *process);
/* A queued timer signal is being delivered: its overrun count (si_overrun) is filled in and starts anew. */
void timer_signal_taken(struct process *process, siginfo_t *info);
/* Whether a read of `fd`, which is ready, is to end with ECANCELED: TFD_TIMER_CANCEL_ON_SET. timerfd.c. */
bool timerfd_read_canceled(struct task *task, int fd);
/* Whether `fd` is a timerfd, for which an eventfd stands. timerfd.c. */
bool timerfd_is(struct process *process, int fd);

#endif
