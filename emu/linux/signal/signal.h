/* Guest signals: generation, the pending queues, delivery, frames. Rules: signal(7), and kernel/signal.c where it is silent. */
#ifndef TICK86_EMU_SIGNAL_H
#define TICK86_EMU_SIGNAL_H

#include "emu/linux/kernel/machine.h"

static inline uint64_t signal_bit(int number)
{
	return 1ULL << (number - 1);
}

enum default_action { ACTION_TERMINATE, ACTION_IGNORE, ACTION_STOP };
/* What SIG_DFL does, signal(7). */
enum default_action signal_default_action(int number);

/* --- generation: signal.c ---------------------------------------------------------------------------- */

/* To the process: any thread that does not block it takes it. Dropped where the kernel drops it (ignored and not blocked, or a
 * standard signal that is pending already). */
void signal_send_process(struct process *process, const siginfo_t *info);
/* The same for what comes of CPU time: the thread that runs is the first to be asked (check_process_timers()). */
void signal_send_running(struct process *process, const siginfo_t *info);
void signal_send_task(struct task *task, const siginfo_t *info);
/* A signal that the thread's own instruction caused: cannot be blocked or ignored (the kernel's force_sig_info). */
void signal_force(struct task *task, siginfo_t *info);
/* SIGSEGV, since something could not be done to the thread's memory; if it was for the sake of a handler of SIGSEGV itself (`failed`,
 * or 0), the process ends (force_sigsegv()). */
void signal_force_segv(struct task *task, int failed);
/* The signal for cpu->exception, with the number, code and address that Linux gives. signal_exception.c. */
void signal_exception(struct task *task);

/* --- delivery ---------------------------------------------------------------------------------------- */

/* A signal is pending that the thread does not block. */
bool signal_deliverable(const struct task *task);
/* Pending signals of thread and process, blocked or not: sigpending(2). */
uint64_t signal_pending_set(const struct task *task);
/* Takes the next signal in `set`, in the kernel's order. 0: none. */
int signal_dequeue(struct task *task, uint64_t set, siginfo_t *info);
/* Before the thread runs guest code: takes every deliverable signal, setting up handlers' frames, stopping or ending the
 * process; then restarts the interrupted system call, if its result asks for it, and puts back a saved mask. */
void signal_deliver(struct task *task);
void signal_set_mask(struct task *task, uint64_t mask);
/* For the time of the system call under way the thread has the mask at `address` (0: none), as ppoll(2), pselect(2) and
 * epoll_pwait(2) want it; signal_deliver puts the old one back. 0 or -errno. signal_calls.c. */
int64_t signal_use_mask(struct task *task, uint64_t address, uint64_t size);
/* After a change of action: what is pending and now ignored goes. */
void signal_drop_ignored(struct process *process, int number);
/* execve(2): handlers go back to the default. */
void signal_reset_handlers(struct process *process);

/* --- frames: signal_frame.c -------------------------------------------------------------------------- */

/* Builds the rt_sigframe for `action` and enters the handler. False: the stack cannot be written. */
bool signal_frame_push(struct task *task, const siginfo_t *info, const struct guest_sigaction *action, uint64_t mask);
/* rt_sigreturn(2): false when the frame cannot be read or is not valid. */
bool signal_frame_pop(struct task *task);
/* sigaltstack(2) as the kernel checks it: 0 or -errno. */
int64_t signal_set_altstack(struct task *task, const stack_t *stack, uint64_t stack_pointer);
stack_t signal_get_altstack(const struct task *task);

/* --- XSAVE image in a frame: signal_fpstate.c -------------------------------------------------------- */

/* Bytes of the image with the kernel's trailing magic, and the state as sigcontext.fpstate points to it. */
size_t fpstate_size(const struct cpu *cpu);
void fpstate_write(const struct cpu *cpu, uint8_t *image);
/* `image` holds `size` readable bytes (512, or fpstate_size). False: a value that the CPU would refuse. */
bool fpstate_read(struct cpu *cpu, const uint8_t *image, size_t size);
void fpstate_reset(struct cpu *cpu);

/* --- the host's signals: signal_host.c --------------------------------------------------------------- */

/* Blocks all signals but the synchronous ones in the host, taking over its mask and ignored signals for the guest. */
void signal_host_take(struct process *process);
/* One signal that the host has delivered goes its way. */
void signal_host_deliver(struct process *process, siginfo_t *info);
/* Moves what the host has pending into the guest's queues; and back what a signalfd is to show. */
void signal_host_collect(struct process *process);
/* Signals that the guest takes from a signalfd: while every thread blocks them, they stay pending in the host, where the host's own
 * signalfd finds them. Tells which are pending there. */
uint64_t signal_host_held(const struct process *process);
/* Such a signal by the guest itself, to the process or to a thread, goes to the host. False: it is not one. */
bool signal_host_hold(const struct process *process, const siginfo_t *info, bool to_thread);
/* A descriptor that is readable while the host has a signal for us. */
int signal_host_fd(struct process *process);
/* After fork(2), in the child: which signals the descriptor looks at is its own matter from now on. */
void signal_host_begin_child(struct process *process, bool shares_files);
/* Lets the host's default action happen to us: stop (returns after SIGCONT), or death. */
void signal_host_default(int number);
/* Stops the process by `number`, a stop signal, until SIGCONT; its clock stands still meanwhile. A clock that several processes
 * share stands still while all of them are stopped. */
void process_stop(struct process *process, int number);

#endif
