/* Creates a tree and its processes, and gives out their ids. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/tree_members.h"
#include "timekeep/timekeep.h"

struct member *member_self(const struct process *process)
{
	return &process->tree->member[process->member];
}

struct member *member_find(struct tree *tree, pid_t pid)
{
	for (int i = 0; i < MEMBERS; i++)
		if (tree->member[i].state != FREE && tree->member[i].pid == pid)
			return &tree->member[i];
	return NULL;
}

/* --- ids --------------------------------------------------------------------------------------------- */

pid_t tree_new_id(struct tree *tree)
{
	return FIRST_PID + (pid_t)(tree->created++ % PIDS);
}

static bool own_id(const struct tree *tree, pid_t pid)
{
	return pid >= FIRST_PID && pid < FIRST_PID + (pid_t)(tree->created < PIDS ? tree->created : PIDS);
}

pid_t tree_to_host(const struct tree *tree, pid_t pid)
{
	for (int i = 0; i < OUTERS; i++)
		if (pid && tree->outer[i].pid == pid)
			return tree->outer[i].host_pid;
	if (!own_id(tree, pid))
		return pid;
	return tree->host_pid[pid - FIRST_PID] ? tree->host_pid[pid - FIRST_PID] : -1;
}

pid_t tree_from_host(const struct tree *tree, pid_t host_pid)
{
	if (host_pid <= 0)
		return host_pid;
	/* The host may have used an id twice: the youngest process counts. */
	for (uint32_t n = tree->created; n > 0 && n + PIDS > tree->created; n--)
		if (tree->host_pid[(n - 1) % PIDS] == host_pid)
			return FIRST_PID + (pid_t)((n - 1) % PIDS);
	for (int i = 0; i < OUTERS; i++)
		if (tree->outer[i].host_pid == host_pid)
			return tree->outer[i].pid;
	return host_pid;
}

pid_t tree_parent(const struct process *process)
{
	int parent = member_self(process)->parent;

	if (parent != NOBODY)
		return process->tree->member[parent].pid;
	return member_self(process)->pid == process->tree->first ? process->tree->outer[OUTER_PARENT].pid : 1;
}

/* --- beginning --------------------------------------------------------------------------------------- */

bool tree_create(struct process *process)
{
	size_t size = sizeof(struct tree) + tk_size();
	struct tree *tree = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const pid_t outer[] = { [OUTER_PARENT] = getppid(), [OUTER_GROUP] = getpgrp(), [OUTER_SESSION] = getsid(0) };

	if (tree == MAP_FAILED)
		return false;
	memcpy(tree->clock, process->clock->state, tk_size());
	process->clock->state = (struct timekeep *)tree->clock;
	process->time.clock_insns = &tree->insns;
	process->tree = tree;
	process->pid = tree->first = tree_new_id(tree);
	tree->host_pid[0] = getpid();
	for (int i = 0; i <= OUTER_SESSION; i++) {
		tree->outer[i].pid = FIRST_PID - OUTER_FIRST + i;
		tree->outer[i].host_pid = outer[i];
	}
	tree->member[0] = (struct member){ .state = RUNNABLE, .pid = process->pid, .host_pid = getpid(), .parent = NOBODY };
	return true;
}

uint32_t tree_ids(const struct process *process)
{
	return process->tree ? process->tree->created : 0;
}

void tree_adopt(struct process *process, pid_t pid, uint32_t ids)
{
	struct tree *tree = process->tree;
	uint32_t number = (uint32_t)(pid - FIRST_PID);

	tree->host_pid[0] = 0;
	if (number < PIDS) {
		tree->host_pid[number] = getpid();
		ids = ids > number ? ids : number + 1;
	} else {
		tree->outer[OUTER_FIRST].pid = pid;
		tree->outer[OUTER_FIRST].host_pid = getpid();
	}
	tree->created = ids;
	process->pid = process->tasks->tid = tree->first = member_self(process)->pid = pid;
}

pid_t tree_reserve(struct process *process, pid_t **told)
{
	struct tree *tree = process->tree;

	*told = NULL;
	if (!tree)
		return 0;
	for (int i = 0; i < MEMBERS; i++) {
		struct member *member = &tree->member[i];

		if (member->state != FREE)
			continue;
		*member = (struct member){ .state = RUNNABLE,
			.pid = tree_new_id(tree),
			.parent = process->member,
			.standing = member_self(process)->standing,
			.starting = true,
			.unready = true };
		tree->host_pid[member->pid - FIRST_PID] = 0;
		*told = &member->host_pid;
		return member->pid;
	}
	log_line(process->options, LOG_WARNING, "fork: processes that take turns are at most %d", MEMBERS);
	return -EAGAIN;
}

/* The host decides when a new child's emulator first runs, and that must not show. */
void tree_await_ready(const struct process *process, pid_t host_pid)
{
	enum { TRIES = 20000, PAUSE_US = 50 }; /* one second: it may have been killed */

	for (int i = 0; process->tree && i < MEMBERS; i++) {
		const struct member *member = &process->tree->member[i];

		for (int k = 0; k < TRIES && member->host_pid == host_pid && __atomic_load_n(&member->unready, __ATOMIC_SEQ_CST); k++)
			usleep(PAUSE_US);
	}
}

void tree_cancel(struct process *process, pid_t pid)
{
	if (process->tree)
		member_find(process->tree, pid)->state = FREE;
}

static void note_host_pid(struct tree *tree, pid_t pid, pid_t host_pid)
{
	member_find(tree, pid)->host_pid = host_pid;
	tree->host_pid[pid - FIRST_PID] = host_pid;
}

void member_settle_fork(struct tree *tree, const struct member *member)
{
	for (int i = 0; i < MEMBERS; i++) {
		struct member *child = &tree->member[i];

		if (!child->starting || child->parent != member - tree->member)
			continue;
		child->starting = false;
		if (child->host_pid)
			note_host_pid(tree, child->pid, child->host_pid);
		else
			child->state = FREE;
	}
}

pid_t tree_child_started(struct process *process, pid_t pid, pid_t host_pid)
{
	if (!process->tree)
		return host_pid;
	note_host_pid(process->tree, pid, host_pid);
	member_find(process->tree, pid)->starting = false;
	return pid;
}

pid_t tree_begin_child(struct process *process, pid_t pid)
{
	if (!process->tree)
		return getpid();
	process->member = (int)(member_find(process->tree, pid) - process->tree->member);
	note_host_pid(process->tree, pid, getpid());
	return pid;
}
