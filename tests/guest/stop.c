/* Stopping and continuing: every stop signal, from within and from outside, and what waiting for it says. */
/* tests/guest.test: --serial */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_continue(int number)
{
	(void)number;
	write(1, "handler of SIGCONT\n", 19);
}

static void show_change(pid_t child, int options)
{
	int status;
	pid_t got = waitpid(child, &status, options);

	printf("child %s, status %#x\n", got == child ? "changed" : "did not change", got == child ? status : 0);
}

/* Only the child prints until it is stopped, and only the parent until the child is continued and has ended. */
static void stop_itself(int number)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		signal(SIGCONT, on_continue);
		raise(number);
		printf("goes on after signal %d\n", number);
		_exit(number);
	}
	show_change(child, WUNTRACED);
	kill(child, SIGCONT);
	waitpid(child, &status, 0);
	printf("ended with %#x\n", status);
}

static void stop_another(void)
{
	pid_t child = fork();
	siginfo_t info;

	if (child == 0)
		for (;;)
			;
	kill(child, SIGSTOP);
	waitid(P_PID, (id_t)child, &info, WSTOPPED);
	printf("code %d, status %d, right child %d\n", info.si_code, info.si_status, info.si_pid == child);
	kill(child, SIGTERM); /* waits until it is continued */
	show_change(child, WNOHANG);
	kill(child, SIGCONT);
	show_change(child, 0);
}

static void whole_group(void)
{
	pid_t child;

	setpgid(0, 0);
	child = fork();
	if (child == 0)
		for (;;)
			;
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	show_change(child, 0);
}

static void killed_while_waiting(void)
{
	pid_t child = fork();

	if (child == 0)
		pause();
	kill(child, SIGKILL);
	show_change(child, 0);
}

int main(void)
{
	setbuf(stdout, NULL);
	stop_itself(SIGSTOP);
	stop_itself(SIGTSTP);
	stop_itself(SIGTTIN);
	stop_itself(SIGTTOU);
	stop_another();
	killed_while_waiting();
	whole_group();
}
