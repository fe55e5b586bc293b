/* recvmmsg(2): its timeout is looked at after each message and ends no wait, what is left of it is stored, and out-of-band data ends it. */
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

enum { MESSAGES = 4, BYTES = 8 };

static int from, to;

/* The times in ms at which messages are sent. */
struct plan {
	int count, after_ms[MESSAGES];
};

static void sleep_ms(int ms)
{
	const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

static void *sender(void *argument)
{
	const struct plan *plan = argument;

	for (int k = 0; k < plan->count; k++) {
		sleep_ms(plan->after_ms[k]);
		if (send(to, "message", BYTES, 0) != BYTES)
			perror("send");
	}
	return NULL;
}

static void receive(const char *title, const struct timespec *timeout, int flags)
{
	struct timespec left = timeout ? *timeout : (struct timespec){ 0 };
	char bytes[MESSAGES][BYTES] = { "" };
	struct mmsghdr messages[MESSAGES];
	struct iovec parts[MESSAGES];
	int received;

	memset(messages, 0, sizeof messages);
	for (int k = 0; k < MESSAGES; k++) {
		parts[k] = (struct iovec){ bytes[k], BYTES };
		messages[k].msg_hdr.msg_iov = &parts[k];
		messages[k].msg_hdr.msg_iovlen = 1;
	}
	errno = 0;
	received = recvmmsg(from, messages, MESSAGES, flags, timeout ? &left : NULL);
	printf("%s: %d, errno %d, time %s\n", title, received, received < 0 ? errno : 0, left.tv_sec || left.tv_nsec ? "left" : "over");
}

/* In the background come `plan`'s messages. */
static void receive_planned(const char *title, struct plan *plan, const struct timespec *timeout)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sender, plan);
	receive(title, timeout, 0);
	pthread_join(thread, NULL);
}

int main(void)
{
	struct plan slow = { 2, { 50, 200 } }, enough = { 4, { 10, 10, 10, 10 } };
	const struct timespec none = { 0 }, short_time = { .tv_nsec = 100000000 }, long_time = { .tv_sec = 60 },
			      bad = { .tv_nsec = 1000000000 };
	int pair[2];

	SHOW(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	from = pair[0];
	to = pair[1];
	SHOW(send(to, "one", 4, 0));
	SHOW(send(to, "two", 4, 0));
	receive("no time", &none, 0);
	receive("time left, nothing more", &long_time, MSG_DONTWAIT);
	receive("nothing at all", &long_time, MSG_DONTWAIT);
	receive("bad", &bad, MSG_DONTWAIT);
	receive_planned("slow", &slow, &short_time);
	receive_planned("fast", &enough, &long_time);
	receive_planned("without", &enough, NULL);
	return 0;
}
