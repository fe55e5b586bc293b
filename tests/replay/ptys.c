/* A new session on a pseudo-terminal: job control, a foreground group, signals that the terminal sends, its window's size. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "hard.h"

static volatile sig_atomic_t resized;

static void resize(int number)
{
	(void)number;
	resized = 1;
}

static void in_session(const char *terminal)
{
	struct winsize size;
	char line[64];
	pid_t job;
	int status, fd;

	setsid();
	fd = open(terminal, O_RDWR);
	must(fd >= 0, "open of the terminal");
	ioctl(fd, TIOCSCTTY, 0);
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	setbuf(stdout, NULL);
	signal(SIGWINCH, resize);
	signal(SIGTTOU, SIG_IGN);
	printf("terminal %d\n", isatty(0));
	job = fork();
	if (job == 0) {
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		printf("job\n");
		for (volatile uint64_t count = 0;; count++)
			;
	}
	setpgid(job, job);
	must(waitpid(job, &status, WUNTRACED) == job, "waitpid");
	printf("stopped %d by %d\n", WIFSTOPPED(status), WSTOPSIG(status));
	tcsetpgrp(0, getpgrp());
	tcsetpgrp(0, job);
	kill(-job, SIGCONT);
	printf("continued\n");
	must(waitpid(job, &status, 0) == job, "waitpid");
	printf("ended %#x\n", status);
	tcsetpgrp(0, getpgrp());
	while (!resized)
		usleep(1000);
	ioctl(0, TIOCGWINSZ, &size);
	printf("size %d %d\n", size.ws_row, size.ws_col);
	if (fgets(line, sizeof(line), stdin))
		printf("read: %s", line);
	_exit(3);
}

/* Reads until the text has come, and repeats what was read. */
static void expect(int master, const char *text)
{
	static char seen[4096];
	static size_t used, begin;

	while (!strstr(seen + begin, text)) {
		ssize_t got = read(master, seen + used, sizeof(seen) - 1 - used);

		if (got <= 0)
			break;
		used += (size_t)got;
		seen[used] = 0;
	}
	begin = used;
}

int main(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), status;
	pid_t child;

	setbuf(stdout, NULL);
	must(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "posix_openpt");
	child = fork();
	if (child == 0)
		in_session(ptsname(master));
	expect(master, "job\r\n");
	must(write(master, "\032", 1) == 1, "Ctrl-Z");
	expect(master, "continued");
	must(write(master, "\003", 1) == 1, "Ctrl-C");
	expect(master, "ended");
	ioctl(master, TIOCSWINSZ, &(struct winsize){ .ws_row = 33, .ws_col = 77 });
	expect(master, "size 33 77");
	must(write(master, "a line\n", 7) == 7, "a line");
	expect(master, "read: a line");
	must(waitpid(child, &status, 0) == child, "waitpid");
	printf("session ended %#x\n", status);
	return 5;
}
