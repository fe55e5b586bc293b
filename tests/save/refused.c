/* Something that cannot be saved, and then some work. refused WHAT */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

static void *idle(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void become(const char *what)
{
	int fds[2], file = open("file", O_RDWR | O_CREAT, 0666);
	pthread_t thread;
	sigset_t set;

	ftruncate(file, 5000);
	if (!strcmp(what, "pipe")) {
		pipe(fds);
	} else if (!strcmp(what, "socket")) {
		socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	} else if (!strcmp(what, "epoll")) {
		epoll_create1(0);
	} else if (!strcmp(what, "eventfd")) {
		eventfd(0, 0);
	} else if (!strcmp(what, "memfd")) {
		memfd_create("own", 0);
	} else if (!strcmp(what, "signalfd")) {
		sigemptyset(&set);
		signalfd(-1, &set, 0);
	} else if (!strcmp(what, "deleted")) {
		unlink("file");
	} else if (!strcmp(what, "lock")) {
		flock(file, LOCK_EX);
	} else if (!strcmp(what, "mapped")) {
		mmap(NULL, 5000, PROT_READ, MAP_SHARED, file, 0);
		unlink("file");
		close(file);
	} else if (!strcmp(what, "sysv")) {
		int id = shmget(IPC_PRIVATE, 4096, 0600);
		shmat(id, NULL, 0);
		shmctl(id, IPC_RMID, NULL);
	} else if (!strcmp(what, "thread")) {
		pthread_create(&thread, NULL, idle, NULL);
	} else if (!strcmp(what, "child")) {
		if (fork() == 0)
			_exit(0);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1)
		become(argv[1]);
	for (volatile int k = 0; k < 300000; k++)
		continue;
	return 9;
}
