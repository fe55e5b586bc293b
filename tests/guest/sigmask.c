/* Masks: blocking, pending, order of delivery, sigsuspend, sigwait, masks across longjmp, fork and exec. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

static void handler(int signal)
{
	printf("handled %d\n", signal < 32 ? signal : signal - SIGRTMIN + 100);
}

static void show_value(int signal, siginfo_t *info, void *context)
{
	(void)context;
	printf("queued %d value %d\n", signal - SIGRTMIN, info->si_value.sival_int);
}

static sigset_t set_of(int first, int second)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, first);
	if (second != 0)
		sigaddset(&set, second);
	return set;
}

static int pending(int signal)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, signal);
}

static int blocked(int signal)
{
	sigset_t set;

	sigprocmask(SIG_SETMASK, NULL, &set);
	return sigismember(&set, signal);
}

static void block_and_release(void)
{
	sigset_t both = set_of(SIGUSR1, SIGUSR2), all;

	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	SHOW(sigprocmask(SIG_BLOCK, &both, NULL));
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR1);
	CHECK(pending(SIGUSR1) && pending(SIGUSR2));
	puts("release");
	sigprocmask(SIG_UNBLOCK, &both, NULL);
	CHECK(!pending(SIGUSR1));
	SHOW(sigprocmask(77, &both, NULL));
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	CHECK(!blocked(SIGKILL) && !blocked(SIGSTOP) && blocked(SIGTERM));
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigprocmask(SIG_BLOCK, &both, NULL);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN); /* ignoring discards what is pending */
	CHECK(!pending(SIGUSR1));
	signal(SIGUSR1, handler);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static void real_time_queue(void)
{
	struct sigaction action = { .sa_sigaction = show_value, .sa_flags = SA_SIGINFO };
	sigset_t both = set_of(SIGRTMIN, SIGRTMIN + 1);

	sigfillset(&action.sa_mask);
	sigaction(SIGRTMIN, &action, NULL);
	sigaction(SIGRTMIN + 1, &action, NULL);
	sigprocmask(SIG_BLOCK, &both, NULL);
	for (int i = 0; i < 3; i++) {
		sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 10 + i });
		sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i });
	}
	sigprocmask(SIG_UNBLOCK, &both, NULL);
}

static void waiting(void)
{
	sigset_t usr1 = set_of(SIGUSR1, 0), old, none;
	siginfo_t info;
	int signal;

	sigprocmask(SIG_BLOCK, &usr1, &old);
	sigemptyset(&none);
	raise(SIGUSR1);
	SHOW(sigsuspend(&none));
	CHECK(blocked(SIGUSR1));
	raise(SIGUSR1);
	SHOW(sigwait(&usr1, &signal));
	CHECK(signal == SIGUSR1);
	sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 5 });
	CHECK(sigwaitinfo(&usr1, &info) == SIGUSR1 && info.si_value.sival_int == 5);
	SHOW(sigtimedwait(&usr1, &info, &(struct timespec){ .tv_nsec = 5000000 }));
	SHOW(sigtimedwait(&usr1, &info, &(struct timespec){ .tv_nsec = -1 }));
	if (fork() == 0) {
		usleep(10000);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	CHECK(sigwaitinfo(&usr1, &info) == SIGUSR1);
	wait(NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static jmp_buf plain;
static sigjmp_buf with_mask;
static int which;

static void jump_out(int signal)
{
	(void)signal;
	if (which == 0)
		siglongjmp(with_mask, 1);
	longjmp(plain, 1);
}

static void jumping(void)
{
	sigset_t usr1 = set_of(SIGUSR1, 0);

	signal(SIGUSR1, jump_out);
	if (sigsetjmp(with_mask, 1) == 0)
		raise(SIGUSR1);
	CHECK(!blocked(SIGUSR1));
	which = 1;
	if (_setjmp(plain) == 0)
		raise(SIGUSR1);
	CHECK(blocked(SIGUSR1));
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
	signal(SIGUSR1, handler);
}

static void inherited(char *program)
{
	sigset_t usr2 = set_of(SIGUSR2, 0);
	int status;

	sigprocmask(SIG_BLOCK, &usr2, NULL);
	signal(SIGHUP, SIG_IGN);
	raise(SIGUSR2);
	if (fork() == 0) {
		CHECK(!pending(SIGUSR2)); /* a child starts with nothing pending */
		raise(SIGUSR2);
		execl(program, program, "child", NULL);
		_exit(1);
	}
	wait(&status);
	printf("child's status %d\n", WEXITSTATUS(status));
	sigprocmask(SIG_UNBLOCK, &usr2, NULL);
}

static int child(void)
{
	struct sigaction hup, usr1;

	sigaction(SIGHUP, NULL, &hup);
	sigaction(SIGUSR1, NULL, &usr1);
	CHECK(blocked(SIGUSR2) && pending(SIGUSR2));
	CHECK(hup.sa_handler == SIG_IGN && usr1.sa_handler == SIG_DFL);
	return 9;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return child();
	block_and_release();
	real_time_queue();
	waiting();
	jumping();
	inherited(argv[0]);
	return 0;
}
