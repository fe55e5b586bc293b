/* Children that die by SIGKILL, whatever they do and however it is sent: their parent then sleeps, polls and forks as before. */
/* tests/guest.test: --serial */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { PIDFD_SEND_SIGNAL = 424, PIDFD_OPEN = 434 };
enum { PAUSES, COMPUTES, SLEEPS, READS, DOINGS };
enum { BY_KILL, BY_QUEUE, BY_THREAD, BY_PIDFD, WAYS };
enum { WAITS_FOR_IT, WAITS_FOR_ANY, LOOKS, WAITS_BY_ID, ENDINGS };

static void be_killed(int doing)
{
	int ends[2];
	char byte;

	switch (doing) {
	case PAUSES: pause(); break;
	case COMPUTES:
		for (volatile int i = 0;; i++)
			;
	case SLEEPS: sleep(100); break;
	case READS:
		if (pipe(ends) == 0 && read(ends[0], &byte, 1) == 1)
			break;
	}
	_exit(1);
}

static void send_kill(int way, pid_t child)
{
	int pidfd;

	switch (way) {
	case BY_KILL: SHOW(kill(child, SIGKILL)); break;
	case BY_QUEUE: SHOW(sigqueue(child, SIGKILL, (union sigval){ .sival_int = 1 })); break;
	case BY_THREAD: SHOW(syscall(SYS_tgkill, child, child, SIGKILL)); break;
	case BY_PIDFD:
		pidfd = (int)syscall(PIDFD_OPEN, child, 0);
		SHOW(syscall(PIDFD_SEND_SIGNAL, pidfd, SIGKILL, NULL, 0));
		close(pidfd);
		break;
	}
}

static void wait_for(int ending, pid_t child)
{
	siginfo_t info = { 0 };
	int status = 0;

	switch (ending) {
	case WAITS_FOR_IT: CHECK(waitpid(child, &status, 0) == child); break;
	case WAITS_FOR_ANY: CHECK(wait(&status) == child); break;
	case LOOKS:
		while (waitpid(child, &status, WNOHANG) == 0)
			;
		break;
	case WAITS_BY_ID:
		CHECK(waitid(P_PID, (id_t)child, &info, WEXITED) == 0 && info.si_code == CLD_KILLED);
		status = info.si_status;
		break;
	}
	printf("status %#x\n", status);
}

static void go_on(void)
{
	SHOW(usleep(55000));
	SHOW(poll(NULL, 0, 20));
	if (fork() == 0)
		_exit(0);
	CHECK(wait(NULL) > 0);
	SHOW(usleep(1000));
}

static void kill_one(int doing, int way, int ending)
{
	pid_t child = fork();

	if (child == 0)
		be_killed(doing);
	usleep(10000);
	send_kill(way, child);
	wait_for(ending, child);
	go_on();
}

/* Before it has done anything, and with no look at it before the sleep. */
static void kill_at_once(void)
{
	pid_t child = fork();

	if (child == 0)
		be_killed(PAUSES);
	SHOW(kill(child, SIGKILL));
	SHOW(usleep(30000));
	wait_for(WAITS_FOR_IT, child);
}

int main(void)
{
	for (int doing = 0; doing < DOINGS; doing++)
		kill_one(doing, BY_KILL, WAITS_FOR_IT);
	for (int way = 0; way < WAYS; way++)
		kill_one(PAUSES, way, WAITS_FOR_IT);
	for (int ending = 0; ending < ENDINGS; ending++)
		kill_one(COMPUTES, BY_KILL, ending);
	kill_at_once();
	signal(SIGCHLD, SIG_IGN);
	kill_at_once();
	return 0;
}
