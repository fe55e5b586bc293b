/* Ids of threads and of other processes in system calls: kill, getpgid, priorities, queued signals, pidfds, affinity. */
/* tests/guest.test: --serial */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

static volatile int tid, stop;
static volatile int got, value, code;

static void take(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	got++;
	value = info->si_value.sival_int;
	code = info->si_code;
}

static void *wait_for_stop(void *unused)
{
	tid = (int)syscall(SYS_gettid);
	while (!stop)
		usleep(1000);
	return unused;
}

static long queue(int id, int how)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = SIGUSR1;
	info.si_code = how;
	info.si_value.sival_int = 777;
	return syscall(SYS_rt_sigqueueinfo, id, SIGUSR1, &info);
}

static void await_signals(int wanted)
{
	for (int i = 0; i < 2000 && got < wanted; i++)
		usleep(1000);
	printf("%d signals, the last with code %d value %d\n", got, code, value);
}

static void thread_of_this_process(void)
{
	struct sched_param parameter;
	cpu_set_t set;
	pthread_t thread;

	pthread_create(&thread, NULL, wait_for_stop, NULL);
	while (!tid)
		usleep(1000);
	SHOW(queue(tid, SI_QUEUE));
	await_signals(1);
	SHOW(queue(tid, SI_USER));
	SHOW(kill(tid, SIGUSR1));
	await_signals(2);
	SHOW(kill(tid, 0));
	CHECK(getpgid(tid) == getpgrp());
	CHECK(getsid(tid) == getsid(0));
	SHOW(setpgid(tid, 0));
	SHOW(getpriority(PRIO_PROCESS, tid));
	SHOW(syscall(SYS_sched_getscheduler, tid));
	SHOW(syscall(SYS_sched_getparam, tid, &parameter));
	SHOW(syscall(SYS_pidfd_open, tid, 0));
	SHOW(syscall(SYS_pidfd_open, -1, 0));
	SHOW(syscall(SYS_pidfd_open, getpid(), 0x40000000));
	SUCCEEDS(syscall(SYS_pidfd_open, getpid(), 0));
	CHECK(syscall(SYS_sched_getaffinity, tid, sizeof(set), &set) > 0);
	SHOW(syscall(SYS_sched_setaffinity, tid, sizeof(set), &set));
	stop = 1;
	pthread_join(thread, NULL);
}

static void child(void)
{
	cpu_set_t set;
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	CHECK(syscall(SYS_sched_getaffinity, pid, sizeof(set), &set) > 0);
	SHOW(syscall(SYS_sched_setaffinity, pid, sizeof(set), &set));
	memset(&set, 0, sizeof(set));
	SHOW(syscall(SYS_sched_setaffinity, pid, sizeof(set), &set));
	kill(pid, SIGTERM);
	SHOW(waitpid(pid, NULL, 0) == pid);
	SHOW(syscall(SYS_sched_getaffinity, pid, sizeof(set), &set));
	SHOW(kill(pid, 0));
}

int main(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = take;
	sigaction(SIGUSR1, &action, NULL);
	thread_of_this_process();
	child();
	return 0;
}
