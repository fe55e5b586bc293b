/* What System V IPC tells of processes: who acted last, who waits; what becomes of those that wait when their object is removed. */
/* tests/guest.test: --serial */
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

struct message {
	long type;
	char text[8];
};

/* GETNCNT or GETZCNT, once it is what is wanted. */
static int await_count(int id, int number, int command, int wanted)
{
	int count = -1;

	for (int i = 0; i < 3000 && count != wanted; i++) {
		count = semctl(id, number, command);
		usleep(1000);
	}
	return count;
}

static void ids(void)
{
	int sem = semget(IPC_PRIVATE, 1, 0600), shm = shmget(IPC_PRIVATE, 4096, 0600), queue = msgget(IPC_PRIVATE, 0600);
	struct sembuf up = { 0, 1, 0 };
	struct message message = { 1, "hello" };
	struct shmid_ds segment;
	struct msqid_ds state;
	pid_t pid;

	SHOW(semctl(sem, 0, GETPID));
	SHOW(semop(sem, &up, 1));
	CHECK(semctl(sem, 0, GETPID) == getpid());
	pid = fork();
	if (!pid) {
		semop(sem, &up, 1);
		msgsnd(queue, &message, sizeof(message.text), 0);
		shmdt(shmat(shm, NULL, 0));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	CHECK(semctl(sem, 0, GETPID) == pid);
	SHOW(shmctl(shm, IPC_STAT, &segment));
	CHECK(segment.shm_cpid == getpid() && segment.shm_lpid == pid);
	SHOW(msgrcv(queue, &message, sizeof(message.text), 0, 0));
	SHOW(msgctl(queue, IPC_STAT, &state));
	CHECK(state.msg_lspid == pid && state.msg_lrpid == getpid());
	SHOW(semctl(sem, 0, IPC_RMID) + shmctl(shm, IPC_RMID, NULL) + msgctl(queue, IPC_RMID, NULL));
	SHOW(shmctl(shm, IPC_STAT, &segment));
}

static pid_t waiter(int id, struct sembuf *operations, size_t count)
{
	pid_t pid = fork();

	if (!pid) {
		int result = semop(id, operations, count);

		_exit(result == 0 ? 100 : errno);
	}
	return pid;
}

static void end(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	printf("waiter: %d\n", WEXITSTATUS(status));
}

static void waiters(void)
{
	int id = semget(IPC_PRIVATE, 3, 0600);
	struct sembuf down = { 0, -1, 0 }, zero = { 1, 0, 0 }, both[] = { { 1, -1, 0 }, { 2, -1, 0 } }, up = { 0, 1, 0 };
	pid_t first, second, third;

	semctl(id, 1, SETVAL, 1);
	first = waiter(id, &down, 1);
	printf("%d\n", await_count(id, 0, GETNCNT, 1));
	second = waiter(id, &zero, 1);
	printf("%d\n", await_count(id, 1, GETZCNT, 1));
	third = waiter(id, both, 2);
	printf("%d\n", await_count(id, 2, GETNCNT, 1));
	SHOW(semctl(id, 1, GETNCNT));
	SHOW(semctl(id, 0, GETZCNT));
	SHOW(semop(id, &up, 1));
	end(first);
	SHOW(semctl(id, 0, GETNCNT));
	SHOW(semctl(id, 0, IPC_RMID));
	end(second);
	end(third);
}

static void removed_queue(void)
{
	int id = msgget(IPC_PRIVATE, 0600), status = 0;
	struct message message;
	pid_t pid = fork();

	if (!pid)
		_exit(msgrcv(id, &message, sizeof(message.text), 0, 0) < 0 ? errno : 100);
	usleep(200000);
	SHOW(msgctl(id, IPC_RMID, NULL));
	waitpid(pid, &status, 0);
	printf("receiver: %d\n", WEXITSTATUS(status));
	SHOW(msgrcv(id, &message, sizeof(message.text), 0, IPC_NOWAIT));
}

static void memory_used(void)
{
	struct rusage usage;

	SHOW(getrusage(RUSAGE_SELF, &usage));
	CHECK(usage.ru_maxrss > 0);
}

int main(void)
{
	ids();
	waiters();
	removed_queue();
	memory_used();
	return 0;
}
