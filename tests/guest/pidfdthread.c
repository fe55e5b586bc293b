/* pidfds of threads: PIDFD_THREAD of pidfd_open(2), and the scopes of pidfd_send_signal(2), both since Linux 6.9. */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { THREAD = O_EXCL, TO_THREAD = 1, TO_PROCESS = 2, TO_GROUP = 4 };

static pthread_barrier_t begun;
static int tid, end_pipe[2];
static volatile int code, handled_by, value;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	code = info->si_code;
	value = info->si_value.sival_int;
	handled_by = (int)syscall(SYS_gettid);
}

static void *wait_for_end(void *unused)
{
	char byte;

	tid = (int)syscall(SYS_gettid);
	pthread_barrier_wait(&begun);
	while (read(end_pipe[0], &byte, 1) != 1)
		;
	return unused;
}

static long open_pidfd(int id, int flags)
{
	return syscall(SYS_pidfd_open, id, flags);
}

static int ready(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1 ? poll_fd.revents : 0;
}

/* Sends SIGUSR1, and waits until it was handled. */
static void send_by(int fd, siginfo_t *info, int flags)
{
	const struct timespec soon = { .tv_nsec = 1000000 };
	long result;

	handled_by = code = value = 0;
	errno = 0;
	result = syscall(SYS_pidfd_send_signal, fd, SIGUSR1, info, flags);
	printf("flags %d: %ld, errno %d", flags, result, errno);
	for (int tries = 0; result == 0 && !handled_by && tries < 1000; tries++)
		nanosleep(&soon, NULL);
	printf(", code %d, value %d, in the %s\n", code, value, handled_by == tid ? "thread" : handled_by ? "leader" : "kernel");
}

static void signals(int thread_fd, int process_fd)
{
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
	sigset_t set;

	info.si_pid = getpid();
	info.si_value.sival_int = 5;
	send_by(thread_fd, NULL, 0);
	send_by(thread_fd, NULL, TO_THREAD);
	send_by(process_fd, NULL, TO_THREAD);
	send_by(thread_fd, &info, 0);
	send_by(thread_fd, NULL, 8);
	send_by(thread_fd, NULL, TO_THREAD | TO_PROCESS);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL); /* so that the thread takes what is for the process */
	send_by(thread_fd, NULL, TO_PROCESS);
	send_by(process_fd, NULL, 0);
	send_by(process_fd, &info, TO_PROCESS);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	info.si_signo = SIGUSR2;
	send_by(thread_fd, &info, 0);
}

/* The group of a child that leads one gets the signal. */
static void groups(void)
{
	int fd, status = 0;
	pid_t child = fork();

	if (child == 0) {
		for (;;)
			pause();
	}
	SHOW(setpgid(child, child));
	fd = (int)open_pidfd(child, 0);
	SHOW(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, TO_GROUP));
	waitpid(child, &status, 0);
	printf("status %x\n", status);
	close(fd);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
	int fd, other, leader;
	pthread_t thread;
	siginfo_t info;

	pthread_barrier_init(&begun, NULL, 2);
	sigaction(SIGUSR1, &action, NULL);
	SHOW(pipe(end_pipe));
	pthread_create(&thread, NULL, wait_for_end, NULL);
	pthread_barrier_wait(&begun);
	SHOW(open_pidfd(tid, 0));
	SHOW(open_pidfd(tid, THREAD | 1));
	SUCCEEDS(fd = (int)open_pidfd(tid, THREAD | O_NONBLOCK));
	SUCCEEDS(other = (int)open_pidfd(tid, THREAD));
	SUCCEEDS(leader = (int)open_pidfd(getpid(), THREAD));
	if (fd < 0) { /* a kernel that has none */
		groups();
		return 0;
	}
	printf("flags %x, ready %x\n", fcntl(fd, F_GETFL) & (O_EXCL | O_NONBLOCK), ready(fd));
	signals(fd, leader);
	SUCCEEDS(syscall(SYS_pidfd_getfd, fd, 1, 0));
	SHOW(waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG));
	CHECK(write(end_pipe[1], "x", 1) == 1);
	pthread_join(thread, NULL);
	while (!ready(fd))
		;
	printf("ready %x %x, leader's %x\n", ready(fd), ready(other), ready(leader));
	SHOW(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0));
	groups();
	return 0;
}
