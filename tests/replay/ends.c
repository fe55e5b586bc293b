/* Processes that end otherwise than by themselves, or later than the first one: killed by a sibling in the middle of a loop, stopped
 * and continued, orphans, a daemon that outlives all. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hard.h"

enum { VICTIMS = 5 };

static void kill_in_loops(void)
{
	pid_t victim[VICTIMS];
	int status;

	for (int k = 0; k < VICTIMS; k++) {
		victim[k] = fork();
		if (victim[k] == 0)
			for (volatile uint64_t count = 0;; count++)
				if (count % 100000 == 0)
					usleep(10);
	}
	for (int k = 0; k < VICTIMS; k++) {
		usleep(800);
		kill(victim[k], SIGSTOP);
		must(waitpid(victim[k], &status, WUNTRACED) == victim[k] && WIFSTOPPED(status), "stopped");
		kill(victim[k], SIGCONT);
		kill(victim[k], k % 2 ? SIGKILL : SIGTERM);
		must(waitpid(victim[k], &status, 0) == victim[k], "killed");
		printf("victim %d: %#x\n", k, status);
	}
}

static void orphans(void)
{
	pid_t middle;
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	middle = fork();
	if (middle == 0) {
		for (int k = 0; k < 3; k++) {
			if (fork() == 0) {
				usleep(1000 * (3 - (useconds_t)k));
				_exit(10 + k);
			}
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		printf("reaped %#x\n", status);
}

/* It goes on after the first process has ended. */
static void daemonize(void)
{
	if (fork() > 0)
		return;
	setsid();
	if (fork() > 0)
		_exit(0);
	for (int k = 0; k < 5; k++) {
		usleep(3000);
		printf("daemon %d, now %ld\n", k, (long)now_ns());
	}
	_exit(9);
}

int main(void)
{
	setbuf(stdout, NULL);
	kill_in_loops();
	orphans();
	daemonize();
	printf("the first process ends\n");
	raise(SIGTERM);
}
