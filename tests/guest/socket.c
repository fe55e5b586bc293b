/* Sockets: pairs, Unix names, loopback TCP and UDP, descriptors passed along, options, errors. */
/* tests/guest.test: --serial */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

static void pairs(void)
{
	int ends[2];
	char text[100] = "";
	struct ucred peer;
	socklen_t size = sizeof(peer);

	SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	SHOW(send(ends[0], "hello", 5, 0));
	SHOW(recv(ends[1], text, sizeof(text), MSG_PEEK));
	SHOW(recv(ends[1], text, 3, 0));
	SHOW(read(ends[1], text + 3, sizeof(text) - 3));
	printf("'%s'\n", text);
	SHOW(recv(ends[1], text, sizeof(text), MSG_DONTWAIT));
	SHOW(getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &size));
	CHECK(peer.pid == getpid() && peer.uid == getuid());
	SHOW(shutdown(ends[0], SHUT_WR));
	SHOW(read(ends[1], text, sizeof(text)));
	SHOW(send(ends[0], "x", 1, MSG_NOSIGNAL));
	close(ends[0]);
	SHOW(send(ends[1], "x", 1, MSG_NOSIGNAL));
	close(ends[1]);
	SHOW(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	SHOW(write(ends[0], "packet one", 10));
	SHOW(write(ends[0], "two", 3));
	SHOW(recv(ends[1], text, 6, MSG_TRUNC));
	SHOW(recv(ends[1], text, sizeof(text), 0));
	SHOW(socketpair(AF_INET, SOCK_STREAM, 0, ends));
}

static void pass_descriptor(void)
{
	int ends[2], fds[2] = { -1, -1 };
	char control[CMSG_SPACE(2 * sizeof(int))] = "", text[4] = "";
	struct iovec data[2] = { { "ab", 2 }, { "c", 1 } }, into = { text, 3 };
	struct msghdr message = { .msg_iov = data, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0 || pipe(fds) != 0)
		return;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	SHOW(sendmsg(ends[0], &message, 0));
	memset(control, 0, sizeof(control));
	message.msg_iov = &into;
	message.msg_iovlen = 1;
	SHOW(recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC));
	printf("'%s' flags %#x\n", text, message.msg_flags);
	c = CMSG_FIRSTHDR(&message);
	CHECK(c != NULL && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(2 * sizeof(int)));
	memcpy(fds, CMSG_DATA(c), sizeof(fds));
	SHOW(write(fds[1], "pipe", 4));
	SHOW(read(fds[0], text, 4));
	SHOW(fcntl(fds[0], F_GETFD));
}

static void unix_names(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "name" }, peer;
	socklen_t size = sizeof(name);
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client, status;
	char text[20] = "";

	SHOW(bind(server, (struct sockaddr *)&name, sizeof(name)));
	SHOW(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof(name)));
	SHOW(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof(name)));
	SHOW(listen(server, 3));
	SHOW(getsockname(server, (struct sockaddr *)&peer, &size));
	printf("size %u family %u path '%s'\n", size, peer.sun_family, peer.sun_path);
	if (fork() == 0) {
		client = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(client, (struct sockaddr *)&name, sizeof(name)) != 0)
			_exit(1);
		_exit(write(client, "from the client", 15) != 15);
	}
	size = sizeof(peer);
	SUCCEEDS(client = accept4(server, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC)); /* waits */
	printf("size %u\n", size);
	SHOW(recv(client, text, 15, MSG_WAITALL));
	printf("'%s'\n", text);
	wait(&status);
	printf("client's status %d\n", status);
	fcntl(server, F_SETFL, O_NONBLOCK);
	SHOW(accept(server, NULL, NULL));
}

static void internet(int type)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, peer;
	socklen_t size = sizeof(name);
	int server = socket(AF_INET, type, 0), client = socket(AF_INET, type, 0), one = 1, option = 0;
	char text[2000];
	long total = 0;

	SHOW(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	SHOW(bind(server, (struct sockaddr *)&name, sizeof(name)));
	SHOW(getsockname(server, (struct sockaddr *)&name, &size));
	CHECK(name.sin_port != 0);
	SHOW(type == SOCK_STREAM ? listen(server, 1) : 0);
	SHOW(getpeername(client, (struct sockaddr *)&peer, &size));
	SHOW(connect(client, (struct sockaddr *)&name, sizeof(name)));
	memset(text, 'z', sizeof(text));
	if (type == SOCK_STREAM) {
		SUCCEEDS(server = accept(server, (struct sockaddr *)&peer, &size));
		SHOW(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
		size = sizeof(option);
		SHOW(getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &option, &size));
		printf("TCP_NODELAY %d\n", option);
		if (fork() == 0) {
			for (int i = 0; i < 200; i++)
				if (write(client, text, sizeof(text)) != sizeof(text))
					_exit(1);
			_exit(0);
		}
		close(client);
		for (ssize_t n; (n = read(server, text, sizeof(text))) > 0;)
			total += n;
		printf("received %ld\n", total);
		wait(NULL);
		return;
	}
	SHOW(send(client, "datagram", 8, 0));
	size = sizeof(peer);
	SHOW(recvfrom(server, text, sizeof(text), 0, (struct sockaddr *)&peer, &size));
	SHOW(sendto(server, "back", 4, 0, (struct sockaddr *)&peer, size));
	SHOW(poll(&(struct pollfd){ client, POLLIN, 0 }, 1, 1000));
	SHOW(read(client, text, sizeof(text)));
}

