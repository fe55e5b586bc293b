/* clone3(2): sizes of its structure, arguments that do not go together, and handlers that the child does not get. */
/* tests/guest.test: --serial */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

struct arguments {
	unsigned long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
	unsigned char later[8000];
};

static struct arguments given;
static char stack[16384];

/* The child ends at once. */
static int make(unsigned long size)
{
	long pid = syscall(435, &given, size);

	if (pid == 0)
		_exit(7);
	if (pid > 0) {
		int status = 0;

		waitpid((pid_t)pid, &status, __WALL);
		return WEXITSTATUS(status);
	}
	return -1;
}

static void begin(unsigned long flags, unsigned long exit_signal)
{
	memset(&given, 0, sizeof(given));
	given.flags = flags;
	given.exit_signal = exit_signal;
}

/* Ids that cannot be anybody's. */
static void chosen_ids(void)
{
	static const int wrong[] = { 0, -1, 1 << 30 };

	for (int k = 0; k < 3; k++) {
		begin(0, SIGCHLD);
		given.set_tid = (unsigned long)&wrong[k];
		given.set_tid_size = 1;
		SHOW(make(88));
		given.flags = CLONE_SIGHAND;
		SHOW(make(88));
	}
	begin(0, SIGCHLD);
	given.set_tid = 8;
	given.set_tid_size = 1;
	SHOW(make(88));
	given.stack_size = 4096;
	SHOW(make(88));
	given.exit_signal = 65;
	SHOW(make(88));
}

static void handler(int signal)
{
	(void)signal;
}

/* CLONE_CLEAR_SIGHAND: handlers are gone in the child, what is ignored stays so, and the parent keeps its own. */
static void cleared_handlers(void)
{
	struct sigaction action;
	int status = 0;
	long pid;

	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	begin(0x100000000, SIGCHLD);
	pid = syscall(435, &given, 88);
	if (pid == 0) {
		sigaction(SIGUSR1, NULL, &action);
		CHECK(action.sa_handler == SIG_DFL && action.sa_flags == 0);
		sigaction(SIGUSR2, NULL, &action);
		CHECK(action.sa_handler == SIG_IGN);
		raise(SIGUSR1);
		_exit(0);
	}
	waitpid((pid_t)pid, &status, 0);
	SUCCEEDS(pid);
	SHOW(WTERMSIG(status));
	sigaction(SIGUSR1, NULL, &action);
	CHECK(action.sa_handler == handler);
	begin(0x100000000 | CLONE_SIGHAND | CLONE_VM, SIGCHLD);
	SHOW(make(88));
}

/* clone(2) does not look at addresses that its flags do not ask for. */
static void unused_addresses(void)
{
	int status = 0;
	long pid = syscall(SYS_clone, SIGCHLD, 0L, -1L, -1L, -1L);

	if (pid == 0)
		_exit(3);
	SHOW(waitpid((pid_t)pid, &status, 0) == pid);
	SHOW(WEXITSTATUS(status));
}

int main(void)
{
	begin(0, SIGCHLD);
	SHOW(make(63));
	SHOW(make(64));
	SHOW(make(88));
	SHOW(make(200));
	SHOW(make(4096));
	SHOW(make(4097));
	given.later[50] = 1;
	SHOW(make(200));
	SHOW(make(120));
	begin(0, 0);
	SHOW(make(88));
	begin(0, 65);
	SHOW(make(88));
	begin(CLONE_PARENT, SIGCHLD);
	SHOW(make(88));
	begin(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, SIGCHLD);
	SHOW(make(88));
	begin(CLONE_THREAD, 0);
	SHOW(make(88));
	begin(CLONE_SIGHAND, SIGCHLD);
	SHOW(make(88));
	begin(0, SIGCHLD);
	given.stack = (unsigned long)stack;
	SHOW(make(88));
	begin(0, SIGCHLD);
	given.stack_size = sizeof(stack);
	SHOW(make(88));
	begin(0, SIGCHLD);
	given.set_tid_size = 1;
	SHOW(make(88));
	begin(0, SIGCHLD);
	given.set_tid = (unsigned long)stack;
	SHOW(make(88));
	begin(0, SIGCHLD);
	given.set_tid = (unsigned long)stack;
	given.set_tid_size = 33;
	SHOW(make(88));
	chosen_ids();
	cleared_handlers();
	unused_addresses();
	SHOW(syscall(435, 8L, 88L));
	return 0;
}
