/* Long transfers between threads of one process, where each side must wait for the other; timeouts of sockets; files that the
 * emulator makes up. */
/* tests/guest.test: --serial */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

enum { LONG = 1000000 };

static unsigned char pattern[LONG];

struct transfer {
	int fd, how;
	long result;
};

static void *write_long(void *argument)
{
	struct transfer *transfer = argument;
	struct iovec parts[3] = { { pattern, 10 }, { pattern + 10, 500000 }, { pattern + 500010, LONG - 500010 } };

	if (transfer->how == 0)
		transfer->result = write(transfer->fd, pattern, LONG);
	else if (transfer->how == 1)
		transfer->result = writev(transfer->fd, parts, 3);
	else if (transfer->how == 2)
		transfer->result = send(transfer->fd, pattern, LONG, 0);
	else
		transfer->result = sendmsg(transfer->fd, &(struct msghdr){ .msg_iov = parts, .msg_iovlen = 3 }, 0);
	close(transfer->fd);
	return NULL;
}

static void read_all(const char *name, int fd, struct transfer *transfer)
{
	static unsigned char buffer[LONG + 1];
	pthread_t thread;
	long total = 0;
	ssize_t n;

	pthread_create(&thread, NULL, write_long, transfer);
	while ((n = read(fd, buffer + total, sizeof(buffer) - total > 77777 ? 77777 : sizeof(buffer) - total)) > 0)
		total += n;
	pthread_join(thread, NULL);
	printf("%s: wrote %ld, read %ld, %s\n", name, transfer->result, total,
		memcmp(buffer, pattern, total < LONG ? total : LONG) == 0 ? "the same" : "DIFFERENT");
	close(fd);
}

static void pipes(void)
{
	int fds[2];

	for (int how = 0; how < 2; how++) {
		if (pipe(fds) == 0)
			read_all(how ? "writev to a pipe" : "write to a pipe", fds[0], &(struct transfer){ fds[1], how, 0 });
	}
}

static void sockets(void)
{
	static const char *const names[] = { "write", "writev", "send" };
	int fds[2];

	for (int how = 0; how < 3; how++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0)
			read_all(names[how], fds[0], &(struct transfer){ fds[1], how, 0 });
	}
}

static void *echo(void *argument)
{
	int listener = *(int *)argument, fd = accept(listener, NULL, NULL);
	char buffer[3000];
	ssize_t n;

	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		send(fd, buffer, n, 0);
	close(fd);
	return NULL;
}

static void *send_pattern(void *argument)
{
	send(*(int *)argument, pattern, 300000, 0);
	return NULL;
}

static void tcp(void)
{
	static unsigned char buffer[300000];
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t server, sender;

	SHOW(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	SHOW(listen(listener, 1));
	SHOW(getsockname(listener, (struct sockaddr *)&address, &size));
	pthread_create(&server, NULL, echo, &listener);
	SHOW(connect(fd, (struct sockaddr *)&address, size));
	pthread_create(&sender, NULL, send_pattern, &fd);
	SHOW(recv(fd, buffer, sizeof(buffer), MSG_WAITALL));
	CHECK(memcmp(buffer, pattern, sizeof(buffer)) == 0);
	pthread_join(sender, NULL);
	shutdown(fd, SHUT_WR);
	SHOW(recv(fd, buffer, 10, 0));
	pthread_join(server, NULL);
	close(fd);
	close(listener);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	SHOW(connect(fd, (struct sockaddr *)&address, size)); /* there is no listener any more */
	close(fd);
}

static void *late_byte(void *argument)
{
	nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	return write(*(int *)argument, "z", 1) == 1 ? NULL : argument;
}

static void timeouts(void)
{
	struct timeval limit = { 0, 5000 }, zero = { 0, 0 };
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fds[2], epoll = epoll_create1(0);
	pthread_t thread;
	char byte;
	fd_set set;

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0);
	SHOW(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	SHOW(recv(fds[0], &byte, 1, 0));
	SHOW(read(fds[0], &byte, 1));
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	SHOW(select(fds[0] + 1, &set, NULL, NULL, &limit));
	CHECK(limit.tv_sec == 0 && limit.tv_usec == 0);
	CHECK(!FD_ISSET(fds[0], &set));
	FD_SET(fds[0], &set);
	pthread_create(&thread, NULL, late_byte, &fds[1]);
	SHOW(select(fds[0] + 1, &set, NULL, NULL, NULL));
	CHECK(FD_ISSET(fds[0], &set));
	pthread_join(thread, NULL);
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
	SHOW(epoll_wait(epoll, &event, 1, 5));
	SHOW(epoll_wait(epoll, &event, 1, 5)); /* edge-triggered: told once */
	SHOW(read(fds[0], &byte, 1));
	pthread_create(&thread, NULL, late_byte, &fds[1]);
	SHOW(epoll_wait(epoll, &event, 1, -1));
	pthread_join(thread, NULL);
	SHOW(select(0, NULL, NULL, NULL, &zero));
	/* within the 64 descriptors that each table has: what lies past the table is not looked at (fs/select.c) */
	FD_SET(63, &set);
	SHOW(select(64, &set, NULL, NULL, &zero));
	close(fds[0]);
	close(fds[1]);
	close(epoll);
}

static void made_up_files(void)
{
	char text[4096] = "", path[64];
	unsigned long start, end, here = (unsigned long)&made_up_files;
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps && fgets(text, sizeof(text), maps))
		found |= sscanf(text, "%lx-%lx r-x", &start, &end) == 2 && here >= start && here < end;
	CHECK(found);
	if (maps)
		fclose(maps);
	int fd = open("/proc/self/cmdline", O_RDONLY);
	CHECK(read(fd, text, sizeof(text)) > 0 && strstr(text, "streams"));
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/exe", getpid());
	CHECK(readlink(path, text, sizeof(text)) > 0 && strstr(text, "streams") && !strstr(text, "tick86-"));
	CHECK(readlink("/proc/self/exe", path, 5) == 5);
	SHOW(open("/proc/self/maps", O_RDONLY | O_DIRECTORY));
	fd = open("/dev/urandom", O_RDONLY);
	SHOW(read(fd, text, 100));
	close(fd);
}

int main(void)
{
	for (int i = 0; i < LONG; i++)
		pattern[i] = (unsigned char)(i * 7 + i / 251);
	pipes();
	sockets();
	tcp();
	timeouts();
	made_up_files();
	return 0;
}
