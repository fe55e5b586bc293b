/* Processes of a tree end, stop and continue, and send each other signals. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/tree_members.h"
#include "emu/linux/kernel/usage.h"
#include "emu/linux/kernel/observer.h"
#include "timekeep/timekeep.h"

enum { SETTLE_US = 50, SETTLE_TRIES = 10000 };

/* Returns the state letter of proc(5)'s stat: R, S, T, Z; 0 if there is no such process, or no /proc (after chroot(2)). */
static char host_state(pid_t host_pid)
{
	char path[32], line[128], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)host_pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file) && strrchr(line, ')') && strlen(strrchr(line, ')')) > 2)
		state = strrchr(line, ')')[2];
	fclose(file);
	return state;
}

/* A pidfd is readable when its process has ended, even if it was not waited for. */
static bool host_has_ended(pid_t host_pid)
{
	struct pollfd fd = { .fd = (int)syscall(SYS_pidfd_open, host_pid, 0), .events = POLLIN };
	bool ended;

	if (fd.fd < 0)
		return kill(host_pid, 0) != 0 && errno == ESRCH;
	ended = poll(&fd, 1, 0) > 0;
	close(fd.fd);
	return ended;
}

bool member_is_gone(const struct member *member)
{
	char state = host_state(member->host_pid);

	return state ? state == 'Z' || state == 'X' : host_has_ended(member->host_pid);
}

bool member_is_stopped(const struct member *member)
{
	return host_state(member->host_pid) == 'T';
}

static void poke_parent(struct tree *tree, const struct member *member)
{
	if (member->parent != NOBODY)
		member_poke(&tree->member[member->parent]);
}

void member_ended(struct tree *tree, struct member *member)
{
	member->state = ENDED;
	member->settled = false; /* it may have been true for a stop */
	poke_parent(tree, member);
}

/* --- ends -------------------------------------------------------------------------------------------- */

void tree_set_subreaper(struct process *process, bool on)
{
	if (process->tree)
		member_self(process)->subreaper = on;
}

/* Returns the new parent of a leaver's children; NOBODY: a process outside the tree. */
static int next_parent(const struct tree *tree, int leaver)
{
	int next = tree->member[leaver].parent;

	while (next != NOBODY && (!tree->member[next].subreaper || tree->member[next].state == ENDED))
		next = tree->member[next].parent;
	return next;
}

static void leave_family(struct tree *tree, int leaver)
{
	int parent = next_parent(tree, leaver);

	for (int i = 0; i < MEMBERS; i++) {
		struct member *member = &tree->member[i];

		if (member->state == FREE || member->parent != leaver)
			continue;
		member->parent = parent;
		if (member->state != ENDED)
			continue;
		if (parent == NOBODY)
			member->state = FREE;
		else
			member_ended(tree, member);
	}
}

/* The member has ended, or is about to: disarms its timer and gives its children a new parent. */
static void let_go(struct process *process, const struct member *member)
{
	tk_disarm(process->clock, (uint64_t)member->pid);
	leave_family(process->tree, (int)(member - process->tree->member));
}

void member_killed(struct process *process, struct member *member)
{
	let_go(process, member);
	if (member->state != ENDED)
		OBSERVE(process, killed, process, member->pid, false);
	member_ended(process->tree, member);
}

void member_killed_in_turn(struct process *process, struct member *member)
{
	member_settle_fork(process->tree, member);
	OBSERVE(process, killed, process, member->pid, true);
	member_killed(process, member);
}

bool tree_alone(const struct process *process)
{
	const struct tree *tree = process->tree;

	for (int i = 0; tree && i < MEMBERS; i++)
		if (i != process->member && tree->member[i].state != FREE && tree->member[i].state != ENDED)
			return false;
	return tree || !process->forked;
}

void tree_bury(struct process *process)
{
	struct tree *tree = process->tree;

	for (int i = 0; tree && i < MEMBERS; i++) {
		struct member *member = &tree->member[i];

		if (i == process->member || member->state == FREE || member->state == ENDED)
			continue;
		if (!member_is_gone(member))
			return;
		member_killed(process, member);
	}
}

void tree_leave(struct process *process)
{
	struct tree *tree = process->tree;
	struct member *member;

	if (!tree)
		return;
	member = member_self(process);
	let_go(process, member);
	syscall(SYS_close_range, 0, ~0u, process->files.shared ? CLOSE_RANGE_UNSHARE : 0);
	member->cpu_ns = process->time.cpu_ns;
	member->children_cpu_ns = process->time.children_cpu_ns;
	usage_note(process);
	member->most_kib = process->most_kib > process->children_most_kib ? process->most_kib : process->children_most_kib;
	tree->quiet = 0;
	member_ended(tree, member);
	if (member->parent == NOBODY)
		member->state = FREE;
	turn_leave(process);
}

static bool all_stopped(const struct tree *tree)
{
	for (int i = 0; i < MEMBERS; i++)
		if (tree->member[i].state == RUNNABLE || tree->member[i].state == BLOCKED)
			return false;
	return true;
}

void tree_stop(struct process *process)
{
	struct tree *tree = process->tree;
	struct member *member;

	if (!tree) {
		tk_stop(process->clock, clock_insns(process));
		return;
	}
	member = member_self(process);
	member->state = STOPPED;
	member->settled = false;
	poke_parent(tree, member);
	tree->quiet = 0;
	if (all_stopped(tree))
		tk_stop(process->clock, clock_insns(process));
	OBSERVE(process, pause, process, 0);
	turn_leave(process);
}

