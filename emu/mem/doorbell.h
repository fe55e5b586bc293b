/* Host signals that tick86's processes send to each other, or to themselves, for their own purposes: one number, and the messages. A
 * message stands where the kernel's siginfo_t has nothing for user space (si_errno, and the gap after si_code); the kernel copies it.
 * The guest cannot send one: what it may write there is taken out where its siginfo_t enters (doorbell_disarm). So the guest can use
 * the signal with any value, and gets what it was sent. */
#ifndef TICK86_EMU_DOORBELL_H
#define TICK86_EMU_DOORBELL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

enum { DOORBELL_SIGNAL = 64 };

enum doorbell {
	DOORBELL_NONE,      /* the signal is the guest's */
	DOORBELL_LOOK,      /* the turn, or memory that the processes share, has something for the receiver */
	DOORBELL_STOP,      /* with SIGCONT: the receiver is to hand its turn on, and to stop again */
	DOORBELL_FORWARDED, /* a SIGSEGV or its kin that a process sent: these cannot be blocked here, so it goes on as this signal */
	DOORBELL_SAVE,      /* `tick86 save` asks for a file; the value says by which descriptors of the sender */
};

/* Sends DOORBELL_LOOK; `number` SIGCONT: DOORBELL_STOP. False: the process has gone, or its queue of signals is full. */
bool doorbell_ring(pid_t host_pid, int number);
/* Sends DOORBELL_SAVE with a value. */
bool doorbell_ask_to_save(pid_t host_pid, int value);
/* Sends the process itself a signal again that its handler got. Safe within a signal handler. */
void doorbell_forward(const siginfo_t *info);
/* What a signal is that was taken from the host. A forwarded one is in `info` what it was. */
enum doorbell doorbell_take(siginfo_t *info);
/* Takes out of what the guest wants to send whatever could be taken for a message. */
void doorbell_disarm(siginfo_t *info);

#endif
