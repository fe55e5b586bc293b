/* fork is the host's fork: the child continues in its own copy of the emulator, with the calling thread alone. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/process/fork.h"
#include "emu/linux/process/futex_queue.h"
#include "emu/linux/process/policy.h"
#include "emu/linux/process/thread.h"
#include "emu/linux/process/tracer.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/time/timer.h"
#include "emu/linux/kernel/observer.h"
#include "timekeep/timekeep.h"

/* Flags that are passed to the host, since each process is also a process there. */
enum { HOST_FLAGS = CLONE_FS | CLONE_FILES | CLONE_IO | CLONE_PARENT | CLONE_PIDFD | CLONE_SYSVSEM };
/* Flags that are implemented here. The last ones have no effect: there is no tracer, and Linux ignores CLONE_DETACHED since 2.5. */
enum {
	OWN_FLAGS = CLONE_VM | CLONE_VFORK | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PTRACE
		| CLONE_UNTRACED | CLONE_DETACHED
};
/* The child's handlers become SIG_DFL (clone3(2)). Older C libraries do not define it. */
#define CLEAR_SIGHAND 0x100000000ULL
enum { THREAD_FLAGS = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM };

static void become_child(struct task *task, const struct clone_request *request, pid_t pid)
{
	struct process *process = task->process;
	bool led = task == process->tasks;

	peers_begin_child(process);
	host_thread_begin_child(process, task);
	task_keep_only(process, task);
	futex_tables_begin_child(process);
	if (!led)
		task_set_name(task, task->name); /* the name of the process from now on */
	if (!process->tree)
		tk_disarm(process->clock, (uint64_t)process->pid);
	process->pid = task->tid = pid;
	peers_thread_began(process, pid);
	process->forked = true;
	process->most_kib = process->children_most_kib = 0;
	process->time.cpu_ns = process->time.children_cpu_ns = process->time.cpu_before_ns = task->time.cpu_ns = 0;
	process->insns = task->time.insns = process->counts.syscalls = 0;
	process->space.plain_page = NO_PAGE; /* MADV_DONTFORK may have kept this page from the child */
	space_name_objects(&process->space, pid);
	pending_free(&process->signals.pending);
	pending_free(&task->signals.pending);
	timer_forget_but_fds(process);
	vfork_close(&process->vfork);
	process->silent_children = false;
	process->lock_future = 0;
	signal_host_begin_child(process, request->flags & CLONE_FILES);
	if (request->flags & CLEAR_SIGHAND)
		signal_reset_handlers(process);
	clone_apply(task, request);
}

/* The host's clone without shared memory, like the C library's fork, but with flags that fork cannot pass. In a tree it also stores the
 * child's host pid, so that other processes find it if the parent is killed right after the call. The call can store only one thing; but
 * a child does not end before its first turn, so its pidfd can be opened afterwards. */
static pid_t host_clone(const struct clone_request *request, int *pidfd, pid_t *told)
{
	uint64_t flags = (request->flags & HOST_FLAGS) | (uint64_t)request->exit_signal;
	pid_t host_pid;

	fflush(NULL);
	if (!told)
		return (pid_t)syscall(SYS_clone, flags, 0, pidfd, 0, 0);
	host_pid = (pid_t)syscall(SYS_clone, (flags & ~(uint64_t)CLONE_PIDFD) | CLONE_PARENT_SETTID, 0, told, 0, 0);
	if (host_pid > 0 && flags & CLONE_PIDFD)
		*pidfd = (int)syscall(SYS_pidfd_open, host_pid, 0);
	return host_pid;
}

/* The child of vfork(2) must have all memory, whatever madvise(2) has said about children. */
static pid_t clone_memory_too(struct task *task, const struct clone_request *request, int *pidfd, pid_t *told)
{
	bool shares = request->flags & CLONE_VM;
	pid_t host_pid;
	int error;

	if (shares)
		space_fork_whole(&task->process->space, true);
	host_pid = host_clone(request, pidfd, told);
	error = errno;
	if (shares)
		space_fork_whole(&task->process->space, false);
	errno = error;
	return host_pid;
}

