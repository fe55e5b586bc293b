/* Guest signals: generation, the pending queues, delivery, frames. The rules are those of signal(7) and, in details, of kernel/signal.c. */
#ifndef TICK86_EMU_SIGNAL_H
#define TICK86_EMU_SIGNAL_H

#include "emu/cpu/xsave.h"
#include "emu/linux/kernel/machine.h"

static inline uint64_t signal_bit(int number)
{
	return 1ULL << (number - 1);
}

enum default_action { ACTION_TERMINATE, ACTION_IGNORE, ACTION_STOP };
/* Returns the default action of a signal: signal(7). */
enum default_action signal_default_action(int number);

/* --- generation: signal.c ---------------------------------------------------------------------------- */

/* Sends a signal to the process: any thread that does not block it takes it. Drops it where the kernel does (if ignored and not blocked,
 * or a standard signal that is already pending). */
void signal_send_process(struct process *process, const siginfo_t *info);
/* The same for signals about CPU time: the running thread is asked first (check_process_timers()). */
void signal_send_running(struct process *process, const siginfo_t *info);
void signal_send_task(struct task *task, const siginfo_t *info);
/* Returns true if as many signals are queued as RLIMIT_SIGPENDING allows. Each POSIX timer counts as one. */
bool signal_queue_full(const struct process *process);
/* Sends a signal that the thread's own instruction has caused: it cannot be blocked or ignored (the kernel's force_sig_info). */
void signal_force(struct task *task, siginfo_t *info);
/* Sends SIGSEGV because the thread's memory could not be used. `failed`: the signal whose frame could not be written, or 0. If that is
 * SIGSEGV itself, the process ends (force_sigsegv()). */
void signal_force_segv(struct task *task, int failed);
/* Sends the signal for cpu->exception, with Linux's number, code and address. signal_exception.c. */
void signal_exception(struct task *task);

/* --- delivery ---------------------------------------------------------------------------------------- */

/* Returns true if a signal is pending that the thread does not block. */
bool signal_deliverable(const struct task *task);
/* Returns the pending signals of thread and process, blocked or not: sigpending(2). */
uint64_t signal_pending_set(const struct task *task);
/* Takes the next signal in `set`, in the kernel's order. Returns its number, or 0 if there is none. */
int signal_dequeue(struct task *task, uint64_t set, siginfo_t *info);
/* Called before the thread runs guest code. Takes every deliverable signal: builds handlers' frames, stops or ends the process. Then
 * restarts the interrupted system call if its result asks for that, and restores a saved mask. */
void signal_deliver(struct task *task);
void signal_set_mask(struct task *task, uint64_t mask);
/* Gives the thread the signal mask at `address` (0: none) during the current system call: ppoll(2), pselect(2), epoll_pwait(2).
 * signal_deliver restores the old one. Returns 0 or -errno. signal_calls.c. */
int64_t signal_use_mask(struct task *task, uint64_t address, uint64_t size);
/* Called when an action has changed: drops pending signals that are now ignored. */
void signal_drop_ignored(struct process *process, int number);
/* execve(2): sets handlers to the default action. */
void signal_reset_handlers(struct process *process);

/* --- frames: signal_frame.c -------------------------------------------------------------------------- */

/* Builds the rt_sigframe for `action` and enters the handler. Returns false if the stack cannot be written. */
bool signal_frame_push(struct task *task, const siginfo_t *info, const struct guest_sigaction *action, uint64_t mask);
/* rt_sigreturn(2). Returns false if the frame cannot be read or is invalid. */
bool signal_frame_pop(struct task *task);
/* sigaltstack(2) with the kernel's checks. Returns 0 or -errno. */
int64_t signal_set_altstack(struct task *task, const stack_t *stack, uint64_t stack_pointer);
stack_t signal_get_altstack(const struct task *task);

/* --- XSAVE image in a frame: signal_fpstate.c -------------------------------------------------------- */

enum { FPSTATE_MAX = XSAVE_SIZE + sizeof(uint32_t) };
/* fpstate_size returns the size of the image, with the kernel's trailing magic, in bytes. fpstate_write writes the state in the form of
 * sigcontext.fpstate. */
size_t fpstate_size(const struct cpu *cpu);
void fpstate_write(const struct cpu *cpu, uint8_t *image);
/* `image` holds `size` readable bytes (512, or fpstate_size). Returns false if it has a value that the CPU would refuse. */
bool fpstate_read(struct cpu *cpu, const uint8_t *image, size_t size);
void fpstate_reset(struct cpu *cpu);

/* --- the host's signals: signal_host.c --------------------------------------------------------------- */

/* Blocks all signals but the synchronous ones in the host, and takes over its mask and ignored signals for the guest. */
void signal_host_take(struct process *process);
/* Handles one signal that was taken from the host. */
void signal_host_deliver(struct process *process, siginfo_t *info);
/* Moves the signals pending in the host to the guest's queues, and those that a signalfd must show back to the host. */
void signal_host_collect(struct process *process);
/* Returns which signals stay pending in the host for a signalfd: those that the guest has passed to signalfd(2), while every thread
 * blocks them. The host's own signalfd finds them there. */
uint64_t signal_host_held(const struct process *process);
/* Sends such a signal of the guest, to the thread or (NULL) to the process, to the host. Returns false if it is not one of these. */
bool signal_host_hold(const struct process *process, const siginfo_t *info, const struct task *task);
/* Returns a descriptor that is readable while a signal for us is pending in the host. */
int signal_host_fd(struct process *process);
/* Called after fork(2) in the child: its descriptor must show its own signals from now on. */
void signal_host_begin_child(struct process *process, bool shares_files);
/* Carries out the host's default action on ourselves: stop (returns after SIGCONT), or death. */
void signal_host_default(int number);
/* Stops the process by the stop signal `number` until SIGCONT. Its clock stands still during the stop; a shared clock stands still while
 * all its processes are stopped. */
void process_stop(struct process *process, int number);

#endif
