/* System V and POSIX message queues, semaphores and shared memory, FIFOs: calls that wait for another process. */
/* tests/guest.test: --serial */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

static void finish(void)
{
	int status;
	wait(&status);
	printf("child's status %#x\n", status);
}

static void fifos(void)
{
	char text[16] = "";
	int fd, back;

	SHOW(mkfifo("there", 0600));
	SHOW(mkfifo("back", 0600));
	SHOW(open("there", O_WRONLY | O_NONBLOCK));
	if (fork() == 0) {
		pause_ms(5);
		fd = open("there", O_WRONLY);
		back = open("back", O_RDONLY); /* the other side must have come out of its open before we write */
		_exit(write(fd, "ping", 4) == 4 && read(back, text, 4) == 4 && memcmp(text, "pong", 4) == 0 ? 0 : 1);
	}
	fd = open("there", O_RDONLY);
	back = open("back", O_WRONLY);
	SHOW(fcntl(fd, F_GETFL) & O_NONBLOCK);
	SHOW(fcntl(back, F_GETFL) & O_NONBLOCK);
	SHOW(read(fd, text, sizeof(text)));
	SHOW(write(back, "pong", 4));
	SHOW(read(fd, text, sizeof(text)));
	finish();
	close(fd);
	close(back);
}

static void semaphores(void)
{
	struct sembuf up = { 0, 1, 0 }, down = { 0, -1, 0 }, try = { 0, -1, IPC_NOWAIT };
	struct timespec soon = { 0, 5000000 };
	unsigned short values[3] = { 0, 4, 9 };
	struct semid_ds status;
	int id = semget(IPC_PRIVATE, 3, 0600);

	CHECK(id >= 0);
	SHOW(semctl(id, 0, SETALL, values));
	SHOW(semctl(id, 2, GETVAL));
	SHOW(semctl(id, 0, IPC_STAT, &status));
	printf("%lu semaphores\n", (unsigned long)status.sem_nsems);
	SHOW(semop(id, &try, 1));
	SHOW(semtimedop(id, &down, 1, &soon));
	if (fork() == 0) {
		pause_ms(5);
		_exit(semop(id, &up, 1));
	}
	SHOW(semop(id, &down, 1));
	CHECK(semctl(id, 0, GETPID) == getpid());
	finish();
	SHOW(semctl(id, 0, GETVAL));
	SHOW(semop(id, &down, 0));
	SHOW(semctl(id, 0, IPC_RMID));
	SHOW(semop(id, &down, 1));
}

static void messages(void)
{
	struct {
		long type;
		char text[32];
	} message = { 3, "three" };
	struct msqid_ds status;
	int id = msgget(IPC_PRIVATE, 0600);

	CHECK(id >= 0);
	SHOW(msgrcv(id, &message, sizeof(message.text), 0, IPC_NOWAIT));
	SHOW(msgsnd(id, &message, 6, 0));
	SHOW(msgctl(id, IPC_STAT, &status));
	printf("%lu messages\n", (unsigned long)status.msg_qnum);
	SHOW(msgrcv(id, &message, 2, 0, 0));
	SHOW(msgrcv(id, &message, 2, 0, MSG_NOERROR));
	if (fork() == 0) {
		pause_ms(5);
		message.type = 7;
		_exit(msgsnd(id, &message, 1, 0));
	}
	SHOW(msgrcv(id, &message, sizeof(message.text), 7, 0));
	finish();
	message.type = 0;
	SHOW(msgsnd(id, &message, 1, 0));
	SHOW(msgctl(id, IPC_RMID, NULL));
}

static void posix_queue(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 16 };
	struct timespec until;
	char text[16];
	unsigned priority;
	char name[32];

	snprintf(name, sizeof(name), "/tick86-%d", getpid());
	mq_unlink(name); /* of a run that was killed */
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	if (queue < 0) {
		printf("no queues\n");
		return;
	}
	SHOW(mq_send(queue, "low", 3, 1));
	SHOW(mq_send(queue, "high", 4, 9));
	clock_gettime(CLOCK_REALTIME, &until);
	SHOW(mq_timedsend(queue, "full", 4, 9, &until));
	SHOW(mq_receive(queue, text, sizeof(text), &priority));
	printf("priority %u\n", priority);
	SHOW(mq_receive(queue, text, 2, &priority));
	SHOW(mq_receive(queue, text, sizeof(text), NULL));
	if (fork() == 0) {
		pause_ms(5);
		_exit(mq_send(queue, "late", 4, 0));
	}
	SHOW(mq_receive(queue, text, sizeof(text), NULL));
	finish();
	SHOW(mq_getattr(queue, &attributes));
	printf("%ld of %ld\n", attributes.mq_curmsgs, attributes.mq_maxmsg);
	SHOW(mq_unlink(name));
	SHOW(mq_close(queue));
}

static void shared_memory(void)
{
	struct shmid_ds status;
	int id = shmget(IPC_PRIVATE, 5000, 0600);
	int *one = shmat(id, NULL, 0), *two = shmat(id, NULL, SHM_RDONLY);

	CHECK(one != (void *)-1 && two != (void *)-1 && one != two);
	one[1249] = 42;
	printf("%d\n", two[1249]);
	if (fork() == 0) {
		one[0] = 7;
		_exit(0);
	}
	finish();
	printf("%d\n", two[0]);
	SHOW(shmctl(id, IPC_STAT, &status));
	printf("%lu attached, %zu bytes\n", (unsigned long)status.shm_nattch, status.shm_segsz);
	SHOW(mprotect(two, 4096, PROT_READ | PROT_WRITE));
	SHOW(shmdt(one + 1));
	SHOW(shmdt(one));
	SHOW(shmdt(one));
	CHECK(shmat(id, (char *)two + 1, 0) == (void *)-1 && errno == EINVAL);
	CHECK(shmat(id, (char *)two + 1, SHM_RND | SHM_REMAP) == (void *)two);
	printf("%d\n", two[0]);
	SHOW(shmctl(id, IPC_RMID, NULL));
	SHOW(shmdt(two));
	CHECK(shmat(id, NULL, 0) == (void *)-1);
}

static void locks(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open("locked", O_RDWR | O_CREAT, 0600), ready[2];
	char byte;

	CHECK(fd >= 0 && pipe(ready) == 0);
	SHOW(fcntl(fd, F_SETLK, &lock));
	if (fork() == 0) {
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(fcntl(fd, F_SETLKW, &lock));
	}
	SHOW(read(ready[0], &byte, 1));
	pause_ms(5);
	lock.l_type = F_UNLCK;
	SHOW(fcntl(fd, F_SETLK, &lock));
	finish();
}

/* A handler without SA_RESTART ends the waits. */
static void on_alarm(int number)
{
	(void)number;
}

static void interrupted(void)
{
	struct sembuf down = { 0, -1, 0 };
	struct {
		long type;
		char text[8];
	} message;
	int semaphore = semget(IPC_PRIVATE, 1, 0600), queue = msgget(IPC_PRIVATE, 0600);

	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm }, NULL);
	ualarm(5000, 5000); /* the first may come before the call, on a busy machine */
	SHOW(semop(semaphore, &down, 1));
	SHOW(msgrcv(queue, &message, 8, 0, 0));
	SHOW(open("there", O_RDONLY));
	SHOW(open("there", O_WRONLY));
	ualarm(0, 0);
	semctl(semaphore, 0, IPC_RMID);
	msgctl(queue, IPC_RMID, NULL);
}

int main(void)
{
	fifos();
	semaphores();
	messages();
	posix_queue();
	shared_memory();
	locks();
	interrupted();
	return 0;
}
