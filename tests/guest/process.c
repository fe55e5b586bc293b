/* Processes: fork, vfork, posix_spawn, exec and its errors, wait in all forms, statuses, groups, exit. */
/* tests/guest.test: --serial */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

extern char **environ;
static char *self;
static void *volatile nowhere = (void *)8;

static void show_status(const char *what, int status)
{
	if (WIFEXITED(status))
		printf("%s: exit status %d\n", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("%s: killed by %d\n", what, WTERMSIG(status));
	else
		printf("%s: status %#x\n", what, status);
}

static void forks(void)
{
	int shared_status, local = 1;
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = fork();

	if (child == 0) {
		local = 2;
		*shared = 5;
		CHECK(getppid() != getpid());
		_exit(200 + local);
	}
	CHECK(waitpid(child, &shared_status, 0) == child);
	show_status("fork", shared_status);
	printf("local %d shared %d\n", local, *shared);
	SHOW(waitpid(child, NULL, 0));
	SHOW(wait(NULL));
	for (int i = 0; i < 5; i++)
		if (fork() == 0)
			_exit(i * 10);
	for (int i = 0, sum = 0; i < 5; i++) {
		wait(&shared_status);
		sum += WEXITSTATUS(shared_status);
		if (i == 4)
			printf("five children: %d\n", sum);
	}
}

static void vforks(void)
{
	volatile int local = 1;
	int status;
	pid_t child = vfork();

	if (child == 0) {
		local = 2; /* the parent's memory */
		execl(self, self, "exit", "33", NULL);
		_exit(1);
	}
	waitpid(child, &status, 0);
	show_status("vfork", status);
	CHECK(local == 2);
}

static void spawns(void)
{
	char *exit7[] = { self, "exit", "7", NULL }, *echo[] = { self, "echo", NULL };
	posix_spawn_file_actions_t actions;
	int status, fds[2];
	char text[64] = "";
	pid_t child;

	SHOW(posix_spawn(&child, self, NULL, NULL, exit7, environ));
	waitpid(child, &status, 0);
	show_status("posix_spawn", status);
	SHOW(posix_spawn(&child, "/no/such/file", NULL, NULL, exit7, environ));
	if (pipe(fds) != 0)
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
	posix_spawn_file_actions_addclose(&actions, fds[0]);
	posix_spawn_file_actions_addclose(&actions, fds[1]);
	SHOW(posix_spawn(&child, self, &actions, NULL, echo, environ));
	close(fds[1]);
	SHOW(read(fds[0], text, sizeof(text) - 1));
	printf("child said '%s'\n", text);
	waitpid(child, &status, 0);
	SHOW(system("exit 5"));
	close(fds[0]);
}

static void exec_errors(void)
{
	char *arguments[] = { self, NULL };
	int fd;

	SHOW(execve("/no/such/file", arguments, environ));
	SHOW(execve("/etc/passwd", arguments, environ));
	SHOW(execve("/tmp", arguments, environ));
	SHOW(execve("", arguments, environ));
	SHOW(execve("/etc/passwd/x", arguments, environ));
	fd = open("text", O_CREAT | O_WRONLY, 0700);
	SHOW(write(fd, "no program\n", 11));
	close(fd);
	SHOW(execve("./text", arguments, environ));
	fd = open("script", O_CREAT | O_WRONLY, 0700);
	dprintf(fd, "#!/no/such/interpreter\n");
	close(fd);
	SHOW(execve("./script", arguments, environ));
	SHOW(execve(self, arguments, nowhere));
	SHOW(mkfifo("pipe", 0700));
	SHOW(execve("./pipe", arguments, environ));
	SHOW(symlink(self, "link"));
	SHOW(syscall(SYS_execveat, AT_FDCWD, "link", arguments, environ, AT_SYMLINK_NOFOLLOW));
}

/* An int's upper half is ignored. If a child's descriptor and its id would be stored at the same place, neither is. */
static void odd_arguments(void)
{
	unsigned long fs = 0, gs = 1;
	int place = -1;

	SHOW(syscall(SYS_arch_prctl, 0x100001003 /* ARCH_GET_FS */, &fs));
	SHOW(syscall(SYS_arch_prctl, 0x100001002 /* ARCH_SET_FS */, fs));
	SHOW(syscall(SYS_arch_prctl, 0x1004 /* ARCH_GET_GS */, &gs));
	CHECK(fs != 0 && gs == 0);
	SHOW(syscall(SYS_clone, CLONE_PARENT_SETTID | 0x1000 /* CLONE_PIDFD */ | SIGCHLD, NULL, &place, NULL, NULL));
}

/* Children whose ends need no report vanish, however many there are. */
static void unwanted_children(void)
{
	int started = 0, refused = 0;

	signal(SIGCHLD, SIG_IGN);
	for (; started < 220; started++) {
		pid_t child = fork();

		if (child == 0)
			_exit(1);
		if (child < 0 || wait(NULL) != -1 || errno != ECHILD)
			refused++;
	}
	printf("children %d, wrong %d\n", started, refused);
	signal(SIGCHLD, SIG_DFL);
}

/* More than a quarter of the stack, or than all of a small one. */
static void too_many_arguments(rlim_t stack, size_t count)
{
	static char *arguments[64], word[60000];
	struct rlimit limit;

	memset(word, 'x', sizeof(word) - 1);
	for (size_t i = 0; i < count; i++)
		arguments[i] = word;
	if (fork() == 0) {
		getrlimit(RLIMIT_STACK, &limit);
		limit.rlim_cur = stack;
		setrlimit(RLIMIT_STACK, &limit);
		SHOW(execve(self, arguments, environ));
		_exit(0);
	}
	wait(NULL);
}

static void script(void)
{
	int fd = open("runs", O_CREAT | O_WRONLY, 0700), status;

	dprintf(fd, "#!%s script argument\nthe text is not read\n", self);
	close(fd);
	if (fork() == 0) {
		execl("./runs", "not seen", "last", NULL);
		_exit(1);
	}
	wait(&status);
	show_status("script", status);
	fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
	if (fork() == 0) {
		char *arguments[] = { "true", NULL };

		fexecve(fd, arguments, environ);
		_exit(1);
	}
	wait(&status);
	show_status("fexecve", status);
}

static void waits(void)
{
	siginfo_t info;
	struct rusage usage;
	int status;
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	SHOW(waitpid(child, &status, WNOHANG));
	memset(&info, 0, sizeof(info));
	SHOW(waitid(P_PID, child, &info, WEXITED | WNOHANG));
	printf("nothing yet: pid %d\n", info.si_pid);
	kill(child, SIGSTOP);
	SHOW(waitid(P_PID, child, &info, WSTOPPED));
	printf("signal %d code %d status %d\n", info.si_signo, info.si_code, info.si_status);
	kill(child, SIGCONT);
	SHOW(waitid(P_PID, child, &info, WCONTINUED));
	printf("signal %d code %d status %d\n", info.si_signo, info.si_code, info.si_status);
	kill(child, SIGKILL);
	SHOW(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	printf("signal %d code %d status %d\n", info.si_signo, info.si_code, info.si_status);
	CHECK(wait4(child, &status, 0, &usage) == child);
	show_status("killed", status);
	SHOW(waitid(P_PID, child, &info, WEXITED));
	SHOW(waitid(P_ALL, 0, &info, 0));
	if (fork() == 0)
		abort();
	wait(&status);
	show_status("abort", status);
	if (fork() == 0)
		*(volatile int *)nowhere = 0;
	wait(&status);
	show_status("fault", status);
}

/* Children whose end is reported by another signal than SIGCHLD, or by none. The wait for the latter must end all the same. */
static void silent_children(void)
{
	static const int told_by[] = { 0, SIGUSR1 };
	siginfo_t info;
	int status;

	signal(SIGUSR1, SIG_IGN);
	for (int k = 0; k < 3; k++) {
		pid_t child = (pid_t)syscall(SYS_clone, told_by[k % 2], 0, 0, 0, 0);

		if (child == 0) {
			usleep(10000);
			_exit(40 + k);
		}
		SHOW(waitpid(child, &status, 0)); /* not for such ones */
		if (k < 2)
			CHECK(waitpid(k ? -1 : child, &status, k ? __WALL : __WCLONE) == child);
		else
			SHOW(waitid(P_PID, child, &info, WEXITED | __WALL));
		if (k < 2)
			show_status("silent", status);
		else
			printf("code %d status %d\n", info.si_code, info.si_status);
	}
	SHOW(waitpid(-1, &status, __WALL));
}

static void close_on_exec(void)
{
	int kept = open("/dev/null", O_RDONLY), closed = open("/dev/null", O_RDONLY | O_CLOEXEC), status;
	char numbers[2][12];

	snprintf(numbers[0], sizeof(*numbers), "%d", kept);
	snprintf(numbers[1], sizeof(*numbers), "%d", closed);
	if (fork() == 0) {
		execl(self, self, "fds", numbers[0], numbers[1], NULL);
		_exit(1);
	}
	wait(&status);
	show_status("close on exec", status);
	close(kept);
	close(closed);
}

static void groups(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		CHECK(setsid() == getpid());
		CHECK(getsid(0) == getpid() && getpgrp() == getpid());
		SHOW(setsid());
		if (fork() == 0) {
			SHOW(setpgid(0, 0));
			CHECK(getpgrp() == getpid());
			_exit(0);
		}
		wait(NULL);
		CHECK(getpriority(PRIO_PROCESS, 0) == 0);
		_exit(syscall(SYS_gettid) == getpid() ? 4 : 5);
	}
	waitpid(child, &status, 0);
	show_status("session", status);
	SHOW(sched_yield());
	SHOW(getpgid(999999999));
}

static void at_exit(void)
{
	puts("atexit called");
}

/* The exec'd copies of this program. */
static int child_main(int argc, char **argv)
{
	if (strcmp(argv[1], "exit") == 0)
		return atoi(argv[2]);
	if (strcmp(argv[1], "echo") == 0) {
		puts("hello from a child");
		return 0;
	}
	if (strcmp(argv[1], "fds") == 0) {
		CHECK(fcntl(atoi(argv[2]), F_GETFD) == 0);
		CHECK(fcntl(atoi(argv[3]), F_GETFD) == -1);
		return 6;
	}
	for (int i = 1; i < argc; i++)
		printf("script's argv[%d] '%s'\n", i, argv[i]);
	return 8;
}

/* Calls that name a process, of which three hide it in a structure or by another argument. */
static void asked_by_id(void)
{
	struct {
		uint32_t version;
		int pid;
	} header = { 0x20080522, getpid() };
	uint32_t data[6];
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	SHOW(syscall(SYS_capget, &header, data));
	header.pid = child;
	SHOW(syscall(SYS_capget, &header, data));
	header.pid = getpid();
	SHOW(syscall(SYS_capset, &header, data));
	header = (typeof(header)){ .version = 1, .pid = getpid() };
	SHOW(syscall(SYS_capget, &header, data));
	CHECK(header.version == 0x20080522);
	SHOW(syscall(SYS_ioprio_get, 1, getpid()));
	SHOW(syscall(SYS_ioprio_get, 1, child));
	SHOW(syscall(SYS_ioprio_set, 1, child, 2 << 13 | 7));
	SHOW(syscall(SYS_ioprio_get, 1, child));
	SHOW(syscall(SYS_ioprio_get, 3, getuid()) >= 0);
	SHOW(syscall(SYS_kcmp, getpid(), child, 0, 1, 1));
	CHECK(syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 1) != -1);
	SHOW(syscall(SYS_kcmp, getpid(), 1 << 30, 0, 1, 0));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1)
		return child_main(argc, argv);
	forks();
	vforks();
	asked_by_id();
	spawns();
	exec_errors();
	too_many_arguments(8 << 20, 40);
	too_many_arguments(64 << 10, 2);
	unwanted_children();
	odd_arguments();
	script();
	waits();
	silent_children();
	close_on_exec();
	groups();
	atexit(at_exit);
	exit(77);
}
