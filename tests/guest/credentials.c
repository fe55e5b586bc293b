/* Credentials, and what else the kernel keeps for each thread, differ between threads: users, groups, capabilities, no_new_privs, working
 * directories. Each change is made by the system call itself in one thread, unless it says libc. */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { OTHER = 65534, TOGGLES = 30, LINE = 256, VERSION_3 = 0x20080522 };

/* --- a thread that does what it is told --- */

struct worker {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	void (*work)(void);
	int tid, ended;
};

static void *serve(void *argument)
{
	struct worker *worker = argument;

	pthread_mutex_lock(&worker->mutex);
	worker->tid = (int)syscall(SYS_gettid);
	pthread_cond_broadcast(&worker->changed);
	while (!worker->ended) {
		if (worker->work) {
			worker->work();
			worker->work = NULL;
			pthread_cond_broadcast(&worker->changed);
		} else {
			pthread_cond_wait(&worker->changed, &worker->mutex);
		}
	}
	pthread_mutex_unlock(&worker->mutex);
	return NULL;
}

static void begin(struct worker *worker)
{
	memset(worker, 0, sizeof(*worker));
	pthread_mutex_init(&worker->mutex, NULL);
	pthread_cond_init(&worker->changed, NULL);
	pthread_mutex_lock(&worker->mutex);
	pthread_create(&worker->thread, NULL, serve, worker);
	while (!worker->tid)
		pthread_cond_wait(&worker->changed, &worker->mutex);
	pthread_mutex_unlock(&worker->mutex);
}

static void tell(struct worker *worker, void (*work)(void))
{
	pthread_mutex_lock(&worker->mutex);
	worker->work = work;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->mutex);
}

static void await(struct worker *worker)
{
	pthread_mutex_lock(&worker->mutex);
	while (worker->work)
		pthread_cond_wait(&worker->changed, &worker->mutex);
	pthread_mutex_unlock(&worker->mutex);
}

static void in(struct worker *worker, void (*work)(void))
{
	tell(worker, work);
	await(worker);
}

static void end(struct worker *worker)
{
	pthread_mutex_lock(&worker->mutex);
	worker->ended = 1;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->mutex);
	pthread_join(worker->thread, NULL);
}

/* --- what a thread has --- */

static void show_ids(const char *who)
{
	uid_t user[3];
	gid_t group[3];

	syscall(SYS_getresuid, &user[0], &user[1], &user[2]);
	syscall(SYS_getresgid, &group[0], &group[1], &group[2]);
	printf("%s: users %d %d %d groups %d %d %d, %ld more\n", who, (int)user[0], (int)user[1], (int)user[2], (int)group[0],
		(int)group[1], (int)group[2], syscall(SYS_getgroups, 0, NULL));
}

static void show_worker(void)
{
	show_ids("  worker");
}

/* The lines about credentials in /proc. */
static void show_status(const char *path)
{
	char line[LINE];
	FILE *file = fopen(path, "r");

	if (!file) {
		printf("  no status, errno %d\n", errno);
		return;
	}
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "Uid", 3) || !strncmp(line, "Gid", 3) || !strncmp(line, "CapEff", 6) || !strncmp(line, "NoNewPrivs", 10))
			printf("  %s", line);
	fclose(file);
}

static void show_task(int tid)
{
	char path[LINE];

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	show_status(path);
}

static void show_own_status(void)
{
	show_status("/proc/thread-self/status");
}

/* The structures of capget(2). */
struct header {
	uint32_t version;
	int32_t pid;
};

struct capabilities {
	uint32_t effective, permitted, inheritable;
};

static uint32_t effective(int tid)
{
	struct header header = { VERSION_3, tid };
	struct capabilities data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 ? data[0].effective : 1;
}

/* --- users and groups --- */

static void give_up_user(void)
{
	SHOW(syscall(SYS_setresuid, -1, OTHER, -1));
}

static void take_user_back(void)
{
	SHOW(syscall(SYS_setresuid, -1, getuid(), -1));
}

static void open_private(void)
{
	int fd;

	SUCCEEDS(fd = open("private", O_RDWR));
	if (fd >= 0)
		close(fd);
}

