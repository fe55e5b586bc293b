/* kill_at N COMMAND...: runs the command, and kills the process that is the N-th to begin or to end a system call. The other processes
 * go on. Standard error tells which call it was, if it had been made, and if the others went on: that is, made a call other than those
 * by which an ended process leaves. The exit status is the command's, 128 + N after a death by signal, or 77 if the host does not permit
 * tracing. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRACED_MAX = 512, CANNOT_TRACE = 77, SYSCALL_STOP = SIGTRAP | 0x80 };

/* The processes, and whether each is within a call. */
static struct traced {
	pid_t pid;
	bool in_call;
} traced[TRACED_MAX];
static unsigned processes;

static struct traced *find(pid_t pid)
{
	for (unsigned k = 0; k < processes; k++)
		if (traced[k].pid == pid)
			return &traced[k];
	if (processes == TRACED_MAX) {
		fprintf(stderr, "kill_at: too many processes\n");
		exit(1);
	}
	traced[processes] = (struct traced){ .pid = pid };
	return &traced[processes++];
}

static void forget(pid_t pid)
{
	*find(pid) = traced[processes - 1];
	processes--;
}

static void start(char **command)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			_exit(CANNOT_TRACE);
		raise(SIGSTOP);
		execvp(command[0], command);
		_exit(127);
	}
	find(pid);
}

static void kill_there(struct traced *process)
{
	struct user_regs_struct registers;

	ptrace(PTRACE_GETREGS, process->pid, 0, &registers);
	fprintf(stderr, "kill_at: call %lld, %s, ", (long long)registers.orig_rax, process->in_call ? "not made" : "made");
	kill(process->pid, SIGKILL);
}

/* Returns true if the call that the process is about to make is not one by which it leaves. */
static bool goes_on(pid_t pid)
{
	struct user_regs_struct registers;

	return ptrace(PTRACE_GETREGS, pid, 0, &registers) == 0 && registers.orig_rax != SYS_futex
		&& registers.orig_rax != SYS_rt_sigqueueinfo && registers.orig_rax != SYS_exit_group;
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	long left = argc > 2 ? atol(argv[1]) : 0;
	int status, root_status = 0;
	bool others = false;
	pid_t root, pid;

	if (left <= 0)
		return 1;
	start(argv + 2);
	root = traced[0].pid;
	if (waitpid(root, &status, 0) != root || !WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, root, 0, options) < 0)
		return CANNOT_TRACE;
	ptrace(PTRACE_SYSCALL, root, 0, 0);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		struct traced *process = find(pid);
		int number = 0;

		if (!WIFSTOPPED(status)) {
			root_status = pid == root ? status : root_status;
			forget(pid);
			continue;
		}
		if (WSTOPSIG(status) == SYSCALL_STOP) {
			process->in_call = !process->in_call;
			left--;
			if (left == 0) {
				kill_there(process);
				continue;
			}
			others = others || (left < 0 && process->in_call && goes_on(pid));
		} else if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP) {
			number = WSTOPSIG(status);
		}
		ptrace(PTRACE_SYSCALL, pid, 0, number);
	}
	fprintf(stderr, "%s\n", left > 0 ? "kill_at: never" : others ? "others go on" : "nobody goes on");
	return WIFEXITED(root_status) ? WEXITSTATUS(root_status) : 128 + WTERMSIG(root_status);
}
