/* What lower rooms tell or ask the rooms above them: one table, which the process is created with (run/process.c). */
#ifndef TICK86_EMU_UPCALLS_H
#define TICK86_EMU_UPCALLS_H

#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/syscall.h"

struct upcalls {
	/* --- time: timer.h says what they do */
	uint64_t (*timer_next_deadline)(const struct process *process);
	bool (*timer_may_be_set)(const struct process *process);
	void (*timer_expire)(struct process *process);
	void (*timer_expire_cpu)(struct process *process);
	uint64_t (*timer_cpu_budget)(const struct process *process);
	void (*timer_wall_changed)(struct process *process, int64_t shift);
	bool (*timer_minds_wall)(const struct process *process);
	void (*timer_signal_taken)(struct process *process, siginfo_t *info);
	/* --- signal: the host has given us a signal that is the guest's */
	void (*host_signal)(struct process *process, siginfo_t *info);
	/* --- process: a SIGCHLD came. False: the guest is not to see it */
	bool (*child_changed)(struct process *process, const siginfo_t *info);
	/* --- file: whether mmap(2) may map this descriptor, as far as emulated devices are concerned */
	bool (*can_map)(struct process *process, int fd);
	/* --- run: the row of a system call, or NULL; the thread takes this signal (--strace) */
	const struct syscall_row *(*row)(uint64_t number);
	void (*signal_taken)(struct task *task, const siginfo_t *info);
};

#endif
