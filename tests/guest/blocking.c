/* Calls that wait: whole messages, time-outs of sockets, what a signal does to a connection that is made, FIFOs. */
/* tests/guest.test: --serial */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { PAUSE_US = 40000, LARGE = 9000, HUGE_SIZE = 1500000 };

static char bytes[HUGE_SIZE], into[HUGE_SIZE];

static void datagrams(int type)
{
	struct iovec parts[2] = { { bytes, 5000 }, { bytes, 4000 } };
	int ends[2];

	if (socketpair(AF_UNIX, type, 0, ends) != 0)
		return;
	SHOW(write(ends[0], bytes, LARGE));
	SHOW(read(ends[1], into, sizeof(into)));
	SHOW(writev(ends[0], parts, 2));
	SHOW(read(ends[1], into, sizeof(into)));
	close(ends[0]);
	close(ends[1]);
}

/* A stream without a reader takes some bytes, then none. */
static void sending_time_out(void)
{
	struct timeval limit = { .tv_usec = PAUSE_US };
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int ends[2];
	long sent;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return;
	SHOW(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)));
	CHECK((sent = write(ends[0], bytes, sizeof(bytes))) > 0 && sent < HUGE_SIZE);
	SHOW(write(ends[0], bytes, sizeof(bytes)));
	SHOW(send(ends[0], bytes, sizeof(bytes), 0));
	SHOW(sendmsg(ends[0], &message, 0));
	close(ends[0]);
	close(ends[1]);
}

static void *read_all(void *argument)
{
	long total = 0, got;

	while ((got = read((int)(intptr_t)argument, into, 65536)) > 0)
		total += got;
	return (void *)total;
}

static void sending_all(void)
{
	struct iovec parts[2] = { { bytes, HUGE_SIZE / 3 }, { bytes + HUGE_SIZE / 3, HUGE_SIZE - HUGE_SIZE / 3 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	pthread_t reader;
	int ends[2];
	void *total;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return;
	pthread_create(&reader, NULL, read_all, (void *)(intptr_t)ends[1]);
	SHOW(sendmsg(ends[0], &message, 0));
	SHOW(send(ends[0], bytes, sizeof(bytes), 0));
	SHOW(write(ends[0], bytes, sizeof(bytes)));
	close(ends[0]);
	pthread_join(reader, &total);
	printf("read %ld\n", (long)total);
	close(ends[1]);
}

static void receiving_all(void)
{
	struct iovec part = { into, 10 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return;
	SHOW(write(ends[0], "abcde", 5));
	if (fork() == 0) {
		usleep(PAUSE_US);
		_exit(write(ends[0], "fghij", 5) != 5);
	}
	SHOW(recv(ends[1], into, 5, MSG_PEEK | MSG_WAITALL));
	memset(into, 0, 20);
	SHOW(recvmsg(ends[1], &message, MSG_WAITALL));
	printf("'%s'\n", into);
	wait(NULL);
	close(ends[0]);
	close(ends[1]);
}

/* The listener's queue is full. */
static void connect_in_vain(struct timeval limit)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM, 0), first = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int second = socket(AF_INET, SOCK_STREAM, 0);

	bind(listener, (struct sockaddr *)&name, size);
	listen(listener, 0);
	getsockname(listener, (struct sockaddr *)&name, &size);
	connect(first, (struct sockaddr *)&name, size);
	setsockopt(second, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	SHOW(connect(second, (struct sockaddr *)&name, size));
	close(listener);
	close(first);
	close(second);
}

static int alarms;

/* The first one lets the call go on. */
static void handler(int number)
{
	struct sigaction action = { .sa_handler = handler };

	alarms++;
	sigaction(number, &action, NULL);
}

static void connections(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, PAUSE_US }, { 0, PAUSE_US } }, never = { { 0, 0 }, { 0, 0 } };

	connect_in_vain((struct timeval){ .tv_usec = PAUSE_US });
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	connect_in_vain((struct timeval){ 0, 0 });
	setitimer(ITIMER_REAL, &never, NULL);
	printf("alarms %d\n", alarms);
}

/* A writer that opens it and goes is enough for a reader. */
static void fifos(void)
{
	char byte;
	int fd;

	SHOW(mkfifo("fifo", 0600));
	if (fork() == 0) {
		usleep(PAUSE_US);
		fd = open("fifo", O_WRONLY);
		close(fd);
		_exit(0);
	}
	SUCCEEDS(fd = open("fifo", O_RDONLY));
	SHOW(read(fd, &byte, 1));
	wait(NULL);
}

/* Nobody waits to write where only reading is open, or the other way round. */
static void wrong_ends(void)
{
	struct iovec part = { bytes, 10 };
	int ends[2];

	if (pipe(ends) != 0)
		return;
	SHOW(write(ends[0], bytes, 10));
	SHOW(writev(ends[0], &part, 1));
	SHOW(read(ends[1], into, 10));
	SHOW(readv(ends[1], &part, 1));
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	wrong_ends();
	datagrams(SOCK_DGRAM);
	datagrams(SOCK_SEQPACKET);
	sending_time_out();
	sending_all();
	receiving_all();
	connections();
	fifos();
	return 0;
}
