/* How a system call waits: it never blocks the host thread itself. */
#ifndef TICK86_EMU_WAIT_H
#define TICK86_EMU_WAIT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct task;

/* A result that no system call has: the task waits (struct wait), and the call is made again once it is awake. */
#define SYSCALL_WAIT INT64_MIN

#define WAIT_FOREVER UINT64_MAX

enum wake { WAKE_NOT_YET, WAKE_READY, WAKE_TIMEOUT, WAKE_SIGNAL };

enum { WAIT_FDS_MAX = 64 };

/* What a task waits for. A system call fills it and returns SYSCALL_WAIT; the scheduler runs other tasks, or waits with one
 * ppoll for all of them and the next deadline, then calls the system call again with `wake` set. */
struct wait {
	enum wake wake;        /* WAKE_NOT_YET on the first call */
	struct pollfd *fd;     /* `fds` of them; owned by the wait, freed at the end of the system call */
	unsigned fds;
	bool begun;            /* the fields below are set */
	uint64_t deadline;     /* virtual CLOCK_MONOTONIC, ns, or WAIT_FOREVER */
	bool on_wall;          /* `deadline` was computed from this CLOCK_REALTIME and moves when that is set */
	int64_t wall;
	uint64_t futex;        /* guest address of a futex waited on, or 0 */
	uint32_t futex_bits, futex_value; /* wakers' mask; the value waited on */
	bool futex_shared;     /* in memory shared with other processes: their wakes are seen by the value's change */
	uint64_t order;        /* of the futex's waiters */
	bool child;            /* a child's change of state wakes it */
	bool retries;          /* nothing tells when to go on: `deadline` is when to look again */
	uint64_t limit;        /* the call's own deadline where it looks again and again; 0: it does not */
	bool uninterruptible;  /* signals do not wake it */
	uint64_t signals;      /* sigtimedwait(2): these wake it, blocked or not */
	bool pause;            /* for TPAUSE or UMWAIT: no system call is to be made again */
	uint64_t progress;     /* what the call has done so far, in its own terms; 0 at its beginning */
};

/* Waits for `events` on one descriptor. First call: returns SYSCALL_WAIT, or 0 if the descriptor is ready (or not one that can be
 * polled) so that the caller goes on. After waking: 0 when ready, -ETIMEDOUT, or -ERESTARTSYS on a signal. */
int64_t wait_fd(struct task *task, int fd, short events, uint64_t deadline);
/* Waits for one of `count` descriptors (copied); 0 descriptors is a sleep. Results as above. */
int64_t wait_fds(struct task *task, const struct pollfd *fds, unsigned count, uint64_t deadline);
/* Waits until `deadline` for anything else: what wakes it is set in task->wait by the caller on the first call. */
int64_t wait_until(struct task *task, uint64_t deadline);
/* What a timeout of `ns` from now is as a deadline. Negative or NULL-like values are the caller's to check. */
uint64_t wait_deadline(struct task *task, uint64_t ns);
/* Forgets the wait at the end of the system call. */
void wait_clear(struct wait *wait);
/* The virtual clock, ns: CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, ... as clock_gettime(2) would say it. */
int64_t task_clock_ns(struct task *task, clockid_t id);

#endif
