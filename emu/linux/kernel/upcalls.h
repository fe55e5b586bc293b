/* The calls from lower rooms of emu/linux to higher ones: one table, which a process gets when it is created (run/process.c). */
#ifndef TICK86_EMU_UPCALLS_H
#define TICK86_EMU_UPCALLS_H

#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/syscall.h"

struct upcalls {
	/* --- time: see timer.h */
	uint64_t (*timer_next_deadline)(const struct process *process);
	bool (*timer_may_be_set)(const struct process *process);
	void (*timer_expire)(struct process *process);
	void (*timer_expire_cpu)(struct process *process);
	uint64_t (*timer_cpu_budget)(const struct process *process);
	void (*timer_wall_changed)(struct process *process, int64_t shift);
	bool (*timer_minds_wall)(const struct process *process);
	unsigned (*timer_count)(const struct process *process);
	void (*timer_signal_taken)(struct process *process, siginfo_t *info);
	/* --- signal: takes a signal from the host that is the guest's */
	void (*host_signal)(struct process *process, siginfo_t *info);
	/* --- process: a SIGCHLD came. Returns false if the guest must not see it */
	bool (*child_changed)(struct process *process, const siginfo_t *info);
	/* --- file: returns false if the descriptor is an emulated device that mmap(2) cannot map */
	bool (*can_map)(struct process *process, int fd);
	/* --- run: row returns the row of a system call, or NULL. signal_taken prints a signal for --strace */
	const struct syscall_row *(*row)(uint64_t number);
	void (*signal_taken)(struct task *task, const siginfo_t *info);
};

#endif
