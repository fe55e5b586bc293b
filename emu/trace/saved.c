/* The members of a process and of a thread that are saved. */
#include "emu/linux/kernel/machine.h"
#include "emu/trace/saved.h"

/* clang-format off */
static const struct field run_fields[] = {
	FIELD(struct saved_run, mode), FIELD(struct saved_run, vcpus), FIELD(struct saved_run, seed),
	FIELD(struct saved_run, rate_num), FIELD(struct saved_run, rate_den), FIELD(struct saved_run, pin),
	FIELD(struct saved_run, msr_allow), FIELD(struct saved_run, pvclock), FIELD(struct saved_run, pid),
	FIELD(struct saved_run, ids), FIELD(struct saved_run, clock_insns), FIELD(struct saved_run, monotonic_ns),
	FIELD(struct saved_run, real_ns), FIELD(struct saved_run, cpu_ns), FIELD(struct saved_run, umask),
	FIELD_ARRAY(struct saved_run, limit), FIELDS_END,
};

/* By the parts of struct process. */
static const struct field process_fields[] = {
	FIELD_AS(struct process, time.cpu_ns, cpu_ns), FIELD_AS(struct process, time.children_cpu_ns, children_cpu_ns),
	FIELD_AS(struct process, signals.signalfd_set, signalfd_set),
	FIELD_AS(struct process, image.auxv_start, auxv_start), FIELD_AS(struct process, image.auxv_end, auxv_end),
	FIELD_AS(struct process, image.arg_start, arg_start), FIELD_AS(struct process, image.arg_end, arg_end),
	FIELD_AS(struct process, image.env_start, env_start), FIELD_AS(struct process, image.env_end, env_end),
	FIELD_AS(struct process, counts.random_words, random_words), FIELD_AS(struct process, counts.syscalls, syscalls),
	FIELD_ARRAY_AS(struct process, counts.time_reads, time_reads),
	FIELD(struct process, threads_started), FIELD(struct process, insns),
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

/* By the parts of struct task. */
static const struct field thread_fields[] = {
	FIELD(struct task, state),
	FIELD_AS(struct task, signals.mask, signal_mask), FIELD_AS(struct task, signals.saved_mask, saved_mask),
	FIELD_AS(struct task, signals.restore_mask, restore_mask),
	FIELD_AS(struct task, signals.altstack.ss_sp, altstack.ss_sp), FIELD_AS(struct task, signals.altstack.ss_flags, altstack.ss_flags),
	FIELD_AS(struct task, signals.altstack.ss_size, altstack.ss_size),
	FIELD_AS(struct task, signals.fault.vector, fault.vector), FIELD_AS(struct task, signals.fault.error, fault.error),
	FIELD_AS(struct task, signals.fault.address, fault.address), FIELD_AS(struct task, signals.fault.resume_flag, fault.resume_flag),
	FIELD_AS(struct task, call.restartable, in_syscall), FIELD_AS(struct task, call.restart_number, restart_number),
	FIELD_AS(struct task, call.restart_deadline, restart_deadline), FIELD_AS(struct task, call.number, syscall_number),
	FIELD_AS(struct task, end.clear_child_tid, clear_child_tid), FIELD_AS(struct task, end.robust_list, robust_list),
	FIELD_AS(struct task, end.robust_list_size, robust_list_size),
	FIELD_AS(struct task, time.insns, insns), FIELD_AS(struct task, time.cpu_ns, cpu_ns),
	FIELD(struct task, affinity), FIELD(struct task, cpu.vcpu), FIELD(struct task, cpu.tsc_faults),
	FIELD_ARRAY(struct task, cpu.time_reads),
	FIELD(struct task, wait.wake), FIELD(struct task, wait.begun), FIELD(struct task, wait.deadline), FIELD(struct task, wait.on_wall),
	FIELD(struct task, wait.wall), FIELD(struct task, wait.futex),
	FIELD(struct task, wait.child), FIELD(struct task, wait.uninterruptible), FIELD(struct task, wait.signals),
	FIELD(struct task, wait.progress),
	LATE_FIELD(struct task, wait.pause), LATE_FIELD(struct task, wait.retries), LATE_FIELD(struct task, wait.limit), LATE_FIELD(struct task, wait.until),
	LATE_FIELD(struct task, rseq.address), LATE_FIELD(struct task, rseq.length), LATE_FIELD(struct task, rseq.signature),
	LATE_FIELD(struct task, rseq.due), LATE_FIELD(struct task, cpu.monitor.armed), LATE_FIELD(struct task, cpu.monitor.waits),
	LATE_FIELD(struct task, cpu.monitor.address), LATE_FIELD_ARRAY(struct task, cpu.monitor.content),
	LATE_FIELD(struct task, policy.own), LATE_FIELD(struct task, policy.policy), LATE_FIELD(struct task, policy.priority),
	LATE_FIELD(struct task, policy.nice), FIELDS_END,
};
/* clang-format on */

const struct field *const saved_fields[SAVED_PARTS] = {
	[SAVED_RUN] = run_fields,
	[SAVED_PROCESS] = process_fields,
	[SAVED_SPACE] = space_fields,
	[SAVED_TIMER] = timer_fields,
	[SAVED_THREAD] = thread_fields,
};

/* --- what no file holds -------------------------------------------------------------------------------------- */

/* In records of other kinds than FIELDS: CONFIG, PATH, MAPPING, ACTION, PENDING, STATE, VECTOR, POLL, FILE, and struct saved_run. (Registers, in
 * struct cpu, are STATE and VECTOR.) */
TRANSIENT(struct process, pid);
TRANSIENT(struct process, options);
TRANSIENT(struct process, limit);
TRANSIENT(struct process, clock);
TRANSIENT(struct process, time.clock_insns);
TRANSIENT(struct process, time.own_insns);
TRANSIENT(struct process, timers);
TRANSIENT(struct process, tasks);
TRANSIENT(struct process, signals.action);
TRANSIENT(struct process, signals.pending);
TRANSIENT(struct process, image.exe_path);
TRANSIENT(struct process, space);
TRANSIENT(struct process, pvclock);
TRANSIENT(struct process, pvclock_page);
TRANSIENT(struct task, tid);
TRANSIENT(struct task, tracer);
TRANSIENT(struct task, stopped_by);
TRANSIENT(struct task, stop_told);
TRANSIENT(struct process, tracers);
TRANSIENT(struct task, name);
TRANSIENT(struct task, signals.pending);
TRANSIENT(struct task, wait.fd);
TRANSIENT(struct task, wait.fds);

/* Made anew from what is saved, or computed again before it is used. */
TRANSIENT(struct process, up);
TRANSIENT(struct process, blocks);
TRANSIENT(struct process, current);
TRANSIENT(struct process, observers);
TRANSIENT(struct process, host);
TRANSIENT(struct process, futexes);
TRANSIENT(struct process, shared_futexes);
TRANSIENT(struct process, futexes_looked);
TRANSIENT(struct process, peer);
TRANSIENT(struct process, strace);
TRANSIENT(struct process, insn_trace);
TRANSIENT(struct process, dump_code);
TRANSIENT(struct process, verify);
TRANSIENT(struct process, time.host);
TRANSIENT(struct process, time.stop);
TRANSIENT(struct process, time.cpu_before_ns);
TRANSIENT(struct process, time.deadline);
TRANSIENT(struct process, time.deadlines_changed);
TRANSIENT(struct process, time.wall_generation);
TRANSIENT(struct process, time.common);
TRANSIENT(struct process, time.wall_moved);
TRANSIENT(struct process, time.common_writes);
TRANSIENT(struct process, timerfds_kept);
TRANSIENT(struct process, signals.fd);
TRANSIENT(struct process, signals.fd_set);
TRANSIENT(struct process, signals.due);
TRANSIENT(struct process, signals.calls_signal);
TRANSIENT(struct process, turn);
TRANSIENT(struct process, descriptors_high);
TRANSIENT(struct process, files);
TRANSIENT(struct process, lock_future); /* locked memory is not saved */
TRANSIENT(struct task, process);
TRANSIENT(struct task, next);
TRANSIENT(struct task, time.run_insns);
TRANSIENT(struct task, time.run_began);
TRANSIENT(struct task, wait.futex_waiter);
TRANSIENT(struct task, observed);
TRANSIENT(struct task, host);

/* Of processes with children, of children, and of a process that is ending: those are not saved (save.c). */
TRANSIENT(struct process, tree);
TRANSIENT(struct process, member);
TRANSIENT(struct process, vfork);
TRANSIENT(struct process, silent_children);
TRANSIENT(struct process, forked);
TRANSIENT(struct process, show_pids);
TRANSIENT(struct process, written);
TRANSIENT(struct process, written_seen);
TRANSIENT(struct process, exiting);
TRANSIENT(struct process, exit_status);
TRANSIENT(struct task, vfork_child);
TRANSIENT(struct task, vfork);
