/* The doorbell: one host signal by which tick86's processes send each other messages, or forward a signal to themselves.
 * The message is in fields of siginfo_t that the kernel copies and gives no meaning (si_errno, and the gap after si_code). The guest can
 * still use this signal with any value: doorbell_disarm clears these fields in every siginfo_t that the guest sends. */
#ifndef TICK86_EMU_DOORBELL_H
#define TICK86_EMU_DOORBELL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

enum { DOORBELL_SIGNAL = 64 };

enum doorbell {
	DOORBELL_NONE, /* not a message: the signal is the guest's */
	DOORBELL_LOOK, /* something has changed in the turn or in memory that the processes share */
	DOORBELL_STOP, /* sent with SIGCONT: the receiver must hand its turn on, and stop again */
	/* a SIGSEGV, SIGBUS, SIGFPE or SIGILL that a process sent; we cannot block these, so the handler sends it again in this form */
	DOORBELL_FORWARDED,
	DOORBELL_SAVE, /* `tick86 save` asks for a file; the value names descriptors of the sender */
};

/* Sends DOORBELL_LOOK, or DOORBELL_STOP if `number` is SIGCONT. Returns false if the process has gone or its signal queue is full. */
bool doorbell_ring(pid_t host_pid, int number);
/* Sends DOORBELL_SAVE with a value. */
bool doorbell_ask_to_save(pid_t host_pid, int value);
/* Called in a signal handler: sends the signal to the process itself again as DOORBELL_FORWARDED. */
void doorbell_forward(const siginfo_t *info);
/* Returns the message of a signal taken from the host. A forwarded signal is restored in `info`. */
enum doorbell doorbell_take(siginfo_t *info);
/* Clears what could be taken for a message in a siginfo_t that the guest sends. */
void doorbell_disarm(siginfo_t *info);

#endif