void tree_continue(struct process *process)
{
	if (process->tree) {
		member_self(process)->state = RUNNABLE;
		turn_take_again(process);
	}
	tk_cont(process->clock, clock_insns(process));
}

/* Waits until the host's state of a process is one of `states`, or the process has ended. Gives up after a while, since the process may
 * be stopped or continued from outside, too. */
static void await_state(pid_t host_pid, const char *states)
{
	char state = host_state(host_pid);

	for (int tries = 0; state && !strchr(states, state) && state != 'Z' && tries < SETTLE_TRIES; tries++) {
		usleep(SETTLE_US);
		state = host_state(host_pid);
	}
}

void tree_bury_children(struct process *process)
{
	struct tree *tree = process->tree;

	for (int i = 0; tree && i < MEMBERS; i++) {
		struct member *member = &tree->member[i];
		siginfo_t info = { 0 };

		if (member->state == FREE || member->state == ENDED || member->parent != process->member)
			continue;
		if (waitid(P_PID, (id_t)member->host_pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid != 0)
			member_killed(process, member);
	}
}

static bool sigchld_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGCHLD) == 1;
}

/* Waits until the host has ended or stopped the child, too. A stop shows in the child's state shortly before its parent gets SIGCHLD. */
static void settle(struct member *member)
{
	siginfo_t info;

	if (member->state == ENDED)
		waitid(P_PID, (id_t)member->host_pid, &info, WEXITED | WNOWAIT | __WALL);
	else
		await_state(member->host_pid, "T");
	for (int tries = 0; member->state == STOPPED && !sigchld_pending() && tries < SETTLE_TRIES; tries++)
		usleep(SETTLE_US);
	member->settled = true;
}

void tree_settle_children(struct process *process)
{
	struct tree *tree = process->tree;

	for (int i = 0; tree && i < MEMBERS; i++) {
		struct member *member = &tree->member[i];

		if ((member->state == ENDED || member->state == STOPPED) && member->parent == process->member && !member->settled)
			settle(member);
	}
}

pid_t tree_child_reaped(struct process *process, pid_t host_pid, int status, struct rusage *usage)
{
	struct tree *tree = process->tree;
	struct member *member;
	pid_t pid;

	if (!tree)
		return host_pid;
	pid = tree_from_host(tree, host_pid);
	member = member_find(tree, pid);
	if (!member)
		return pid;
	if (clock_counts_cpu(process))
		*usage = usage_of_ns(member->cpu_ns + member->children_cpu_ns, member->most_kib);
	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		if (member->state != ENDED)
			OBSERVE(process, killed, process, pid, false);
		process->time.children_cpu_ns += member->cpu_ns + member->children_cpu_ns;
		if (member->most_kib > process->children_most_kib)
			process->children_most_kib = member->most_kib;
		let_go(process, member);
		member->state = FREE;
	}
	return pid;
}

int tree_wait_status(const siginfo_t *info)
{
	switch (info->si_code) {
	case CLD_EXITED: return (info->si_status & 0xff) << 8;
	case CLD_KILLED:
	case CLD_DUMPED: return info->si_status;
	case CLD_CONTINUED: return 0xffff;
	default: return info->si_status << 8 | 0x7f;
	}
}

/* --- signals between members -------------------------------------------------------------------------- */

static bool is_target(const struct member *member, pid_t pid, pid_t own_group)
{
	if (member->state == FREE || member->state == ENDED)
		return false;
	if (pid > 0)
		return member->pid == pid;
	if (pid == -1)
		return true;
	return getpgid(member->host_pid) == (pid == 0 ? own_group : -pid);
}

void tree_signal_to_send(struct process *process, pid_t pid, int number)
{
	struct tree *tree = process->tree;
	pid_t group = pid < -1 ? -tree_to_host(tree, -pid) : pid;

	for (int i = 0; i < MEMBERS; i++) {
		struct member *member = &tree->member[i];

		if (i == process->member || !is_target(member, group, getpgrp()))
			continue;
		member->targeted = true;
		if (member->state == STOPPED && (number == SIGCONT || number == SIGKILL))
			await_state(member->host_pid, "T");
	}
}

static void await_death(struct member *member)
{
	struct pollfd fd = { .fd = (int)syscall(SYS_pidfd_open, member->host_pid, 0), .events = POLLIN };

	if (fd.fd < 0)
		return;
	poll(&fd, 1, -1);
	close(fd.fd);
}

void tree_signal_sent(struct process *process, int number)
{
	struct tree *tree = process->tree;

	for (int i = 0; i < MEMBERS; i++) {
		struct member *member = &tree->member[i];

		if (!member->targeted)
			continue;
		member->targeted = false;
		member_poke(member);
		if (number == SIGKILL) {
			await_death(member);
			member_killed(process, member);
		} else if (number == SIGSTOP && member->state != STOPPED) {
			member->state = STOPPED;
			member->settled = false;
		} else if (number == SIGCONT && member->state == STOPPED) {
			member->state = RUNNABLE;
			await_state(member->host_pid, "S"); /* the member sleeps, waiting for its turn: then its parent has got SIGCHLD */
		}
	}
}
