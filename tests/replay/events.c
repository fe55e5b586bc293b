/* A server and its clients on the loopback, with epoll, signalfd, timerfd and eventfd: which comes first is not said. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hard.h"

enum { CLIENTS = 4, REQUESTS = 12 };

static struct sockaddr_in address = { .sin_family = AF_INET };
static uint64_t sum;
static int running;

static void be_client(int client)
{
	char request[64], answer[64];
	uint64_t seen = 0;

	for (int k = 0; k < REQUESTS; k++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		ssize_t got;

		must(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
		snprintf(request, sizeof(request), "client %d request %d", client, k);
		must(send(fd, request, strlen(request), 0) > 0, "send");
		got = recv(fd, answer, sizeof(answer), MSG_WAITALL);
		for (ssize_t j = 0; j < got; j++)
			mix(&seen, (uint64_t)answer[j]);
		close(fd);
		if (k % 4 == client)
			usleep(700);
	}
	printf("client %d: %016lx\n", client, (unsigned long)seen);
	_exit(client);
}

static void serve(int listener)
{
	static uint64_t served;
	char request[64], answer[128];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ssize_t got;

	must(fd >= 0, "accept");
	got = recv(fd, request, sizeof(request), 0);
	for (ssize_t j = 0; j < got; j++)
		mix(&sum, (uint64_t)request[j]);
	snprintf(answer, sizeof(answer), "%lu at %ld: %.*s", (unsigned long)++served, (long)now_ns(), (int)got, request);
	must(write(fd, answer, strlen(answer)) > 0, "answer");
	close(fd);
}

static void reap(int signal_fd)
{
	struct signalfd_siginfo info;
	int status;

	must(read(signal_fd, &info, sizeof(info)) == sizeof(info), "signalfd");
	while (waitpid(-1, &status, WNOHANG) > 0) {
		mix(&sum, (uint64_t)status);
		running--;
	}
}

static void loop(int listener, int signal_fd, int timer, int event)
{
	int set = epoll_create1(0);
	const int fds[] = { listener, signal_fd, timer, event };
	uint64_t number;

	for (size_t k = 0; k < sizeof(fds) / sizeof(fds[0]); k++)
		epoll_ctl(set, EPOLL_CTL_ADD, fds[k], &(struct epoll_event){ .events = EPOLLIN, .data.fd = fds[k] });
	while (running > 0) {
		struct epoll_event came[4];
		int count = epoll_wait(set, came, 4, 1000);

		for (int k = 0; k < count; k++) {
			mix(&sum, (uint64_t)came[k].data.fd);
			if (came[k].data.fd == listener)
				serve(listener);
			else if (came[k].data.fd == signal_fd)
				reap(signal_fd);
			else if (read(came[k].data.fd, &number, sizeof(number)) == sizeof(number))
				mix(&sum, number);
			if (came[k].data.fd == timer)
				eventfd_write(event, (uint64_t)k + 1);
		}
	}
}

static void datagrams(void)
{
	int pair[2], fd, passed;
	struct sockaddr_in here = { .sin_family = AF_INET };
	socklen_t size = sizeof(here);
	char buffer[32] = "", control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec part = { buffer, sizeof(buffer) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0 && getsockname(fd, (struct sockaddr *)&here, &size) == 0, "bind");
	must(sendto(fd, "datagram", 8, 0, (struct sockaddr *)&here, sizeof(here)) == 8, "sendto");
	must(recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&here, &size) == 8, "recvfrom");
	printf("%s from port %s\n", buffer, here.sin_port ? "known" : "unknown");
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0, "socketpair");
	CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof(fd));
	must(sendmsg(pair[0], &message, 0) > 0 && recvmsg(pair[1], &message, 0) > 0, "a descriptor in a message");
	memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(passed));
	printf("descriptor passed: %d, %s\n", passed > fd, buffer);
}

int main(void)
{
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
	sigset_t children;

	setbuf(stdout, NULL);
	datagrams();
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 16) == 0, "listen");
	getsockname(listener, (struct sockaddr *)&address, &size);
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	timerfd_settime(timer, 0, &(struct itimerspec){ { 0, 1500000 }, { 0, 1000000 } }, NULL);
	for (running = 0; running < CLIENTS; running++)
		if (fork() == 0)
			be_client(running);
	loop(listener, signalfd(-1, &children, 0), timer, eventfd(0, 0));
	printf("server: %016lx\n", (unsigned long)sum);
}
