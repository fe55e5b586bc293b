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
#include <time.h>
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

/* Waiters go on in the order in which they came, as soon as there is enough for one; what they get, nobody else gets. */
static void order(void)
{
	int id = semget(IPC_PRIVATE, 2, 0600);
	struct sembuf two = { 0, -2, 0 }, one = { 0, -1, 0 }, up = { 0, 1, 0 }, up_two = { 0, 2, 0 }, take = { 0, -1, IPC_NOWAIT };
	struct sembuf mixed[] = { { 1, -1, IPC_NOWAIT }, { 0, -1, 0 } };
	pid_t first, second, third;

	first = waiter(id, &two, 1);
	await_count(id, 0, GETNCNT, 1);
	second = waiter(id, &one, 1);
	await_count(id, 0, GETNCNT, 2);
	third = waiter(id, &one, 1);
	printf("%d\n", await_count(id, 0, GETNCNT, 3));
	SHOW(semop(id, &up, 1)); /* enough for the second */
	SHOW(semop(id, &take, 1));
	SHOW(semctl(id, 0, GETVAL));
	SHOW(semctl(id, 0, GETNCNT));
	end(second);
	SHOW(semop(id, &up_two, 1)); /* for the first */
	SHOW(semctl(id, 0, GETNCNT));
	end(first);
	SHOW(semctl(id, 0, SETVAL, 1));
	SHOW(semop(id, &take, 1));
	end(third);
	SHOW(semop(id, mixed, 2)); /* the operation that cannot be done decides if the call waits */
	SHOW(semctl(id, 1, SETVAL, 1));
	third = waiter(id, mixed, 2);
	printf("%d\n", await_count(id, 0, GETNCNT, 1));
	SHOW(semctl(id, 0, SETVAL, 3));
	end(third);
	SHOW(semctl(id, 0, GETVAL));
	SHOW(semctl(id, 0, IPC_RMID));
}

static void on_alarm(int number)
{
	(void)number;
}

/* What ends a wait without a semaphore: time, a signal; and a process that ends and leaves what it took (SEM_UNDO). */
static void other_ends(void)
{
	const struct timespec soon = { .tv_nsec = 30000000 };
	struct sigaction action = { .sa_handler = on_alarm };
	struct sembuf down = { 0, -1, 0 }, take = { 0, -1, SEM_UNDO };
	int id = semget(IPC_PRIVATE, 1, 0600);
	pid_t pid;

	SHOW(semtimedop(id, &down, 1, &soon));
	sigaction(SIGALRM, &action, NULL);
	ualarm(30000, 0);
	SHOW(semop(id, &down, 1));
	SHOW(semctl(id, 0, GETNCNT));
	SHOW(semctl(id, 0, SETVAL, 1));
	pid = fork();
	if (!pid) {
		semop(id, &take, 1);
		await_count(id, 0, GETNCNT, 1);
		_exit(0);
	}
	while (semctl(id, 0, GETVAL) != 0)
		usleep(1000);
	SHOW(semop(id, &down, 1));
	waitpid(pid, NULL, 0);
	SHOW(semctl(id, 0, IPC_RMID));
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
	order();
	other_ends();
	removed_queue();
	memory_used();
	return 0;
}