/* A name's place is looked at only for as much as there is of a name; then the call has been done. */
static void names_without_a_place(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *nowhere = (struct sockaddr *)-1;
	socklen_t size = sizeof(name);
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), accepted, pair[2];
	char text[8];

	SHOW(bind(server, (struct sockaddr *)&name, sizeof(name)) + listen(server, 2));
	SHOW(getsockname(server, nowhere, &size));
	size = 0;
	SHOW(getsockname(server, nowhere, &size));
	printf("length %u\n", size);
	size = -1;
	SHOW(getsockname(server, (struct sockaddr *)&name, &size));
	size = sizeof(name);
	SHOW(getsockname(server, (struct sockaddr *)&name, &size));
	SHOW(connect(client, (struct sockaddr *)&name, sizeof(name)));
	SHOW(accept(server, nowhere, &size));
	SHOW(fcntl(server, F_SETFL, O_NONBLOCK));
	SHOW(accept(server, NULL, NULL)); /* that one is gone */
	client = socket(AF_INET, SOCK_STREAM, 0);
	SHOW(connect(client, (struct sockaddr *)&name, sizeof(name)));
	SHOW(poll(&(struct pollfd){ server, POLLIN, 0 }, 1, 1000));
	SUCCEEDS(accepted = accept(server, NULL, NULL));
	SHOW(send(accepted, "abc", 3, 0));
	size = sizeof(name);
	SHOW(recvfrom(client, text, sizeof(text), 0, nowhere, &size)); /* TCP tells no name */
	printf("length %u\n", size);
	SHOW(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	SHOW(send(pair[0], "abc", 3, 0));
	size = sizeof(name);
	SHOW(recvfrom(pair[1], text, sizeof(text), 0, nowhere, &size));
	printf("length %u\n", size);
}

static void errors(void)
{
	struct sockaddr_in closed = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = 1 };
	int option;
	socklen_t size = sizeof(option);

	SHOW(socket(999, SOCK_STREAM, 0));
	SHOW(socket(AF_INET, 999, 0));
	SHOW(connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&closed, sizeof(closed)));
	SHOW(connect(0, (struct sockaddr *)&closed, sizeof(closed)) == -1 && errno != 0);
	SHOW(listen(99, 1));
	SHOW(getsockopt(socket(AF_INET, SOCK_STREAM, 0), SOL_SOCKET, SO_TYPE, &option, &size));
	printf("SO_TYPE %d\n", option);
	SHOW(getsockopt(99, SOL_SOCKET, SO_TYPE, &option, &size));
	SHOW(recv(socket(AF_INET, SOCK_STREAM, 0), &option, 1, 0));
}

/* MSG_FASTOPEN: a blocking socket is connected first, one that does not block says that it connects. */
static void sent_while_connecting(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), out = socket(AF_INET, SOCK_STREAM, 0), in;
	char text[8] = "";

	SHOW(bind(listener, (struct sockaddr *)&address, sizeof address));
	SHOW(listen(listener, 1));
	SHOW(getsockname(listener, (struct sockaddr *)&address, &size));
	SHOW(sendto(out, "early", 5, MSG_FASTOPEN, (struct sockaddr *)&address, size));
	in = accept(listener, NULL, NULL);
	SHOW(read(in, text, sizeof text));
	CHECK(strcmp(text, "early") == 0);
	close(in);
	close(out);
	close(listener);
	out = socket(AF_INET, SOCK_STREAM, 0);
	SHOW(sendto(out, "refused", 7, MSG_FASTOPEN, (struct sockaddr *)&address, size));
	close(out);
}

int main(void)
{
	pairs();
	pass_descriptor();
	unix_names();
	internet(SOCK_STREAM);
	internet(SOCK_DGRAM);
	names_without_a_place();
	sent_while_connecting();
	errors();
	return 0;
}
