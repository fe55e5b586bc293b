/* Calls that Linux answers at once, by an error or of nothing, though what they are made on is not ready; and a few that wait. */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { HANGS_S = 10, WAITS_US = 60000, NOWAIT = 8 /* RWF_NOWAIT */, BAD_RWF = 0x10000, COPY = 040000 /* MSG_COPY */ };

static char bytes[70000];
static struct iovec four = { bytes, 4 }, none = { bytes, 0 };
static int ends[2] = { -1, -1 };
static char queue_name[32]; /* of this run alone */

static void begin(int seconds, int microseconds)
{
	struct itimerval limit = { .it_value = { seconds, microseconds } };

	setitimer(ITIMER_REAL, &limit, NULL);
}

/* A case is a child, so what it opens is gone after it; one that waits is ended by a signal. */
static void end_of(const char *text, pid_t child)
{
	int status;

	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s: waits\n", text);
}

#define CASE(SECONDS, MICROSECONDS, SETUP, CALL)      \
	do {                                          \
		pid_t child = fork();                 \
		if (child == 0) {                     \
			int fd = -1, other = -1;      \
			(void)other;                  \
			SETUP;                        \
			begin(SECONDS, MICROSECONDS); \
			SHOW(CALL);                   \
			_exit(fd == -2);              \
		}                                     \
		end_of(#CALL, child);                 \
	} while (0)

#define AT_ONCE(SETUP, CALL) CASE(HANGS_S, 0, SETUP, CALL)
#define WAITS(SETUP, CALL) CASE(0, WAITS_US, SETUP, CALL)

static void must(int result)
{
	if (result < 0)
		perror("setup");
}

static void a_pipe(void)
{
	must(pipe(ends));
}

static void a_pair(int type)
{
	must(socketpair(AF_UNIX, type, 0, ends));
}

static void fill(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (write(fd, bytes, 4096) > 0)
		;
	while (write(fd, bytes, 1) > 0)
		;
	fcntl(fd, F_SETFL, flags);
}

static void full_pipe(void)
{
	a_pipe();
	fill(ends[1]);
}

static void full_pair(int type)
{
	a_pair(type);
	fill(ends[0]);
}

static int full_eventfd(void)
{
	int fd = eventfd(0, 0);
	uint64_t most = UINT64_MAX - 1;

	must(write(fd, &most, sizeof(most)));
	return fd;
}

static int a_file(int flags)
{
	return open("/proc/self/exe", flags);
}

static int null(int flags)
{
	return open("/dev/null", flags);
}

static void of_nothing(void)
{
	AT_ONCE(a_pipe(), read(ends[0], bytes, 0));
	AT_ONCE(a_pipe(), readv(ends[0], &none, 1));
	AT_ONCE(a_pipe(), readv(ends[0], &four, 0));
	AT_ONCE(full_pipe(), write(ends[1], bytes, 0));
	AT_ONCE(full_pipe(), writev(ends[1], &none, 1));
	AT_ONCE(full_pipe(), vmsplice(ends[1], &four, 0, 0));
	AT_ONCE(a_pair(SOCK_STREAM), read(ends[0], bytes, 0));
	AT_ONCE(a_pair(SOCK_DGRAM), read(ends[0], bytes, 0));
	AT_ONCE(full_pair(SOCK_STREAM), write(ends[0], bytes, 0));
	AT_ONCE(full_pair(SOCK_DGRAM), writev(ends[0], &none, 1));
	AT_ONCE(fd = eventfd(0, 0), read(fd, bytes, 0));
	AT_ONCE(fd = eventfd(0, 0), readv(fd, &none, 1));
	AT_ONCE((a_pipe(), fd = null(O_WRONLY)), splice(ends[0], NULL, fd, NULL, 0, 0));
	AT_ONCE(must(openpty(&fd, &other, NULL, NULL, NULL)), read(other, bytes, 0));
	WAITS(a_pair(SOCK_STREAM), recv(ends[0], bytes, 0, 0));
	WAITS(full_pair(SOCK_DGRAM), write(ends[0], bytes, 0));
}

static void records(void)
{
	sigset_t set;
	uint64_t all = UINT64_MAX;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	AT_ONCE(fd = eventfd(0, 0), read(fd, bytes, 4));
	AT_ONCE(fd = eventfd(0, 0), readv(fd, &four, 1));
	AT_ONCE(fd = full_eventfd(), write(fd, bytes, 4));
	AT_ONCE(fd = full_eventfd(), write(fd, &all, sizeof(all)));
	AT_ONCE(fd = timerfd_create(CLOCK_MONOTONIC, 0), read(fd, bytes, 4));
	AT_ONCE(fd = timerfd_create(CLOCK_MONOTONIC, 0), write(fd, bytes, 8));
	AT_ONCE(fd = timerfd_create(CLOCK_MONOTONIC, 0), writev(fd, &four, 1));
	AT_ONCE(fd = signalfd(-1, &set, 0), read(fd, bytes, 127));
	AT_ONCE(fd = signalfd(-1, &set, 0), write(fd, bytes, 128));
	WAITS(fd = full_eventfd(), write(fd, "1234567", 8));
	WAITS(fd = eventfd(0, 0), read(fd, bytes, 8));
	WAITS(fd = signalfd(-1, &set, 0), read(fd, bytes, 128));
	WAITS(fd = inotify_init(), read(fd, bytes, 4));
}

static void what_cannot(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 1, .mq_msgsize = 8 };

	AT_ONCE(fd = epoll_create1(0), read(fd, bytes, 4));
	AT_ONCE(fd = epoll_create1(0), write(fd, bytes, 4));
	AT_ONCE(fd = (int)syscall(SYS_pidfd_open, getpid(), 0), read(fd, bytes, 4));
	AT_ONCE(fd = (int)syscall(SYS_pidfd_open, getpid(), 0), write(fd, bytes, 4));
	AT_ONCE(fd = inotify_init(), write(fd, bytes, 4));
	AT_ONCE(a_pipe(), read(ends[1], bytes, 4));
	AT_ONCE(a_pipe(), write(ends[0], bytes, 4));
	AT_ONCE(fd = open("/dev/random", O_WRONLY), write(fd, bytes, 4));
	AT_ONCE(fd = open("/dev/full", O_RDWR), write(fd, bytes, 4));
	/* a message queue's descriptor tells of the queue */
	AT_ONCE(fd = mq_open(queue_name, O_RDWR | O_CREAT, 0600, &attributes), read(fd, bytes, 200) > 0);
	AT_ONCE(fd = mq_open(queue_name, O_RDWR | O_CREAT, 0600, &attributes), write(fd, bytes, 4));
}

