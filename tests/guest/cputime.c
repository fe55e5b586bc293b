/* RLIMIT_CPU: SIGXCPU at the soft limit, which then grows by a second; SIGKILL at the hard one. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

static volatile sig_atomic_t soft_signals;

static void at_soft_limit(int signal, siginfo_t *info, void *context)
{
	struct rlimit limit;

	(void)context;
	getrlimit(RLIMIT_CPU, &limit);
	if (soft_signals++ == 0)
		printf("signal %d code %d, limit %ld %ld\n", signal, info->si_code, (long)limit.rlim_cur, (long)limit.rlim_max);
	fflush(stdout);
}

static void compute_until_killed(rlim_t soft, rlim_t hard, const char *name)
{
	struct rlimit limit = { soft, hard };
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		setrlimit(RLIMIT_CPU, &limit);
		for (;;)
			;
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	printf("%s: killed by %d\n", name, WTERMSIG(status));
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = at_soft_limit, .sa_flags = SA_SIGINFO };

	sigaction(SIGXCPU, &action, NULL);
	compute_until_killed(1, 2, "handled");
	signal(SIGXCPU, SIG_DFL);
	compute_until_killed(1, 5, "not handled");
	return 0;
}
