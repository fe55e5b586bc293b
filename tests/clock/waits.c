/* Every wait, timer and report of time against CLOCK_MONOTONIC: one clock under everything.
 * usage: waits TOLERANCE_US [TSC_KHZ], the tolerance being that of a wait's end */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/wait.h>

#include "check.h"

enum { WAIT_MS = 300 };

static int64_t tolerance_ns;
static volatile int signals;

static void caught(int number)
{
	(void)number;
	signals++;
}

/* Runs `wait`, and checks that it took `ms` by the monotonic clock and by the TSC. */
static void lasts(const char *name, void (*wait)(void), int ms, uint64_t khz)
{
	int64_t began = clock_ns(CLOCK_MONOTONIC), took;
	uint64_t tsc = rdtsc(), ticks;

	wait();
	ticks = rdtsc() - tsc;
	took = clock_ns(CLOCK_MONOTONIC) - began;
	CHECK(took >= ms * 1000000LL && took <= ms * 1000000LL + tolerance_ns, "%s: %ld ns instead of %d ms", name, took, ms);
	if (khz)
		CHECK(llabs((int64_t)(ticks * 1000000 / khz) - took) < 1000000 + tolerance_ns / 10, "%s: %lu ticks in %ld ns", name, ticks,
			took);
}

static void by_nanosleep(void)
{
	nanosleep(&(struct timespec){ 0, WAIT_MS * 1000000 }, NULL);
}

static void by_absolute(void)
{
	int64_t until = clock_ns(CLOCK_REALTIME) + WAIT_MS * 1000000LL;

	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){ until / NS_PER_S, until % NS_PER_S }, NULL);
}

static void by_poll(void)
{
	poll(NULL, 0, WAIT_MS);
}
static void by_select(void)
{
	select(0, NULL, NULL, NULL, &(struct timeval){ 0, WAIT_MS * 1000 });
}

static void by_epoll(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);

	epoll_wait(fd, &event, 1, WAIT_MS);
	close(fd);
}

static void by_futex(void)
{
	int word = 0;

	CHECK(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &(struct timespec){ 0, WAIT_MS * 1000000 }, NULL, 0) == -1 && errno == ETIMEDOUT,
		"errno %d", errno);
}

static void by_futex_realtime(void)
{
	int64_t until = clock_ns(CLOCK_REALTIME) + WAIT_MS * 1000000LL;
	struct timespec time = { until / NS_PER_S, until % NS_PER_S };
	int word = 0;

	CHECK(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &time, NULL, ~0) == -1 && errno == ETIMEDOUT,
		"errno %d", errno);
}

static void by_socket(void)
{
	struct timeval limit = { 0, WAIT_MS * 1000 };
	int fds[2];
	char byte;

	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	CHECK(recv(fds[0], &byte, 1, 0) == -1 && errno == EAGAIN, "errno %d", errno);
	close(fds[0]);
	close(fds[1]);
}

static void by_epoll_pwait2(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);

	syscall(SYS_epoll_pwait2, fd, &event, 1, &(struct timespec){ 0, WAIT_MS * 1000000 }, NULL, 0);
	close(fd);
}

static void by_semaphore(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);

	CHECK(semtimedop(id, &(struct sembuf){ 0, -1, 0 }, 1, &(struct timespec){ 0, WAIT_MS * 1000000 }) == -1 && errno == EAGAIN,
		"errno %d", errno);
	semctl(id, 0, IPC_RMID);
}

/* Its name is the same in every run under icount: another one may be about to unlink it. */
static void by_message_queue(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	int64_t until = clock_ns(CLOCK_REALTIME) + WAIT_MS * 1000000LL;
	char name[40], message[8];
	mqd_t queue;

	snprintf(name, sizeof(name), "/tick86-waits-%d-%lx", (int)getpid(), (long)&until);
	queue = mq_open(name, O_RDWR | O_CREAT, 0600, &attributes);
	if (queue < 0 && errno == ENOSPC) {
		usleep(WAIT_MS * 1000); /* the machine has no room for another queue */
		return;
	}
	mq_unlink(name);
	CHECK(mq_timedreceive(queue, message, 8, NULL, &(struct timespec){ until / NS_PER_S, until % NS_PER_S }) == -1
			&& errno == ETIMEDOUT,
		"errno %d", errno);
	mq_close(queue);
}