static void vectors(void)
{
	AT_ONCE(a_pipe(), readv(ends[0], &four, -1));
	AT_ONCE(a_pipe(), readv(ends[0], (void *)8, 1));
	AT_ONCE(a_pipe(), preadv(ends[0], &four, 1, 0));
	AT_ONCE(a_pipe(), pread(ends[0], bytes, 4, 0));
	AT_ONCE(full_pipe(), pwrite(ends[1], bytes, 4, 0));
	AT_ONCE(a_pipe(), syscall(SYS_preadv2, ends[0], &four, 1, -1L, -1L, BAD_RWF));
	AT_ONCE(a_pipe(), syscall(SYS_preadv2, ends[0], &none, 1, -1L, -1L, BAD_RWF));
	AT_ONCE(full_pipe(), syscall(SYS_pwritev2, ends[1], &four, 1, -1L, -1L, BAD_RWF));
	AT_ONCE(fd = epoll_create1(0), syscall(SYS_preadv2, fd, &four, 1, -1L, -1L, NOWAIT));
	WAITS(a_pipe(), syscall(SYS_preadv2, ends[0], &four, 1, -1L, -1L, 0));
}

static void splices(void)
{
	off_t offset = 0;

	AT_ONCE((fd = a_file(O_RDONLY), other = epoll_create1(0)), splice(fd, NULL, other, NULL, 1, 0));
	AT_ONCE((fd = a_file(O_RDONLY), other = epoll_create1(0)), sendfile(other, fd, &offset, 1));
	AT_ONCE((a_pipe(), fd = null(O_WRONLY)), sendfile(fd, ends[0], NULL, 4));
	AT_ONCE(a_pipe(), splice(ends[0], NULL, ends[1], NULL, 1, 0));
	AT_ONCE(a_pipe(), tee(ends[0], ends[1], 1, 0));
	AT_ONCE((a_pipe(), fd = null(O_WRONLY)), splice(ends[0], NULL, fd, NULL, 1, 0xff0));
	AT_ONCE((a_pipe(), fd = null(O_RDONLY)), splice(ends[0], NULL, fd, NULL, 1, 0));
	AT_ONCE((a_pipe(), fd = null(O_WRONLY)), tee(ends[0], fd, 1, 0));
	AT_ONCE((a_pair(SOCK_STREAM), fd = null(O_WRONLY)), splice(ends[0], NULL, fd, NULL, 1, 0));
	AT_ONCE((a_pair(SOCK_STREAM), fd = ends[0], a_pipe()), splice(fd, NULL, ends[0], NULL, 1, 0));
	AT_ONCE((a_pair(SOCK_STREAM), fd = ends[0], a_pipe()), splice(fd, NULL, ends[1], &offset, 1, 0));
	AT_ONCE((a_pair(SOCK_STREAM), fd = ends[0], a_pipe()), splice(fd, NULL, ends[1], NULL, 1, 0x80));
	AT_ONCE((full_pair(SOCK_STREAM), fd = ends[0], a_pipe()), sendfile(fd, ends[0], NULL, 4));
	AT_ONCE(full_pair(SOCK_STREAM), sendfile(ends[0], -1, NULL, 4));
	AT_ONCE(full_pipe(), sendfile(ends[1], -1, NULL, 4));
	AT_ONCE((full_pair(SOCK_STREAM), fd = ends[0], a_pipe(), close(ends[1])), splice(ends[0], NULL, fd, NULL, 4, 0));
	AT_ONCE((full_pair(SOCK_STREAM), fd = ends[0], a_pipe()), splice(ends[0], NULL, fd, NULL, 4, SPLICE_F_NONBLOCK));
	WAITS((full_pair(SOCK_STREAM), fd = ends[0], a_pipe(), must(write(ends[1], "a", 1))), splice(ends[0], NULL, fd, NULL, 4, 0));
	WAITS((full_pair(SOCK_STREAM), fd = a_file(O_RDONLY)), sendfile(ends[0], fd, NULL, 4));
	WAITS((full_pipe(), fd = a_file(O_RDONLY)), sendfile(ends[1], fd, NULL, 4));
	WAITS((a_pipe(), fd = null(O_WRONLY)), splice(ends[0], NULL, fd, NULL, 1, 0));
	WAITS((a_pair(SOCK_STREAM), fd = ends[0], a_pipe()), splice(fd, NULL, ends[1], NULL, 1, 0));
	WAITS(full_pipe(), vmsplice(ends[1], &four, 1, 0));
}

