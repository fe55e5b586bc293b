/* Every way to wait, one after the other, with pending signals: for saving in the middle of each. In mode icount its output depends on
 * nothing outside. */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static sigset_t set_of(int number)
{
	sigset_t set;

	sigemptyset(&set);
	if (number)
		sigaddset(&set, number);
	return set;
}

static char text[4000];
static size_t used;

/* Written at the end: calls are to be ones that wait. */
static void put(const char *what, long a, long b)
{
	used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %ld %ld\n", what, a, b);
}

/* The call comes first. */
#define PUT(what, call, second)            \
	do {                               \
		long result = (call);      \
		put(what, result, second); \
	} while (0)

static void handler(int number, siginfo_t *info, void *context)
{
	(void)context;
	put("signal", number, info->si_value.sival_int);
}

static sigjmp_buf refused;

static void no_right(int number)
{
	siglongjmp(refused, number);
}

static void alarm_in(long us)
{
	struct itimerval once = { .it_value = { 0, us } };

	setitimer(ITIMER_REAL, &once, NULL);
}

/* Both are delivered at last, in order. */
static void pend(void)
{
	sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 5 });
	sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 6 });
	raise(SIGUSR2);
}

static void sleeps(void)
{
	struct timespec short_time = { 0, 2000000 }, left = { 0, 0 }, then;

	PUT("nanosleep", nanosleep(&short_time, NULL), 0);
	clock_gettime(CLOCK_REALTIME, &then);
	then.tv_sec++;
	PUT("clock_nanosleep", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &then, NULL), 0);
	alarm_in(1000);
	PUT("interrupted", nanosleep(&short_time, &left), left.tv_nsec > 0);
}

static void polls(void)
{
	sigset_t none = set_of(0);
	struct timespec limit = { 0, 3000000 };
	struct timeval time = { 0, 1500 };
	struct pollfd in = { .fd = 0, .events = POLLPRI };

	PUT("poll", poll(&in, 1, 4), in.revents);
	PUT("select", select(0, NULL, NULL, NULL, &time), time.tv_usec);
	alarm_in(700);
	PUT("ppoll", ppoll(NULL, 0, &limit, &none), errno);
}

static void signals(void)
{
	sigset_t none = set_of(0), usr1 = set_of(SIGUSR1), rest = set_of(SIGUSR2);
	struct timespec limit = { 0, 900000 };

	sigaddset(&rest, SIGRTMIN + 3);
	PUT("sigtimedwait", sigtimedwait(&usr1, NULL, &limit), errno);
	alarm_in(800);
	pause();
	alarm_in(800);
	sigprocmask(SIG_SETMASK, &rest, NULL);
	rest = none;
	sigaddset(&rest, SIGUSR2);
	sigaddset(&rest, SIGRTMIN + 3);
	PUT("sigsuspend", sigsuspend(&rest), errno);
	sigprocmask(SIG_SETMASK, NULL, &rest);
	PUT("mask", sigismember(&rest, SIGUSR2), sigismember(&rest, SIGALRM));
}

static void others(void)
{
	struct itimerspec once = { { 0, 0 }, { 0, 1200000 } };
	struct timespec limit = { 0, 1100000 };
	int word = 7, timer = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t random = 0, count = 0;
	cpu_set_t cpus;

	PUT("futex", syscall(SYS_futex, &word, FUTEX_WAIT, 7, &limit), errno);
	timerfd_settime(timer, 0, &once, NULL);
	PUT("timerfd", read(timer, &count, sizeof(count)), (long)count);
	getrandom(&random, sizeof(random), 0);
	PUT("random", (long)random, sched_getcpu());
	CPU_ZERO(&cpus);
	CPU_SET(2, &cpus);
	PUT("CPU 2", sched_setaffinity(0, sizeof(cpus), &cpus), sched_getcpu());
}

/* Memory keeps its rights. */
static void rights(char *page)
{
	static const char constant = 1;
	int number;

	signal(SIGSEGV, no_right);
	if (!(number = sigsetjmp(refused, 1)))
		*(volatile char *)&constant = 2;
	PUT("constant", number, constant);
	if (!(number = sigsetjmp(refused, 1)))
		number = *(volatile char *)page;
	PUT("page", number, 0);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigset_t pending = set_of(SIGUSR2), none = set_of(0);

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGRTMIN + 3, &action, NULL);
	sigaddset(&pending, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &pending, NULL);
	pend();
	sleeps();
	others();
	signals();
	polls();
	rights(page);
	sigprocmask(SIG_SETMASK, &none, NULL);
	write(1, text, used);
	return 3;
}