static int64_t parent_goes_on(struct task *task, const struct clone_request *request, pid_t pid, int pidfd)
{
	struct space *space = &task->process->space;

	if (request->flags & CLONE_PARENT_SETTID)
		space_write(space, request->parent_tid, &pid, sizeof(pid));
	if (request->flags & CLONE_PIDFD)
		space_write(space, request->pidfd, &pidfd, sizeof(pidfd));
	return pid;
}

static int64_t fork_process(struct task *task, const struct clone_request *request)
{
	struct vfork_link parent = { -1, -1 }, child = { -1, -1 };
	int pidfd = -1;
	pid_t host_pid, pid, *told;

	if (request->flags & CLONE_VFORK) {
		int64_t result = vfork_open(&parent, &child);

		if (result != 0)
			return result;
	}
	task->process->show_pids = true;
	policy_tell(task->process, false); /* the child inherits it */
	pid = tree_reserve(task->process, &told);
	if (pid < 0) {
		close(parent.pipe);
		vfork_close(&child);
		return pid;
	}
	task->process->files.shared |= (request->flags & CLONE_FILES) != 0;
	OBSERVE(task->process, fork, task->process, pid);
	host_pid = clone_memory_too(task, request, &pidfd, told);
	if (host_pid < 0) {
		int error = errno;

		tree_cancel(task->process, pid);
		OBSERVE(task->process, forked, task->process, false);
		close(parent.pipe);
		vfork_close(&child);
		return -error;
	}
	if (host_pid == 0) {
		close(parent.pipe);
		become_child(task, request, tree_begin_child(task->process, pid));
		OBSERVE(task->process, child, task->process);
		task->process->vfork = child;
		tree_await_turn(task->process);
		if (!(request->flags & CLONE_VM))
			space_begin_child(&task->process->space);
		return 0;
	}
	host_thread_made_child(task->process);
	pid = tree_child_started(task->process, pid, host_pid);
	task->process->silent_children |= request->exit_signal != SIGCHLD;
	close(child.pipe);
	OBSERVE(task->process, forked, task->process, true);
	parent_goes_on(task, request, pid, pidfd);
	if (!(request->flags & CLONE_VFORK))
		return pid;
	task->vfork_child = pid;
	task->vfork = parent;
	task->process->turn.in_vfork = task;
	return vfork_wait(task);
}

static int64_t check_request(struct task *task, const struct clone_request *request)
{
	uint64_t flags = request->flags;

	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && (flags & THREAD_FLAGS) != THREAD_FLAGS)
		return -EINVAL;
	if ((flags & CLONE_FS) && (flags & CLONE_NEWNS))
		return -EINVAL;
	if ((flags & CLONE_PIDFD)
		&& ((flags & (CLONE_THREAD | CLONE_DETACHED)) || ((flags & CLONE_PARENT_SETTID) && request->pidfd == request->parent_tid)))
		return -EINVAL;
	if (flags & CLONE_THREAD)
		return 0;
	if (flags & ~(uint64_t)(HOST_FLAGS | OWN_FLAGS | CLEAR_SIGHAND)) {
		log_line(task->process->options, LOG_WARNING, "clone: flags 0x%llx are not supported",
			(unsigned long long)(flags & ~(uint64_t)(HOST_FLAGS | OWN_FLAGS | CLEAR_SIGHAND)));
		return flags & CLONE_SIGHAND ? -EINVAL : -EPERM;
	}
	if ((flags & CLONE_VM) && !(flags & CLONE_VFORK) && !tracer_wanted(request)) {
		log_line(task->process->options, LOG_WARNING,
			"clone: a process that shares memory without CLONE_VFORK or "
			"CLONE_THREAD is not supported");
		return -EINVAL;
	}
	return 0;
}

