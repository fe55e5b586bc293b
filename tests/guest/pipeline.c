/* Pipes between processes: order, blocking, end of file, SIGPIPE, many stages, non-blocking ends. */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

/* Start a stage that adds one to every byte; returns where its output comes from. */
static int add_stage(int input)
{
	int fds[2];
	unsigned char buffer[1000];
	ssize_t n;

	if (pipe(fds) != 0)
		exit(1);
	if (fork() != 0) {
		close(fds[1]);
		close(input);
		return fds[0];
	}
	close(fds[0]);
	while ((n = read(input, buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			buffer[i]++;
		if (write(fds[1], buffer, n) != n)
			_exit(2);
	}
	_exit(0);
}

static void stages(int count, long size)
{
	int fds[2], status;
	unsigned char buffer[4096];
	long total = 0, sum = 0;
	ssize_t n;

	if (pipe(fds) != 0)
		return;
	if (fork() == 0) {
		close(fds[0]);
		memset(buffer, 5, sizeof(buffer));
		for (long left = size; left > 0; left -= n) {
			n = write(fds[1], buffer, left < (long)sizeof(buffer) ? left : (long)sizeof(buffer));
			if (n <= 0)
				_exit(1);
		}
		_exit(0);
	}
	close(fds[1]);
	for (int i = 0; i < count; i++)
		fds[0] = add_stage(fds[0]);
	while ((n = read(fds[0], buffer, sizeof(buffer))) > 0) {
		total += n;
		for (ssize_t i = 0; i < n; i++)
			sum += buffer[i];
	}
	close(fds[0]);
	printf("%d stages: %ld bytes, sum %ld\n", count, total, sum);
	while (wait(&status) > 0)
		if (status != 0)
			printf("stage's status %#x\n", status);
}

static void edges(void)
{
	int fds[2], available;
	char buffer[70000];

	SHOW(pipe2(fds, O_NONBLOCK | O_CLOEXEC));
	SHOW(read(fds[0], buffer, 1));
	memset(buffer, 'a', sizeof(buffer));
	SHOW(write(fds[1], buffer, sizeof(buffer)));
	SHOW(write(fds[1], buffer, 1));
	SHOW(ioctl(fds[0], FIONREAD, &available));
	printf("available %d\n", available);
	SHOW(fcntl(fds[0], F_GETPIPE_SZ));
	SHOW(fcntl(fds[0], F_SETPIPE_SZ, 1 << 17));
	SHOW(write(fds[1], buffer, 10));
	close(fds[1]);
	SHOW(read(fds[0], buffer, sizeof(buffer)));
	SHOW(read(fds[0], buffer, sizeof(buffer)));
	SHOW(lseek(fds[0], 0, SEEK_SET));
	close(fds[0]);
	SHOW(pipe2(fds, 0x12345678));
	SHOW(pipe(fds));
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	SHOW(write(fds[1], "x", 1));
	SHOW(read(fds[1], buffer, 1));
	signal(SIGPIPE, SIG_DFL);
	if (fork() == 0) {
		if (write(fds[1], "x", 1) == 1)
			_exit(0);
		_exit(1);
	}
	wait(&available);
	printf("writer's status %#x\n", available);
}

int main(void)
{
	stages(0, 100000);
	stages(1, 200000);
	stages(5, 150000);
	edges();
	return 0;
}
