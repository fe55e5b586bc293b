/* Runs a command and stops it when it has had its time, as timeout(1) does: limit [-f] SECONDS COMMAND [ARG...]
 * Time counts as CPU time while anything in the command's tree of processes can run, and as elapsed time while all of it waits. So a
 * machine that is busy with other things stops nothing that would have been in time, and a test that hangs is stopped all the same.
 * Status: the command's; 124 if it was stopped; 127 if it cannot be run. A command that dies of a signal takes this program along.
 * -f: in the caller's process group, so that a terminal's signals arrive. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STOPPED = 124, NOT_RUN = 127, LOOK_MS = 250, GRACE_S = 2, PROCESSES_MAX = 4096 };

struct seen {
	pid_t pid, parent;
	double cpu; /* seconds, its waited-for children's included */
	bool ours;
};

struct tree {
	struct seen process[PROCESSES_MAX];
	unsigned count;
};

/* Reads a stat file of /proc: proc(5). Returns false if it is gone. */
static bool read_stat(const char *path, struct seen *seen, char *state)
{
	char text[1024], *at;
	unsigned long user, system, child_user, child_system;
	FILE *file = fopen(path, "re");
	size_t size;

	if (!file)
		return false;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	at = strrchr(text, ')'); /* a name may hold anything */
	if (!at
		|| sscanf(at + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu", state, &seen->parent, &user, &system,
			   &child_user, &child_system)
			!= 6)
		return false;
	seen->pid = atoi(text);
	seen->cpu = (double)(user + system + child_user + child_system) / (double)sysconf(_SC_CLK_TCK);
	return true;
}

static void look_at_all(struct tree *tree)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[64], state;

	tree->count = 0;
	while (proc && (entry = readdir(proc)) && tree->count < PROCESSES_MAX) {
		snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
		if (isdigit((unsigned char)*entry->d_name) && read_stat(path, &tree->process[tree->count], &state))
			tree->process[tree->count++].ours = false;
	}
	if (proc)
		closedir(proc);
}

/* Marks the descendants of `root`, but not `root` itself. */
static void find_ours(struct tree *tree, pid_t root)
{
	bool more = true;

	while (more) {
		more = false;
		for (unsigned k = 0; k < tree->count; k++) {
			struct seen *seen = &tree->process[k];
			bool child = seen->parent == root;

			for (unsigned p = 0; p < tree->count && !child; p++)
				child = tree->process[p].ours && tree->process[p].pid == seen->parent;
			more |= child && !seen->ours;
			seen->ours |= child;
		}
	}
}

static bool has_runnable_thread(pid_t pid)
{
	char path[64], state = 'S';
	struct dirent *entry;
	struct seen seen;
	bool runs = false;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && !runs && (entry = readdir(tasks))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", pid, entry->d_name);
		runs = isdigit((unsigned char)*entry->d_name) && read_stat(path, &seen, &state) && (state == 'R' || state == 'D');
	}
	if (tasks)
		closedir(tasks);
	return runs;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The time that the tree has used so far. */
struct meter {
	double used, looked, cpu;
};

static void charge(struct meter *meter, struct tree *tree)
{
	double elapsed, ran, cpu = 0, time = now();
	bool runs = false;

	look_at_all(tree);
	find_ours(tree, getpid());
	for (unsigned k = 0; k < tree->count; k++) {
		if (!tree->process[k].ours)
			continue;
		cpu += tree->process[k].cpu;
		runs = runs || has_runnable_thread(tree->process[k].pid);
	}
	elapsed = time - meter->looked;
	ran = cpu > meter->cpu ? cpu - meter->cpu : 0; /* it is less after a process has ended for which no process waited */
	meter->used += runs && ran < elapsed ? ran : elapsed;
	meter->looked = time;
	meter->cpu = cpu;
}

static void stop(struct tree *tree, int signal)
{
	look_at_all(tree);
	find_ours(tree, getpid());
	for (unsigned k = 0; k < tree->count; k++) {
		if (tree->process[k].ours) {
			kill(tree->process[k].pid, signal);
			kill(tree->process[k].pid, SIGCONT);
		}
	}
}

/* Waits up to `ms` milliseconds. Returns true if the command has ended. Passes a signal that ends this program on to the command. */
static bool ended(pid_t pid, int ms, const sigset_t *signals, int *status)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
	int signal = sigtimedwait(signals, NULL, &time);

	if (signal > 0 && signal != SIGCHLD)
		kill(pid, signal);
	return waitpid(pid, status, WNOHANG) == pid;
}

static _Noreturn void end_like(int status)
{
	struct rlimit none = { 0, 0 };
	sigset_t all;

	if (!WIFSIGNALED(status))
		exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	raise(WTERMSIG(status));
	exit(128 + WTERMSIG(status));
}

static pid_t start(char **command, const sigset_t *before)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	sigprocmask(SIG_SETMASK, before, NULL);
	execvp(*command, command);
	fprintf(stderr, "limit: %s: %s\n", *command, strerror(errno));
	_exit(NOT_RUN);
}

int main(int argc, char **argv)
{
	static struct tree tree;
	bool foreground = argc > 1 && strcmp(argv[1], "-f") == 0;
	char **words = argv + 1 + foreground;
	struct meter meter = { .looked = now() };
	sigset_t signals, before;
	int status;
	pid_t pid;

	if (argc < 3 + foreground) {
		fprintf(stderr, "usage: limit [-f] SECONDS COMMAND [ARG...]\n");
		return NOT_RUN;
	}
	if (!foreground)
		setpgid(0, 0);
	sigemptyset(&signals);
	for (unsigned k = 0; k < 4; k++)
		sigaddset(&signals, (const int[]){ SIGCHLD, SIGTERM, SIGINT, SIGHUP }[k]);
	sigprocmask(SIG_BLOCK, &signals, &before);
	pid = start(words + 1, &before);
	while (pid > 0 && !ended(pid, LOOK_MS, &signals, &status)) {
		charge(&meter, &tree);
		if (meter.used < atof(*words))
			continue;
		stop(&tree, SIGTERM);
		if (!ended(pid, GRACE_S * 1000, &signals, &status))
			stop(&tree, SIGKILL);
		return STOPPED;
	}
	if (pid > 0)
		end_like(status);
	perror("limit: fork");
	return NOT_RUN;
}
