/* Timers of a process: POSIX timers, interval timers, timerfds. All use the virtual clock or counted CPU time. */
#ifndef TICK86_EMU_TIMER_H
#define TICK86_EMU_TIMER_H

#include <time.h>

#include "emu/linux/kernel/machine.h"

enum timer_kind { TIMER_POSIX, TIMER_INTERVAL, TIMER_FD };

/* A timer's setting. */
struct timer_run {
	uint64_t deadline; /* virtual CLOCK_MONOTONIC, or the CPU clock, in ns; WAIT_FOREVER: disarmed */
	uint64_t interval; /* ns; 0: it expires once */
	bool on_wall;      /* armed for an absolute time of CLOCK_REALTIME, `wall` */
	int64_t wall;
	bool cancel_on_set; /* TFD_TIMER_CANCEL_ON_SET */
	bool canceled;      /* the clock was set: it is no longer CLOCK_MONOTONIC + wall_offset */
	int64_t wall_offset;
};

struct timer {
	struct timer *next;
	enum timer_kind kind;
	int id; /* timer_t, ITIMER_*, or the eventfd's number (/proc/PID/fdinfo) */
	clockid_t clock;
	struct timer_run *run; /* TIMER_FD: in memory shared with the processes that have inherited it; otherwise `own` */
	struct timer_run own;
	int notify; /* SIGEV_* */
	int signal;
	pid_t tid; /* SIGEV_THREAD_ID */
	union sigval value;
	uint64_t overrun; /* expirations since the signal was queued, minus one */
	int last_overrun; /* overrun when the last signal was delivered */
	int host_fd;      /* TIMER_FD: the eventfd that implements it */
	bool reachable;   /* the search for unreachable timerfds has found a descriptor of it */
};

/* A new setting: `value` 0 disarms. */
struct timer_setting {
	uint64_t value, deadline, interval;
	bool on_wall;
};

/* Adds a timer, not armed, at the end of the process's list. Returns NULL if out of memory. */
struct timer *timer_new(struct process *process, enum timer_kind kind, int id, clockid_t clock);
/* Returns how many POSIX timers the process has. */
unsigned timer_count(const struct process *process);
/* Returns NULL if there is none. */
struct timer *timer_find(struct process *process, enum timer_kind kind, int id);
/* Returns the time of the timer's own clock, in the unit of its deadline. */
uint64_t timer_now(const struct process *process, const struct timer *timer);
void timer_set(struct process *process, struct timer *timer, const struct timer_setting *setting);
/* Converts `spec` to a setting as of now. `own_clock_now`: the time of the timer's own clock. */
struct timer_setting timer_setting(struct task *task, clockid_t clock, bool absolute, const struct itimerspec *spec,
	uint64_t own_clock_now);
struct itimerspec timer_get(const struct process *process, const struct timer *timer);
uint64_t timer_left(const struct process *process, const struct timer *timer);

/* Returns the earliest deadline on the virtual clock, or WAIT_FOREVER. */
uint64_t timer_next_deadline(const struct process *process);
/* Returns true if another process may have set a timerfd that it shares with this one. */
bool timer_may_be_set(const struct process *process);
/* Fire the timers that are due: on the virtual clock, on the CPU-time clocks. */
void timer_expire(struct process *process);
void timer_expire_cpu(struct process *process);
/* Returns how many instructions may run until a CPU-time timer is due, in mode icount; otherwise UINT64_MAX. */
uint64_t timer_cpu_budget(const struct process *process);
/* Called when CLOCK_REALTIME was set: it is now CLOCK_MONOTONIC + `shift` ns. */
void timer_wall_changed(struct process *process, int64_t shift);
/* Returns true if setting CLOCK_REALTIME affects a timer. */
bool timer_minds_wall(const struct process *process);
/* fork(2) and execve(2): timer_forget_but_fds, in a child, keeps only timerfds. timer_forget_posix drops POSIX timers. */
void timer_forget_but_fds(struct process *process);
void timer_forget_posix(struct process *process);
/* Removes `*link` from its list and frees it. */
void timer_free(struct process *process, struct timer **link);

/* timerfd_new makes a timerfd implemented by the eventfd `fd`; NULL if out of memory. timerfd_find returns the timerfd of a descriptor,
 * or NULL. timerfd_unread returns how many expirations have not been read, if no other process uses the descriptor at the same time.
 * timerfd.c. */
struct timer *timerfd_new(struct process *process, int fd, clockid_t clock);
struct timer *timerfd_find(struct process *process, int fd);
uint64_t timerfd_unread(const struct timer *timer);
/* Frees timerfds that no descriptor refers to any more. timerfd.c. */
void timerfd_free_unreachable(struct process *process);
/* Called when a queued timer signal is delivered: fills in its overrun count (si_overrun), which starts again. */
void timer_signal_taken(struct process *process, siginfo_t *info);
/* Returns true if a read of `fd`, which is ready, must fail with ECANCELED: TFD_TIMER_CANCEL_ON_SET. timerfd.c. */
bool timerfd_read_canceled(struct task *task, int fd);
/* Returns true if `fd` is a timerfd, implemented by an eventfd. timerfd.c. */
bool timerfd_is(struct process *process, int fd);

#endif
