/* Signals that answer a call: message queues (mq_notify), descriptors (O_ASYNC, F_SETSIG), CPU time. They are there when the call returns, or
 * come to the thread that runs. */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

static volatile sig_atomic_t came, code, value;

static void note(int number, siginfo_t *info, void *context)
{
	(void)context;
	came = number;
	code = info->si_code;
	value = info->si_value.sival_int;
}

static void handle(int number)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };

	sigaction(number, &action, NULL);
}

/* The signal that the last call brought. */
static void show_signal(void)
{
	printf("signal %d, code %d, value %d\n", came, code, code == SI_MESGQ ? value : 0);
	came = code = value = 0;
}

/* --- message queues ---------------------------------------------------------------------------------- */

static sem_t told;
static char queue_name[32];

static void tell(union sigval given)
{
	value = given.sival_int;
	sem_post(&told);
}

static void queues(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 4, .mq_msgsize = 8 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42 };
	char bytes[8];
	mqd_t queue;

	snprintf(queue_name, sizeof(queue_name), "/tick86-notify-%d", (int)getpid());
	mq_unlink(queue_name); /* one that a run left behind that was killed: guests' ids repeat */
	queue = mq_open(queue_name, O_CREAT | O_RDWR, 0600, &attributes);
	handle(SIGUSR1);
	SHOW(mq_notify(queue, &event));
	SHOW(mq_notify(queue, &event));
	SHOW(mq_send(queue, "a", 1, 0));
	show_signal();
	SHOW(mq_send(queue, "b", 1, 0)); /* only where the queue was empty, and once */
	show_signal();
	SHOW(mq_receive(queue, bytes, sizeof(bytes), NULL));
	SHOW(mq_receive(queue, bytes, sizeof(bytes), NULL));
	SHOW(mq_notify(queue, &event));
	if (fork() == 0) {
		SHOW(mq_notify(queue, &event));
		SHOW(mq_send(queue, "c", 1, 0));
		_exit(0);
	}
	while (wait(NULL) < 0)
		;
	show_signal();
	SHOW(mq_receive(queue, bytes, sizeof(bytes), NULL));
	event.sigev_notify = SIGEV_NONE;
	SHOW(mq_notify(queue, &event));
	SHOW(mq_send(queue, "d", 1, 0));
	show_signal();
	SHOW(mq_receive(queue, bytes, sizeof(bytes), NULL));
	sem_init(&told, 0, 0);
	event = (struct sigevent){ .sigev_notify = SIGEV_THREAD, .sigev_notify_function = tell, .sigev_value.sival_int = 43 };
	SHOW(mq_notify(queue, &event));
	SHOW(mq_send(queue, "e", 1, 0));
	SHOW(sem_wait(&told));
	printf("told %d\n", value);
	SHOW(mq_notify(queue, NULL));
	event.sigev_notify = 77;
	SHOW(mq_notify(queue, &event));
	event = (struct sigevent){ .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 100 };
	SHOW(mq_notify(queue, &event));
	SHOW(syscall(SYS_mq_notify, queue, 8L));
	SHOW(mq_unlink(queue_name));
}

/* --- descriptors ------------------------------------------------------------------------------------- */

static void descriptors(void)
{
	int ends[2], on = 1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return;
	handle(SIGIO);
	handle(SIGUSR2);
	SHOW(fcntl(ends[0], F_SETOWN, getpid()));
	SHOW(fcntl(ends[0], F_SETFL, O_ASYNC));
	came = 0;
	SHOW(write(ends[1], "a", 1));
	CHECK(came == SIGIO);
	came = 0;
	SHOW(fcntl(ends[0], F_SETSIG, SIGUSR2));
	SHOW(write(ends[1], "b", 1));
	CHECK(came == SIGUSR2 && code == POLL_IN);
	SHOW(fcntl(ends[0], F_SETFL, 0));
	came = 0;
	SHOW(write(ends[1], "c", 1));
	CHECK(came == 0);
	SHOW(ioctl(ends[0], FIOASYNC, &on));
	came = 0;
	SHOW(write(ends[1], "d", 1));
	CHECK(came == SIGUSR2);
}

/* --- CPU time ---------------------------------------------------------------------------------------- */

enum { ENOUGH = 6 };

static volatile int taken[2], taken_by_others;
static __thread int number = -1;

static void count(int signal_number)
{
	(void)signal_number;
	if (number < 0)
		taken_by_others++;
	else
		taken[number]++;
}

static void *work(void *argument)
{
	number = (int)(long)argument;
	while (taken[0] < ENOUGH || taken[1] < ENOUGH)
		;
	return NULL;
}

/* The timer's signals are shared out among the threads that use the time, and the one that waits gets none. */
static void cpu_time(int which, int signal_number)
{
	struct itimerval every = { { 0, 10000 }, { 0, 10000 } }, off = { 0 };
	struct sigaction action = { .sa_handler = count, .sa_flags = SA_RESTART };
	pthread_t thread[2];

	taken[0] = taken[1] = taken_by_others = 0;
	sigaction(signal_number, &action, NULL);
	SHOW(setitimer(which, &every, NULL));
	for (long i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, work, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	SHOW(setitimer(which, &off, NULL));
	CHECK(taken[0] >= ENOUGH && taken[1] >= ENOUGH);
	CHECK(taken_by_others <= 1);
}

/* --- the rest ---------------------------------------------------------------------------------------- */

static void interrupted_waits(void)
{
	struct itimerval soon = { .it_value = { 0, 20000 } };
	struct timespec length = { 0, 200000000 };

	SHOW(syscall(SYS_restart_syscall, 0, 0, 0, 0, 0));
	handle(SIGALRM);
	setitimer(ITIMER_REAL, &soon, NULL);
	SHOW(nanosleep(&length, NULL));
	SHOW(syscall(SYS_restart_syscall, 0, 0, 0, 0, 0));
}

static void bits_past_the_set(void)
{
	struct timeval none = { 0 };
	unsigned long set[2] = { ~0UL << 20, 5 };

	SHOW(select(20, (fd_set *)set, NULL, NULL, &none));
	printf("%lx %lx\n", set[0], set[1]);
	set[0] = 1UL << 63;
	SHOW(select(1, NULL, (fd_set *)set, NULL, &none));
	printf("%lx %lx\n", set[0], set[1]);
	SHOW(select(64, (fd_set *)(set[0] = 1UL << 63, set), NULL, NULL, &none));
}

int main(void)
{
	queues();
	descriptors();
	cpu_time(ITIMER_PROF, SIGPROF);
	cpu_time(ITIMER_VIRTUAL, SIGVTALRM);
	interrupted_waits();
	bits_past_the_set();
	return 0;
}
