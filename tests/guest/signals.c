/* Handlers: what sigaction's flags do, the alternate stack, nesting, altered contexts, and default actions. */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "show.h"

static volatile sig_atomic_t depth, deepest, calls;
static char alternate[65536];

static void set_handler(int signal, void (*handler)(int, siginfo_t *, void *), int flags, int blocked)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	sigemptyset(&action.sa_mask);
	if (blocked != 0)
		sigaddset(&action.sa_mask, blocked);
	sigaction(signal, &action, NULL);
}

static void count(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info, (void)context;
	calls++;
}

static void nest(int signal, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	calls++;
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (calls < 5)
		raise(signal);
	depth--;
}

static void show_info(int signal, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	printf("handler: signal %d code %d from self %d uid %d value %d\n", signal, info->si_code, info->si_pid == getpid(), info->si_uid,
		info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
	CHECK(sigismember(&c->uc_sigmask, SIGUSR2) == 0);
}

static void where(int signal, siginfo_t *info, void *context)
{
	char here;
	stack_t now;

	(void)signal, (void)info, (void)context;
	sigaltstack(NULL, &now);
	printf("on alternate stack: %d, flags %d\n", &here >= alternate && &here < alternate + sizeof(alternate), now.ss_flags);
	SHOW(sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL));
}

static void change_context(int signal, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal, (void)info;
	r[REG_RIP] += 2; /* over the UD2 */
	r[REG_RAX] = 4711;
	r[REG_EFL] |= 1;
	((ucontext_t *)context)->uc_mcontext.fpregs->_xmm[7].element[0] = 99;
}

static void flags(void)
{
	struct sigaction now;

	set_handler(SIGUSR1, nest, 0, 0);
	raise(SIGUSR1);
	printf("blocked while handled: calls %d deepest %d\n", calls, deepest);
	calls = deepest = 0;
	set_handler(SIGUSR1, nest, SA_NODEFER, 0);
	raise(SIGUSR1);
	printf("SA_NODEFER: calls %d deepest %d\n", calls, deepest);
	calls = 0;
	set_handler(SIGUSR1, count, SA_RESETHAND, 0);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &now);
	printf("SA_RESETHAND: calls %d, default now %d\n", calls, now.sa_handler == SIG_DFL);
	signal(SIGUSR1, SIG_IGN);
	SHOW(raise(SIGUSR1));
	SHOW(sigaction(SIGKILL, &now, NULL));
	SHOW(sigaction(65, &now, NULL));
	set_handler(SIGUSR2, show_info, SA_RESTART, SIGHUP);
	sigaction(SIGUSR2, NULL, &now);
	printf("flags %#x, SIGHUP blocked %d, SIGINT blocked %d\n", now.sa_flags & ~0x04000000, /* SA_RESTORER */
		sigismember(&now.sa_mask, SIGHUP), sigismember(&now.sa_mask, SIGINT));
}

static void information(void)
{
	set_handler(SIGUSR1, show_info, 0, 0);
	SHOW(raise(SIGUSR1));
	SHOW(kill(getpid(), SIGUSR1));
	SHOW(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 77 }));
	SHOW(kill(getpid(), 0));
	SHOW(kill(getpid(), 65));
	SHOW(kill(999999999, 0));
}

static int by_descriptor(int fd, int number, siginfo_t *info, unsigned flags)
{
	return (int)syscall(SYS_pidfd_send_signal, fd, number, info, flags);
}

static void information_by_descriptor(void)
{
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
	char path[32];
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0), directory, status;
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d", getpid());
	directory = open(path, O_RDONLY | O_DIRECTORY);
	info.si_value.sival_int = 78;
	SHOW(by_descriptor(pidfd, SIGUSR1, NULL, 0));
	SHOW(by_descriptor(directory, SIGUSR1, NULL, 0));
	SHOW(by_descriptor(pidfd, SIGUSR1, &info, 0));
	SHOW(by_descriptor(pidfd, SIGUSR2, &info, 0));
	SHOW(by_descriptor(pidfd, 65, NULL, 0));
	SHOW(by_descriptor(pidfd, 0, NULL, 1 << 20));
	SHOW(by_descriptor(STDIN_FILENO, SIGUSR1, NULL, 0));
	SHOW(by_descriptor(-1, SIGUSR1, NULL, 0));
	close(pidfd);
	close(directory);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	SHOW(by_descriptor(pidfd, SIGTERM, NULL, 0));
	CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	SHOW(by_descriptor(pidfd, SIGTERM, NULL, 0));
	close(pidfd);
}

