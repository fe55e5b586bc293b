/* Processes whose parent has ended: whose children they are then, and that their ends are waited for. */
/* tests/guest.test: --serial */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { ORPHANS = 3 };

/* It stays until its parent has gone, so that it is an orphan, and then some more. */
static void be_orphan(pid_t parent, int number)
{
	while (getppid() == parent)
		usleep(1000);
	usleep(2000);
	_exit(number);
}

static void leave_orphans(void)
{
	pid_t self = getpid();

	for (int k = 1; k <= ORPHANS; k++)
		if (fork() == 0)
			be_orphan(self, k);
	_exit(0);
}

int main(void)
{
	int status, reaped = 0, sum = 0;

	SHOW(prctl(PR_SET_CHILD_SUBREAPER, 1));
	if (fork() == 0)
		leave_orphans();
	for (; wait(&status) > 0; reaped++)
		sum += WEXITSTATUS(status);
	printf("reaped %d, statuses' sum %d\n", reaped, sum);
	SHOW(prctl(PR_SET_CHILD_SUBREAPER, 0));
	if (fork() == 0)
		leave_orphans(); /* the parent is then a process outside the run */
	for (reaped = 0; wait(&status) > 0; reaped++)
		;
	printf("reaped %d\n", reaped);
}