static void sockets(void)
{
	struct msghdr bad_vector = { .msg_iov = (void *)8, .msg_iovlen = 1 };
	struct sockaddr_in wrong = { .sin_family = AF_INET };

	AT_ONCE(fd = socket(AF_INET, SOCK_STREAM, 0), read(fd, bytes, 4));
	AT_ONCE(fd = socket(AF_INET, SOCK_STREAM, 0), accept(fd, NULL, NULL));
	AT_ONCE(a_pair(SOCK_STREAM), accept(ends[0], NULL, NULL));
	AT_ONCE(a_pair(SOCK_DGRAM), accept(ends[0], NULL, NULL));
	AT_ONCE((fd = socket(AF_INET, SOCK_STREAM, 0), listen(fd, 1)), accept4(fd, NULL, NULL, 1));
	AT_ONCE(a_pair(SOCK_STREAM), recv(ends[0], bytes, 4, MSG_OOB));
	AT_ONCE(a_pair(SOCK_DGRAM), recv(ends[0], bytes, 4, MSG_OOB));
	AT_ONCE(fd = socket(AF_INET, SOCK_DGRAM, 0), recv(fd, bytes, 4, MSG_ERRQUEUE));
	AT_ONCE(a_pair(SOCK_STREAM), recvmsg(ends[0], (void *)8, 0));
	AT_ONCE(a_pair(SOCK_STREAM), recvmsg(ends[0], &bad_vector, 0));
	AT_ONCE(a_pair(SOCK_STREAM), recvmmsg(ends[0], (void *)bytes, 0, 0, NULL));
	AT_ONCE(fd = socket(AF_UNIX, SOCK_STREAM, 0), connect(fd, (void *)&wrong, sizeof(wrong)));
	AT_ONCE(fd = socket(AF_UNIX, SOCK_DGRAM, 0), write(fd, bytes, 4));
	AT_ONCE((a_pair(SOCK_STREAM), shutdown(ends[0], SHUT_RD)), read(ends[0], bytes, 4));
	AT_ONCE(a_pair(SOCK_STREAM), recv(ends[0], bytes, 4, MSG_DONTWAIT | MSG_WAITALL));
	WAITS((fd = socket(AF_INET, SOCK_STREAM, 0), listen(fd, 1)), accept(fd, NULL, NULL));
}