static void by_datagrams(void)
{
	struct mmsghdr one = { 0 };
	struct timeval limit = { 0, WAIT_MS * 1000 };
	int fds[2];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
	setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	CHECK(recvmmsg(fds[0], &one, 1, 0, NULL) == -1 && errno == EAGAIN, "errno %d", errno);
	close(fds[0]);
	close(fds[1]);
}

static void by_timerfd(void)
{
	struct itimerspec setting = { { 0, 100000000 }, { 0, 100000000 } };
	uint64_t count, total = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	timerfd_settime(fd, 0, &setting, NULL);
	while (total < WAIT_MS / 100 && read(fd, &count, 8) == 8)
		total += count;
	CHECK(total == WAIT_MS / 100, "%lu expirations", total);
	close(fd);
}

static void by_posix_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec setting = { .it_value = { 0, WAIT_MS * 1000000 } };
	timer_t timer;

	signals = 0;
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &setting, NULL);
	while (!signals)
		pause();
	timer_delete(timer);
}

static void by_setitimer(void)
{
	struct itimerval setting = { .it_value = { 0, WAIT_MS * 1000 } };

	signals = 0;
	setitimer(ITIMER_REAL, &setting, NULL);
	while (!signals)
		pause();
}

static void by_alarm(void)
{
	signals = 0;
	alarm(1);
	while (!signals)
		pause();
}

static void by_child(void)
{
	if (fork() == 0) {
		by_nanosleep();
		_exit(0);
	}
	wait(NULL);
}

static void by_sigtimedwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK(sigtimedwait(&set, NULL, &(struct timespec){ 0, WAIT_MS * 1000000 }) == -1 && errno == EAGAIN, "errno %d", errno);
}

static void read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	CHECK(length > 0, "%s: errno %d", path, errno);
	text[length > 0 ? length : 0] = '\0';
	close(fd);
}

static int64_t uptime_ms(void)
{
	char text[256];
	long s = -1, hundredths = -1;

	read_file("/proc/uptime", text, sizeof(text));
	sscanf(text, "%ld.%ld", &s, &hundredths);
	return s * 1000 + hundredths * 10;
}

static void reports(uint64_t khz)
{
	char text[8192], wanted[64], *at;
	struct sysinfo info;
	struct stat status;
	int64_t now = clock_ns(CLOCK_REALTIME), up = clock_ns(CLOCK_BOOTTIME), shown = uptime_ms();

	CHECK(llabs(shown - up / 1000000) <= 1000 + tolerance_ns / 1000000, "/proc/uptime %ld ms, CLOCK_BOOTTIME %ld ns", shown, up);
	sysinfo(&info);
	CHECK(llabs(info.uptime - up / NS_PER_S) <= 1, "sysinfo %ld s, CLOCK_BOOTTIME %ld ns", info.uptime, up);
	CHECK(llabs(times(NULL) - up / 10000000) <= 100, "times %ld, CLOCK_BOOTTIME %ld ns", (long)times(NULL), up);
	read_file("/proc/stat", text, sizeof(text));
	at = strstr(text, "btime ");
	CHECK(at && llabs(atoll(at + 6) - (now - up) / NS_PER_S) <= 1, "btime, %ld", (now - up) / NS_PER_S);
	read_file("/sys/devices/system/clocksource/clocksource0/current_clocksource", text, sizeof(text));
	CHECK(!strcmp(text, "tsc\n"), "clocksource %s", text);
	read_file("/proc/cpuinfo", text, sizeof(text));
	snprintf(wanted, sizeof(wanted), "cpu MHz\t\t: %lu.%03lu\n", khz / 1000, khz % 1000);
	CHECK(!khz || strstr(text, wanted), "no %s", wanted);

	for (int k = 0; k < 2; k++) {
		read_file(k ? "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq" : "/sys/devices/system/cpu/cpu0/tsc_freq_khz", text,
			sizeof(text));
		CHECK(!khz || strtoull(text, NULL, 10) == khz, "%s", text);
	}

	close(creat("touched", 0600));
	utimensat(AT_FDCWD, "touched", NULL, 0);
	stat("touched", &status);
	CHECK(llabs(status.st_mtim.tv_sec - now / NS_PER_S) <= 2, "mtime %ld, now %ld ns", status.st_mtim.tv_sec, now);
	utimensat(AT_FDCWD, "touched", (struct timespec[2]){ { 5, 7 }, { 0, UTIME_NOW } }, 0);
	stat("touched", &status);
	CHECK(status.st_atim.tv_sec == 5 && status.st_atim.tv_nsec == 7, "atime %ld", status.st_atim.tv_sec);
	CHECK(llabs(status.st_mtim.tv_sec - now / NS_PER_S) <= 2, "mtime %ld, now %ld ns", status.st_mtim.tv_sec, now);
	utimes("touched", NULL);
	stat("touched", &status);
	CHECK(llabs(status.st_atim.tv_sec - now / NS_PER_S) <= 2, "atime %ld, now %ld ns", status.st_atim.tv_sec, now);
	unlink("touched");
}