static void alternate_stack(void)
{
	SHOW(sigaltstack(&(stack_t){ .ss_sp = alternate, .ss_size = 100 }, NULL));
	SHOW(sigaltstack(&(stack_t){ .ss_sp = alternate, .ss_size = sizeof(alternate), .ss_flags = 77 }, NULL));
	SHOW(sigaltstack(&(stack_t){ .ss_sp = alternate, .ss_size = sizeof(alternate) }, NULL));
	set_handler(SIGUSR1, where, SA_ONSTACK, 0);
	raise(SIGUSR1);
	set_handler(SIGUSR1, where, 0, 0);
	raise(SIGUSR1);
}

static void altered_context(void)
{
	long a = 1, x = 5;
	unsigned char carry;

	set_handler(SIGILL, change_context, 0, 0);
	__asm__ volatile("movq %2, %%xmm7\n\tclc\n\tud2\n\tsetc %1\n\tmovq %%xmm7, %2" : "+a"(a), "=q"(carry), "+r"(x) : : "xmm7", "cc");
	printf("after UD2: rax %ld carry %d xmm7 %ld\n", a, carry, x);
}

static sigjmp_buf back;

static void overflow_handler(int signal, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	printf("stack overflow: signal %d\n", signal);
	siglongjmp(back, 1);
}

static volatile int without_end = 1;

static int __attribute__((noinline)) recurse(volatile char *outer)
{
	volatile char frame[4096];

	frame[0] = *outer;
	return without_end ? recurse(frame) + frame[0] : 0;
}

static void stack_overflow(void)
{
	char start = 0;

	set_handler(SIGSEGV, overflow_handler, SA_ONSTACK, 0);
	if (sigsetjmp(back, 1) == 0)
		recurse(&start);
	signal(SIGSEGV, SIG_DFL);
}

/* How a child that gets a signal in its default state ends. */
static void default_action(int signal)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		raise(signal);
		_exit(3);
	}
	waitpid(child, &status, WUNTRACED);
	printf("signal %d: ", signal);
	if (WIFSTOPPED(status)) {
		printf("stopped by %d, ", WSTOPSIG(status));
		kill(child, SIGCONT);
		waitpid(child, &status, 0);
	}
	if (WIFSIGNALED(status))
		printf("killed by %d\n", WTERMSIG(status));
	else
		printf("exit status %d\n", WEXITSTATUS(status));
}

static void interrupted_read(int flags)
{
	int fds[2];
	char byte = 0;

	calls = 0;
	if (pipe(fds) != 0)
		return;
	set_handler(SIGALRM, count, flags, 0);
	if (fork() == 0) { /* writes after the first alarm, for the read that goes on */
		usleep(60000);
		_exit(write(fds[1], "x", 1) != 1);
	}
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 10000, .it_interval.tv_usec = 10000 }, NULL);
	SHOW(read(fds[0], &byte, 1));
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	printf("byte %d, handler called %d\n", byte, calls > 0);
	wait(NULL);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	flags();
	information();
	information_by_descriptor();
	alternate_stack();
	altered_context();
	stack_overflow();
	interrupted_read(SA_RESTART);
	interrupted_read(0);
	default_action(SIGTERM);
	default_action(SIGKILL);
	default_action(SIGCHLD);
	default_action(SIGSTOP);
	default_action(SIGTSTP);
	default_action(SIGURG);
	default_action(SIGRTMAX - 3);
	raise(SIGUSR2);
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM); /* so that the test itself ends by a signal */
	return 0;
}
