/* Sends and recognizes our own host signals. */
#include "emu/mem/doorbell.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MARK = 0x7469636b };

/* The kernel's layout of siginfo_t on x86-64, with the gap that the alignment of its union leaves. */
struct message {
	int signo, message, code, mark; /* `message`: enum doorbell; a forwarded signal's number is above it, shifted by 8 */
};

static bool send(pid_t host_pid, siginfo_t *info, int message)
{
	struct message *head = (struct message *)info;

	head->message = message;
	head->mark = MARK;
	return syscall(SYS_rt_sigqueueinfo, host_pid, info->si_signo, info) == 0;
}

bool doorbell_ring(pid_t host_pid, int number)
{
	siginfo_t info = { .si_signo = number, .si_code = SI_QUEUE };

	return send(host_pid, &info, number == SIGCONT ? DOORBELL_STOP : DOORBELL_LOOK);
}

bool doorbell_ask_to_save(pid_t host_pid, int value)
{
	siginfo_t info = { .si_signo = DOORBELL_SIGNAL, .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_value.sival_int = value;
	return send(host_pid, &info, DOORBELL_SAVE);
}

void doorbell_forward(const siginfo_t *info)
{
	siginfo_t sent = *info;

	sent.si_signo = DOORBELL_SIGNAL;
	send(getpid(), &sent, DOORBELL_FORWARDED | info->si_signo << 8);
}

enum doorbell doorbell_take(siginfo_t *info)
{
	struct message *head = (struct message *)info;
	int message = head->message;

	if ((info->si_signo != DOORBELL_SIGNAL && info->si_signo != SIGCONT) || head->mark != MARK)
		return DOORBELL_NONE;
	if ((message & 0xff) == DOORBELL_FORWARDED)
		info->si_signo = message >> 8;
	doorbell_disarm(info);
	return message & 0xff;
}

void doorbell_disarm(siginfo_t *info)
{
	struct message *head = (struct message *)info;

	if (head->mark == MARK)
		head->mark = head->message = 0;
}