static void queues(void)
{
	struct timespec bad = { 0, -1 };
	struct sembuf far = { 5, -1, 0 };

	AT_ONCE(fd = semget(IPC_PRIVATE, 1, 0600), (semop(fd, (void *)bytes, 0) | semctl(fd, 0, IPC_RMID)));
	AT_ONCE(fd = semget(IPC_PRIVATE, 1, 0600), (semop(fd, &far, 1) | semctl(fd, 0, IPC_RMID)));
	AT_ONCE(fd = msgget(IPC_PRIVATE, 0600), (msgrcv(fd, bytes, (size_t)-1, 0, 0) | msgctl(fd, IPC_RMID, NULL)));
	AT_ONCE(fd = msgget(IPC_PRIVATE, 0600), (msgrcv(fd, bytes, 4, 0, COPY) | msgctl(fd, IPC_RMID, NULL)));
	AT_ONCE(fd = msgget(IPC_PRIVATE, 0600), (msgsnd(fd, bytes, 4, 0) | msgctl(fd, IPC_RMID, NULL)));
	AT_ONCE(fd = mq_open(queue_name, O_RDWR), mq_receive(fd, bytes, 1, NULL));
	AT_ONCE(fd = mq_open(queue_name, O_WRONLY), mq_receive(fd, bytes, sizeof(bytes), NULL));
	AT_ONCE(fd = mq_open(queue_name, O_RDWR), mq_timedreceive(fd, bytes, sizeof(bytes), NULL, &bad));
	AT_ONCE((fd = mq_open(queue_name, O_RDWR), must(mq_send(fd, "full", 4, 0))), mq_send(fd, bytes, 9, 0));
	AT_ONCE(fd = mq_open(queue_name, O_RDWR | O_NONBLOCK), mq_send(fd, bytes, 4, 0));
	WAITS(fd = mq_open(queue_name, O_RDWR), mq_send(fd, bytes, 4, 0));
	AT_ONCE(fd = mq_open(queue_name, O_RDWR), mq_receive(fd, bytes, 8, NULL));
	WAITS(fd = mq_open(queue_name, O_RDWR), mq_receive(fd, bytes, 8, NULL));
	SHOW(mq_unlink(queue_name));
}

static void the_rest(void)
{
	struct timespec bad = { 0, -1 };
	struct flock nowhere = { .l_type = F_WRLCK, .l_whence = 9 };
	sigset_t set;

	sigemptyset(&set);
	AT_ONCE(fd = epoll_create1(0), epoll_wait(fd, (void *)bytes, 0, -1));
	AT_ONCE(fd = epoll_create1(0), epoll_wait(fd, (void *)-4096L, 1, -1));
	AT_ONCE(, ppoll(NULL, 0, &bad, NULL));
	AT_ONCE(, poll((void *)8, 1, -1));
	AT_ONCE(, select(-1, NULL, NULL, NULL, NULL));
	AT_ONCE(fd = open("lock", O_RDWR | O_CREAT, 0600), fcntl(fd, F_SETLKW, &nowhere));
	AT_ONCE(, waitid(9, 0, NULL, WEXITED));
	AT_ONCE(, waitpid(-1, NULL, 0x100000));
	AT_ONCE(, sigtimedwait(&set, NULL, &bad));
	AT_ONCE(mkfifo("fifo", 0600), open("fifo", O_WRONLY | O_NONBLOCK));
}

int main(void)
{
	snprintf(queue_name, sizeof(queue_name), "/tick86-errors-%d", (int)getpid());
	of_nothing();
	records();
	what_cannot();
	vectors();
	splices();
	sockets();
	queues();
	the_rest();
	return 0;
}
