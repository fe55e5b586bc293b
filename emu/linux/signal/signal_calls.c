/* System calls on signals: handlers, masks, waiting, the alternate stack, returning. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/signal/signal.h"

enum { SIGSET_SIZE = 8 };
/* The sa_flags that the kernel knows, arch/x86/include/uapi/asm/signal.h; it drops others (SA_UNSUPPORTED). */
enum {
	KNOWN_FLAGS = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | 0x800 /* SA_EXPOSE_TAGBITS */ | 0x04000000 /* SA_RESTORER */ | SA_ONSTACK
		| SA_RESTART | SA_NODEFER
};

static bool signal_number(uint64_t number)
{
	return (int)number >= 1 && (int)number <= GUEST_SIGNALS;
}

int64_t sys_rt_sigaction(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	struct guest_sigaction new, old;
	int number = (int)arg[0];

	if (arg[3] != SIGSET_SIZE)
		return -EINVAL;
	if (arg[1] && !space_read(&process->space, arg[1], &new, sizeof(new)))
		return -EFAULT;
	if (!signal_number(arg[0]) || (arg[1] && (number == SIGKILL || number == SIGSTOP)))
		return -EINVAL;
	signal_host_collect(process); /* signals that came before are handled by the old action */
	old = signal_actions(task)[number];
	if (arg[1]) {
		new.flags &= (uint64_t)KNOWN_FLAGS | SA_RESETHAND;
		new.mask &= ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
		signal_actions(task)[number] = new;
		if (!task->tracer)
			signal_drop_ignored(process, number);
	}
	if (arg[2] && !space_write(&process->space, arg[2], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

int64_t sys_rt_sigprocmask(struct task *task, const uint64_t arg[6])
{
	struct space *space = &task->process->space;
	uint64_t old = task->signals.mask, set;

	if (arg[3] != SIGSET_SIZE)
		return -EINVAL;
	if (arg[1]) {
		if (!space_read(space, arg[1], &set, sizeof(set)))
			return -EFAULT;
		switch ((int)arg[0]) {
		case SIG_BLOCK: signal_set_mask(task, old | set); break;
		case SIG_UNBLOCK: signal_set_mask(task, old & ~set); break;
		case SIG_SETMASK: signal_set_mask(task, set); break;
		default: return -EINVAL;
		}
		if (old & ~task->signals.mask)
			task->process->signals.due = true; /* signals pending in the host must arrive before the call returns */
	}
	return arg[2] && !space_write(space, arg[2], &old, sizeof(old)) ? -EFAULT : 0;
}

int64_t sys_rt_sigpending(struct task *task, const uint64_t arg[6])
{
	uint64_t set;

	if (arg[1] > SIGSET_SIZE)
		return -EINVAL;
	signal_host_collect(task->process);
	set = (signal_pending_set(task) | signal_host_held(task->process)) & task->signals.mask;
	return space_write(&task->process->space, arg[0], &set, arg[1]) ? 0 : -EFAULT;
}

int64_t sys_rt_sigreturn(struct task *task, const uint64_t arg[6])
{
	siginfo_t info = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };

	(void)arg;
	if (!signal_frame_pop(task))
		signal_force(task, &info);
	return SYSCALL_NO_RESULT;
}

/* --- waiting for signals ------------------------------------------------------------------------------ */

int64_t signal_use_mask(struct task *task, uint64_t address, uint64_t size)
{
	uint64_t mask;

	if (!address || task->wait.wake != WAKE_NOT_YET || task->signals.restore_mask)
		return 0;
	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (!space_read(&task->process->space, address, &mask, sizeof(mask)))
		return -EFAULT;
	task->signals.saved_mask = task->signals.mask;
	task->signals.restore_mask = true;
	signal_set_mask(task, mask);
	return 0;
}

static int64_t wait_for_handler(struct task *task)
{
	int64_t result = wait_until(task, WAIT_FOREVER);

	return result == -ERESTARTSYS ? -ERESTARTNOHAND : result;
}

int64_t sys_rt_sigsuspend(struct task *task, const uint64_t arg[6])
{
	int64_t result;

	if (arg[1] != SIGSET_SIZE)
		return -EINVAL;
	result = signal_use_mask(task, arg[0], arg[1]);
	if (!arg[0])
		return -EFAULT;
	return result != 0 ? result : wait_for_handler(task);
}

int64_t sys_pause(struct task *task, const uint64_t arg[6])
{
	(void)arg;
	return wait_for_handler(task);
}

static int64_t timed_wait(struct task *task, uint64_t set, uint64_t deadline, siginfo_t *info)
{
	for (;;) {
		int64_t result;
		int number;

		task->wait.signals = set;
		signal_host_collect(task->process);
		number = signal_dequeue(task, set, info);
		if (number)
			return number;
		result = wait_until(task, deadline);
		if (result == -ETIMEDOUT)
			return -EAGAIN;
		if (result == -ERESTARTSYS)
			return -EINTR;
		if (result != 0)
			return result;
	}
}

int64_t sys_rt_sigtimedwait(struct task *task, const uint64_t arg[6])
{
	struct space *space = &task->process->space;
	uint64_t set, deadline = WAIT_FOREVER;
	struct timespec limit;
	siginfo_t info;
	int64_t result;

	if (arg[3] != SIGSET_SIZE)
		return -EINVAL;
	if (!space_read(space, arg[0], &set, sizeof(set)) || (arg[2] && !space_read(space, arg[2], &limit, sizeof(limit))))
		return -EFAULT;
	if (arg[2] && !timespec_valid(&limit))
		return -EINVAL;
	if (arg[2])
		deadline = wait_deadline(task, timespec_ns(&limit));
	result = timed_wait(task, set & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP)), deadline, &info);
	if (result > 0 && arg[1] && !space_write(space, arg[1], &info, sizeof(info)))
		return -EFAULT;
	return result;
}

/* --- the rest ---------------------------------------------------------------------------------------- */

int64_t sys_sigaltstack(struct task *task, const uint64_t arg[6])
{
	struct space *space = &task->process->space;
	stack_t old = signal_get_altstack(task), new;
	int64_t result = 0;

	if (arg[0]) {
		if (!space_read(space, arg[0], &new, sizeof(new)))
			return -EFAULT;
		result = signal_set_altstack(task, &new, task->cpu.r[RSP]);
	}
	if (result == 0 && arg[1] && !space_write(space, arg[1], &old, sizeof(old)))
		return -EFAULT;
	return result;
}

/* --- signalfd(2) --------------------------------------------------------------------------------------- */

static int64_t make_signalfd(struct task *task, const uint64_t arg[6], int flags)
{
	uint64_t set;
	long fd;

	if (arg[2] != SIGSET_SIZE)
		return -EINVAL;
	if (!space_read(&task->process->space, arg[1], &set, sizeof(set)))
		return -EFAULT;
	fd = syscall(SYS_signalfd4, (int)arg[0], &set, sizeof(set), flags);
	if (fd < 0)
		return -errno;
	task->process->signals.signalfd_set |= set;
	task->process->signals.due = true;
	return descriptor_keep(task->process, fd);
}

int64_t sys_signalfd(struct task *task, const uint64_t arg[6])
{
	return make_signalfd(task, arg, 0);
}

int64_t sys_signalfd4(struct task *task, const uint64_t arg[6])
{
	return make_signalfd(task, arg, (int)arg[3]);
}
