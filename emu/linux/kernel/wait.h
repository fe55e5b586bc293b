/* How a system call waits. It never blocks the host thread: it returns SYSCALL_WAIT and is made again later. */
#ifndef TICK86_EMU_WAIT_H
#define TICK86_EMU_WAIT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct task;

/* A result that no system call has: the task waits (struct wait), and the call is made again when it wakes. */
#define SYSCALL_WAIT INT64_MIN

#define WAIT_FOREVER UINT64_MAX

enum wake { WAKE_NOT_YET, WAKE_READY, WAKE_TIMEOUT, WAKE_SIGNAL };

enum { WAIT_FDS_MAX = 64 };

/* What a task waits for. The system call fills this in and returns SYSCALL_WAIT. The scheduler runs other tasks, or waits with one ppoll
 * for all of them and the next deadline. Then it makes the system call again with `wake` set. */
struct wait {
	enum wake wake;    /* WAKE_NOT_YET on the first call */
	struct pollfd *fd; /* `fds` elements; owned by the wait, freed at the end of the system call */
	unsigned fds;
	bool begun;        /* the fields below are set */
	uint64_t deadline; /* virtual CLOCK_MONOTONIC, ns, or WAIT_FOREVER */
	bool on_wall;      /* `deadline` was computed from this time of CLOCK_REALTIME, and moves when that clock is set */
	int64_t wall;
	uint64_t futex;        /* guest address of a futex waited on, or 0 */
	uint32_t futex_waiter; /* the first of those by which it waits for futexes or semaphores (futex_queue.c), or 0 */
	bool child;            /* a change of a child's state wakes it */
	bool retries;          /* no event ends the wait: at `deadline` the call is tried again */
	uint64_t limit;        /* the deadline of a call that is tried again and again; 0: other calls */
	bool uninterruptible;  /* signals do not wake it */
	uint64_t signals;      /* sigtimedwait(2): these signals wake it, blocked or not */
	bool pause;            /* a TPAUSE or UMWAIT waits: no system call is made again */
	uint64_t progress;     /* the call's progress, in a form of its choice; 0 at its beginning */
	uint64_t until;        /* recvmmsg(2): no more messages from then on; kept, as progress is, when a new wait begins */
};

/* Waits for `events` on one descriptor. At the first call, returns SYSCALL_WAIT, or 0 if the descriptor is ready or cannot be polled.
 * After waking, returns 0 if it is ready, -ETIMEDOUT, or -ERESTARTSYS on a signal. */
int64_t wait_fd(struct task *task, int fd, short events, uint64_t deadline);
/* Waits for one of `count` descriptors, which are copied; without any it sleeps. Results as above. */
int64_t wait_fds(struct task *task, const struct pollfd *fds, unsigned count, uint64_t deadline);
/* Waits until `deadline` for another event, which the caller has described in task->wait at the first call. */
int64_t wait_until(struct task *task, uint64_t deadline);
/* Returns the deadline that is `ns` from now. The caller checks for values that mean something else. */
uint64_t wait_deadline(struct task *task, uint64_t ns);
/* Clears the wait at the end of the system call. */
void wait_clear(struct wait *wait);
/* Returns a clock (CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, ...) in virtual ns, as clock_gettime(2) would. */
int64_t task_clock_ns(struct task *task, clockid_t id);

#endif
