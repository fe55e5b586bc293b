/* Descriptors that report events: eventfd, timerfd, signalfd, inotify. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

static void event(void)
{
	int fd = eventfd(3, EFD_NONBLOCK), semaphore = eventfd(2, EFD_SEMAPHORE | EFD_CLOEXEC);
	uint64_t value = 4;

	SHOW(write(fd, &value, 8));
	SHOW(read(fd, &value, 8));
	printf("value %lu\n", (unsigned long)value);
	SHOW(read(fd, &value, 8));
	SHOW(read(fd, &value, 4));
	value = UINT64_MAX;
	SHOW(write(fd, &value, 8));
	value--;
	SHOW(write(fd, &value, 8));
	SHOW(write(fd, &value, 8));
	SHOW(read(semaphore, &value, 8));
	printf("value %lu\n", (unsigned long)value);
	SHOW(eventfd(0, 12345));
	fd = eventfd(0, 0);
	if (fork() == 0) {
		usleep(10000);
		value = 9;
		_exit(write(fd, &value, 8) != 8);
	}
	SHOW(read(fd, &value, 8)); /* waits for the child */
	printf("value %lu\n", (unsigned long)value);
	wait(NULL);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void timer(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec t = { .it_value.tv_nsec = 10000000, .it_interval.tv_nsec = 5000000 }, now;
	uint64_t count = 0;
	int64_t start = now_ms();

	SHOW(timerfd_settime(fd, 0, &t, NULL));
	SHOW(timerfd_gettime(fd, &now));
	CHECK(now.it_value.tv_sec == 0 && now.it_value.tv_nsec <= 10000000 && now.it_interval.tv_nsec == 5000000);
	SHOW(read(fd, &count, 8));
	CHECK(count >= 1 && now_ms() - start >= 9);
	usleep(22000);
	SHOW(read(fd, &count, 8));
	CHECK(count >= 3 && (int64_t)count <= (now_ms() - start) / 5);
	t = (struct itimerspec){ 0 };
	SHOW(timerfd_settime(fd, 0, &t, NULL));
	SHOW(fcntl(fd, F_SETFL, O_NONBLOCK));
	SHOW(read(fd, &count, 8));
	clock_gettime(CLOCK_MONOTONIC, &t.it_value);
	SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL)); /* already past */
	SHOW(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 1000));
	SHOW(read(fd, &count, 8));
	SHOW(timerfd_create(12345, 0));
	SHOW(timerfd_settime(0, 0, &t, NULL));
	t.it_value.tv_nsec = 1000000000;
	SHOW(timerfd_settime(fd, 0, &t, NULL));
}

static void signals(void)
{
	sigset_t set;
	struct signalfd_siginfo info[3];
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	SHOW(read(fd, info, sizeof(info)));
	raise(SIGUSR1);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 55 });
	SHOW(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 0));
	SHOW(read(fd, info, sizeof(info)));
	printf("signal %u code %d, then value %d\n", info[0].ssi_signo, info[0].ssi_code, info[1].ssi_int);
	CHECK((int)info[0].ssi_pid == getpid());
	fcntl(fd, F_SETFL, 0);
	if (fork() == 0) {
		usleep(10000);
		_exit(kill(getppid(), SIGUSR1));
	}
	SHOW(read(fd, info, sizeof(info)));
	wait(NULL);
	CHECK(info[0].ssi_signo == SIGUSR1 && info[0].ssi_code == SI_USER);
}

static void watches(void)
{
	char buffer[4096] __attribute__((aligned(8)));
	int fd = inotify_init1(IN_NONBLOCK), watch, file;
	ssize_t n;

	mkdir("watched", 0700);
	watch = inotify_add_watch(fd, "watched", IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE);
	printf("watch %d\n", watch);
	SHOW(inotify_add_watch(fd, "none", IN_CREATE));
	SHOW(read(fd, buffer, sizeof(buffer)));
	file = open("watched/file", O_CREAT | O_WRONLY, 0600);
	SHOW(write(file, "x", 1));
	close(file);
	rename("watched/file", "watched/other");
	unlink("watched/other");
	n = read(fd, buffer, sizeof(buffer));
	for (char *p = buffer; p < buffer + n;) {
		struct inotify_event *e = (struct inotify_event *)p;

		printf("event %#x %s\n", e->mask, e->len > 0 ? e->name : "");
		p += sizeof(*e) + e->len;
	}
	SHOW(inotify_rm_watch(fd, watch));
	SHOW(inotify_rm_watch(fd, watch));
	SHOW(read(fd, buffer, 4));
}

int main(void)
{
	event();
	timer();
	signals();
	watches();
	return 0;
}