static int64_t do_clone(struct task *task, const struct clone_request *request)
{
	int64_t result;

	if (task->vfork.pipe >= 0) /* the call is made again, and the child already exists */
		return vfork_wait(task);
	result = check_request(task, request);
	if (result == 0)
		result = request->id_error;
	if (result != 0)
		return result;
	if (tracer_wanted(request))
		return tracer_clone(task, request);
	return request->flags & CLONE_THREAD ? thread_clone(task, request) : fork_process(task, request);
}

int64_t sys_fork(struct task *task, const uint64_t arg[6])
{
	struct clone_request request = { .exit_signal = SIGCHLD };

	(void)arg;
	return do_clone(task, &request);
}

int64_t sys_vfork(struct task *task, const uint64_t arg[6])
{
	struct clone_request request = { .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD };

	(void)arg;
	return do_clone(task, &request);
}

int64_t sys_clone(struct task *task, const uint64_t arg[6])
{
	/* clang-format off */
	struct clone_request request = {
		.flags = arg[0] & 0xffffffff & ~(uint64_t)CSIGNAL,
		.exit_signal = (int)(arg[0] & CSIGNAL),
		.stack = arg[1], .parent_tid = arg[2], .child_tid = arg[3], .pidfd = arg[2], .tls = arg[4],
	};
	/* clang-format on */

	return do_clone(task, &request);
}

enum { ID_LEVELS_MAX = 32 }; /* MAX_PID_NS_LEVEL */

/* struct clone_args of clone(2); its first version is 64 bytes. */
struct guest_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* A structure that is longer than ours is a later kernel's: the members that we do not know must be 0 (copy_struct_from_user()). */
static int64_t unknown_tail(struct task *task, uint64_t tail, uint64_t size)
{
	for (uint64_t k = sizeof(struct guest_clone_args); k < size; k++, tail++) {
		uint8_t byte;

		if (!space_read(&task->process->space, tail, &byte, sizeof(byte)))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

/* As alloc_pid() for a caller that may not choose ids (CAP_CHECKPOINT_RESTORE): they are looked at all the same. */
static int64_t chosen_id_error(const int32_t *id, uint64_t count)
{
	enum { PID_MAX_LIMIT = 1 << 22 };

	for (uint64_t k = 0; k < count; k++)
		if (id[k] < 1 || id[k] >= PID_MAX_LIMIT)
			return -EINVAL;
	return count ? -EPERM : 0;
}

int64_t sys_clone3(struct task *task, const uint64_t arg[6])
{
	struct guest_clone_args args = { 0 };
	struct clone_request request;
	int32_t id[ID_LEVELS_MAX];
	int64_t result;

	if (arg[1] < 64)
		return -EINVAL;
	if (arg[1] > GUEST_PAGE)
		return -E2BIG;
	if (!space_read(&task->process->space, arg[0], &args, arg[1] < sizeof(args) ? arg[1] : sizeof(args)))
		return -EFAULT;
	result = unknown_tail(task, arg[0] + sizeof(args), arg[1]);
	if (result != 0)
		return result;
	if (args.set_tid_size > ID_LEVELS_MAX || !args.set_tid_size != !args.set_tid || args.exit_signal > GUEST_SIGNALS)
		return -EINVAL;
	if (args.set_tid && !space_read(&task->process->space, args.set_tid, id, args.set_tid_size * sizeof(*id)))
		return -EFAULT;
	if ((args.flags & (CSIGNAL | CLONE_DETACHED)) || (args.flags & CLONE_SIGHAND && args.flags & CLEAR_SIGHAND)
		|| !args.stack != !args.stack_size || (args.exit_signal && args.flags & (CLONE_THREAD | CLONE_PARENT)))
		return -EINVAL;
	request = (struct clone_request){
		.flags = args.flags,
		.exit_signal = (int)args.exit_signal,
		.stack = args.stack ? args.stack + args.stack_size : 0,
		.parent_tid = args.parent_tid,
		.child_tid = args.child_tid,
		.pidfd = args.pidfd,
		.tls = args.tls,
		.id_error = chosen_id_error(id, args.set_tid_size),
	};
	return do_clone(task, &request);
}