static void fork_and_show(void)
{
	pid_t child = fork();

	if (child == 0) {
		show_ids("  child");
		show_own_status();
		open_private();
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void *show_thread(void *unused)
{
	show_ids("  thread of the worker");
	return unused;
}

static void begin_thread_and_show(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, show_thread, NULL);
	pthread_join(thread, NULL);
}

static void users(struct worker *worker)
{
	puts("--- users");
	in(worker, give_up_user);
	in(worker, show_worker);
	show_ids("leader");
	show_task(worker->tid);
	show_task(getpid());
	show_status("/proc/self/status");
	in(worker, show_own_status);
	printf("capabilities: worker's %x, leader's %x\n", effective(worker->tid), effective(0));
	in(worker, open_private);
	open_private();
	in(worker, fork_and_show);
	fork_and_show();
	in(worker, begin_thread_and_show);
	in(worker, take_user_back);
	in(worker, show_worker);
	in(worker, open_private);
}

static void change_groups(void)
{
	const gid_t group[2] = { 7, 9 };

	SHOW(syscall(SYS_setgroups, 2, group));
	SHOW(syscall(SYS_setresgid, -1, OTHER, -1));
}

static void groups(struct worker *worker)
{
	puts("--- groups");
	in(worker, change_groups);
	in(worker, show_worker);
	show_ids("leader");
}

/* Gives the files that it makes to another user. */
static void make_for_other(void)
{
	struct stat status;
	int fd;

	syscall(SYS_setfsuid, OTHER);
	SUCCEEDS(fd = open("made", O_CREAT | O_RDWR, 0600));
	SHOW(fstat(fd, &status));
	printf("  made for %d\n", fd < 0 ? -1 : (int)status.st_uid);
	close(fd);
	unlink("made");
}

static void file_users(struct worker *worker)
{
	puts("--- users of file systems");
	in(worker, make_for_other);
	printf("leader's: %ld\n", syscall(SYS_setfsuid, -1));
}

/* --- capabilities and promises --- */

static void drop_capabilities(void)
{
	struct header header = { VERSION_3, 0 };
	struct capabilities none[2] = { 0 };

	SHOW(syscall(SYS_capset, &header, none));
	printf("  effective now %x\n", effective(0));
	SHOW(chown("private", OTHER, -1));
}

static void promise(void)
{
	SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SHOW(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	SHOW(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
	SHOW(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
}

static void capabilities(struct worker *worker)
{
	puts("--- capabilities");
	in(worker, drop_capabilities);
	SHOW(chown("private", getuid(), -1));
	in(worker, promise);
	SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SHOW(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
}

/* --- waits and signals --- */

static int pipe_fd[2];
static volatile uid_t seen_by_handler;

static void on_signal(int number)
{
	(void)number;
	seen_by_handler = (uid_t)syscall(SYS_geteuid);
}

static void wait_in_read(void)
{
	char byte = '-';

	give_up_user();
	SHOW(read(pipe_fd[0], &byte, 1));
	printf("  handler saw %d\n", (int)seen_by_handler);
	SHOW(read(pipe_fd[0], &byte, 1));
	printf("  read %c\n", byte);
	show_ids("  worker");
}

static void await_sleep(int tid)
{
	char path[LINE], text[LINE] = "";

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	while (!strstr(text, ") S")) {
		int fd = open(path, O_RDONLY);

		text[read(fd, text, sizeof(text) - 1) % LINE] = '\0';
		close(fd);
		sched_yield();
	}
}

static void waits(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct worker worker;
	ssize_t wrote;

	puts("--- waits");
	begin(&worker);
	SHOW(pipe(pipe_fd));
	sigaction(SIGUSR1, &action, NULL);
	tell(&worker, wait_in_read);
	await_sleep(worker.tid);
	pthread_kill(worker.thread, SIGUSR1);
	await_sleep(worker.tid);
	wrote = write(pipe_fd[1], "x", 1);
	await(&worker);
	CHECK(wrote == 1);
	show_ids("leader");
	end(&worker);
}

/* --- the working directory --- */

static void go_away(void)
{
	SHOW(unshare(CLONE_FS));
	SHOW(chdir("/"));
	umask(0);
	SHOW(access("private", F_OK));
}

static void directories(void)
{
	struct worker worker;

	puts("--- working directories");
	begin(&worker);
	in(&worker, go_away);
	SHOW(access("private", F_OK));
	printf("leader's mask %o\n", (unsigned)umask(022));
	end(&worker);
}

/* --- libc changes all threads --- */

static void toggle_all(void)
{
	for (int k = 0; k < TOGGLES; k++)
		if (seteuid(k % 2 ? getuid() : OTHER) != 0) {
			printf("  seteuid: errno %d\n", errno);
			return;
		}
}

static void all_threads(void)
{
	struct worker first, second;

	puts("--- libc");
	begin(&first);
	begin(&second);
	toggle_all();
	in(&first, toggle_all);
	in(&second, show_worker);
	SHOW(setegid(OTHER));
	in(&first, show_worker);
	in(&second, show_worker);
	show_ids("leader");
	SHOW(setegid(getgid()));
	in(&first, give_up_user);
	SHOW(seteuid(OTHER)); /* now equal */
	in(&first, show_worker);
	in(&second, show_worker);
	in(&first, toggle_all);
	SHOW(seteuid(getuid()));
	end(&first);
	end(&second);
}

/* --- processes whose threads part for good --- */

static void give_up_all(void)
{
	SHOW(syscall(SYS_setresuid, OTHER, OTHER, OTHER));
}

static int own_program;

static void execute(void)
{
	char *const arguments[] = { "credentials", "shows", NULL };

	syscall(SYS_execveat, own_program, "", arguments, NULL, AT_EMPTY_PATH);
	printf("  exec: errno %d\n", errno);
	_exit(1);
}

static void run_again(void)
{
	give_up_all();
	execute();
}

/* Keeps capabilities, which the program that it executes does not get. */
static void execute_as_other(void)
{
	struct header header = { VERSION_3, 0 };
	struct capabilities set[2] = { 0 };

	SHOW(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	give_up_all();
	SHOW(syscall(SYS_capget, &header, set));
	set[0].effective = set[0].permitted;
	SHOW(syscall(SYS_capset, &header, set));
	execute();
}

/* The saved user becomes the effective one. */
static void execute_with_effective(void)
{
	give_up_user();
	execute();
}

static void execute_with_fewer(void)
{
	SHOW(prctl(PR_CAPBSET_DROP, 0, 0, 0, 0));
	execute();
}

static void leader_gives_up(void)
{
	struct worker worker;

	begin(&worker);
	give_up_all();
	show_ids("leader");
	open_private();
	in(&worker, show_worker);
	in(&worker, open_private);
	in(&worker, fork_and_show);
	exit(3);
}

static void worker_executes(void)
{
	struct worker worker;

	begin(&worker);
	in(&worker, run_again);
}

static void in_child(const char *title, void (*work)(void))
{
	pid_t child;
	int status = -1;

	printf("--- %s\n", title);
	child = fork();
	if (child == 0)
		work();
	waitpid(child, &status, 0);
	printf("status %x\n", status);
}

int main(int argc, char **argv)
{
	struct worker worker;
	int fd;

	(void)argv;
	if (argc > 1) {
		show_ids("new program");
		show_own_status();
		SHOW(prctl(PR_GET_DUMPABLE));
		if (prctl(PR_GET_DUMPABLE))
			CHECK(open("/proc/self/environ", O_RDONLY) >= 0);
		SHOW(prctl(PR_GET_KEEPCAPS));
		open_private();
		return 4;
	}
	fd = open("private", O_CREAT | O_RDWR, 0600);
	chmod(".", 0777);
	own_program = open("/proc/self/exe", O_RDONLY);
	close(fd);
	begin(&worker);
	users(&worker);
	groups(&worker);
	file_users(&worker);
	capabilities(&worker);
	end(&worker);
	show_ids("leader");
	waits();
	directories();
	all_threads();
	in_child("the leader gives up", leader_gives_up);
	in_child("a worker executes", worker_executes);
	in_child("another user executes", execute_as_other);
	in_child("an effective user executes", execute_with_effective);
	in_child("fewer capabilities", execute_with_fewer);
	return 0;
}