/* CPU time follows the work, not the sleep, and never outruns the clock. */
static void cpu_time(void)
{
	struct rusage before, after;
	int64_t began = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), used;

	getrusage(RUSAGE_SELF, &before);
	by_nanosleep();
	for (volatile int k = 0; k < 3000000; k++)
		;
	getrusage(RUSAGE_SELF, &after);
	used = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	began = clock_ns(CLOCK_MONOTONIC) - began - WAIT_MS * 1000000LL;
	CHECK(used > 0 && used <= began + tolerance_ns, "%ld ns of CPU in %ld ns awake", used, began);
	cpu = (after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000
		+ after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec;
	CHECK(llabs(cpu * 1000 - used) <= tolerance_ns / 2 + 20000, "getrusage %ld us, CLOCK_PROCESS_CPUTIME_ID %ld ns", cpu, used);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*wait)(void);
		int ms;
	} waits[] = {
		{ "nanosleep", by_nanosleep, WAIT_MS },
		{ "clock_nanosleep", by_absolute, WAIT_MS },
		{ "poll", by_poll, WAIT_MS },
		{ "select", by_select, WAIT_MS },
		{ "epoll_wait", by_epoll, WAIT_MS },
		{ "futex", by_futex, WAIT_MS },
		{ "futex, realtime", by_futex_realtime, WAIT_MS },
		{ "SO_RCVTIMEO", by_socket, WAIT_MS },
		{ "epoll_pwait2", by_epoll_pwait2, WAIT_MS },
		{ "semtimedop", by_semaphore, WAIT_MS },
		{ "mq_timedreceive", by_message_queue, WAIT_MS },
		{ "recvmmsg", by_datagrams, WAIT_MS },
		{ "timerfd", by_timerfd, WAIT_MS },
		{ "timer_create", by_posix_timer, WAIT_MS },
		{ "setitimer", by_setitimer, WAIT_MS },
		{ "alarm", by_alarm, 1000 },
		{ "child", by_child, WAIT_MS },
		{ "sigtimedwait", by_sigtimedwait, WAIT_MS },
	};
	uint64_t khz = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;

	tolerance_ns = (argc > 1 ? atoll(argv[1]) : 0) * 1000;
	signal(SIGALRM, caught);
	signal(SIGUSR1, caught);
	reports(khz);
	for (unsigned k = 0; k < sizeof(waits) / sizeof(*waits); k++)
		lasts(waits[k].name, waits[k].wait, waits[k].ms, khz);
	cpu_time();
	reports(khz);
	return check_result();
}
