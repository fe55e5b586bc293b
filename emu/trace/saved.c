/* The members of a process and of a thread that are saved. */
#include "emu/linux/kernel/machine.h"
#include "emu/trace/saved.h"

static const struct field run_fields[] = {
	FIELD(struct saved_run, mode), FIELD(struct saved_run, vcpus), FIELD(struct saved_run, seed),
	FIELD(struct saved_run, rate_num), FIELD(struct saved_run, rate_den), FIELD(struct saved_run, pin),
	FIELD(struct saved_run, msr_allow), FIELD(struct saved_run, pvclock), FIELD(struct saved_run, pid),
	FIELD(struct saved_run, ids), FIELD(struct saved_run, clock_insns), FIELD(struct saved_run, monotonic_ns),
	FIELD(struct saved_run, real_ns), FIELD(struct saved_run, cpu_ns), FIELD(struct saved_run, umask),
	FIELD_ARRAY(struct saved_run, limit), FIELDS_END,
};

static const struct field process_fields[] = {
	FIELD(struct process, cpu_ns), FIELD(struct process, children_cpu_ns),
	FIELD(struct process, threads_started), FIELD(struct process, auxv_start), FIELD(struct process, auxv_end),
	FIELD(struct process, arg_start), FIELD(struct process, arg_end), FIELD(struct process, env_start),
	FIELD(struct process, env_end), FIELD(struct process, insns), FIELD(struct process, signalfd_set),
	FIELD(struct process, random_words), FIELD(struct process, syscalls), FIELD_ARRAY(struct process, time_reads),
	LATE_FIELD(struct process, membarriers), LATE_FIELD(struct process, most_kib), LATE_FIELD(struct process, children_most_kib), FIELDS_END,
};

static const struct field space_fields[] = {
	FIELD(struct space, brk_start), FIELD(struct space, brk), FIELD(struct space, mmap_top), FIELD(struct space, stack_limit),
	FIELD(struct space, stack_mapped), FIELD(struct space, next_shared), FIELDS_END,
};

static const struct field timer_fields[] = {
	FIELD(struct saved_timer, timer.kind), FIELD(struct saved_timer, timer.id), FIELD(struct saved_timer, timer.clock),
	FIELD(struct saved_timer, timer.notify), FIELD(struct saved_timer, timer.signal), FIELD(struct saved_timer, timer.tid),
	FIELD(struct saved_timer, timer.value), FIELD(struct saved_timer, timer.overrun), FIELD(struct saved_timer, timer.last_overrun),
	FIELD(struct saved_timer, run.deadline), FIELD(struct saved_timer, run.interval), FIELD(struct saved_timer, run.on_wall),
	FIELD(struct saved_timer, run.wall), FIELD(struct saved_timer, run.cancel_on_set), FIELD(struct saved_timer, run.canceled),
	FIELD(struct saved_timer, run.wall_offset), FIELD(struct saved_timer, unread), FIELDS_END,
};

static const struct field thread_fields[] = {
	FIELD(struct task, state), FIELD(struct task, signal_mask), FIELD(struct task, saved_mask), FIELD(struct task, restore_mask),
	FIELD(struct task, in_syscall), FIELD(struct task, restart_number), FIELD(struct task, restart_deadline),
	FIELD(struct task, altstack.ss_sp), FIELD(struct task, altstack.ss_flags), FIELD(struct task, altstack.ss_size),
	FIELD(struct task, clear_child_tid), FIELD(struct task, robust_list), FIELD(struct task, robust_list_size),
	FIELD(struct task, syscall_number), FIELD(struct task, fault.vector), FIELD(struct task, fault.error),
	FIELD(struct task, fault.address), FIELD(struct task, fault.resume_flag), FIELD(struct task, affinity),
	FIELD(struct task, insns), FIELD(struct task, cpu_ns), FIELD(struct task, cpu.vcpu), FIELD(struct task, cpu.tsc_faults),
	FIELD_ARRAY(struct task, cpu.time_reads),
	FIELD(struct task, wait.wake), FIELD(struct task, wait.begun), FIELD(struct task, wait.deadline), FIELD(struct task, wait.on_wall),
	FIELD(struct task, wait.wall), FIELD(struct task, wait.futex),
	FIELD(struct task, wait.child), FIELD(struct task, wait.uninterruptible), FIELD(struct task, wait.signals),
	FIELD(struct task, wait.progress),
	LATE_FIELD(struct task, rseq.address), LATE_FIELD(struct task, rseq.length), LATE_FIELD(struct task, rseq.signature),
	LATE_FIELD(struct task, rseq.due), LATE_FIELD(struct task, cpu.monitor.armed), LATE_FIELD(struct task, cpu.monitor.waits),
	LATE_FIELD(struct task, cpu.monitor.address), LATE_FIELD_ARRAY(struct task, cpu.monitor.content),
	LATE_FIELD(struct task, wait.pause), FIELDS_END,
};

const struct field *const saved_fields[SAVED_PARTS] = {
	[SAVED_RUN] = run_fields, [SAVED_PROCESS] = process_fields, [SAVED_SPACE] = space_fields, [SAVED_TIMER] = timer_fields,
	[SAVED_THREAD] = thread_fields,
};
