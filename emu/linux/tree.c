#include "emu/linux/tree.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "emu/linux/schedule.h"
#include "emu/linux/signal.h"
#include "emu/linux/usage.h"
#include "emu/trace/record.h"
#include "timekeep/timekeep.h"

enum { MEMBERS = 200, FIRST_PID = 10000, PIDS = 65536, OUTERS = 3, NOBODY = -1 };
enum { DOORBELL = 64, DOORBELL_MAGIC = 0x7469636b };
enum { CHECK_HOLDER_MS = 1000, SETTLE_US = 50 };

enum member_state { FREE, RUNNABLE, BLOCKED, STOPPED, ENDED };

struct member {
	enum member_state state;
	pid_t pid, host_pid;
	int parent;          /* index, or NOBODY */
	bool polls;          /* BLOCKED: wants to look whether others have ended that */
	bool external;       /* BLOCKED: has descriptors that somebody outside may make ready */
	bool poked;          /* BLOCKED: something happened that may end it */
	bool targeted;       /* a signal to it is being sent */
	bool settled;        /* STOPPED, ENDED: the host has done it too */
	int64_t cpu_ns, children_cpu_ns;
};

/* In memory that all processes of the tree share. Only the one that holds the turn writes, but for `poked` and `turn` where
 * the text says so. */
struct tree {
	uint64_t insns;      /* executed by all */
	int turn;            /* index of the member that runs */
	unsigned quiet;      /* turns in a row that found nothing to run */
	bool watching;       /* the holder waits on the host; blocked members watch their descriptors */
	uint32_t created;    /* ids given out */
	struct { pid_t pid, host_pid; } outer[OUTERS]; /* parent, group and session that the tree was started in */
	pid_t host_pid[PIDS]; /* by guest id, from FIRST_PID; kept for the sake of groups whose leader has gone */
	struct member member[MEMBERS];
	uint64_t clock[];    /* struct timekeep */
};

static struct member *self(const struct process *process)
{
	return &process->tree->member[process->member];
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
		if (tree->outer[i].pid == pid)
			return tree->outer[i].host_pid;
	if (!own_id(tree, pid))
		return pid;
	return tree->host_pid[pid - FIRST_PID] ? tree->host_pid[pid - FIRST_PID] : -1;
}

pid_t tree_from_host(const struct tree *tree, pid_t host_pid)
{
	if (host_pid <= 0)
		return host_pid;
	/* The host may have used an id twice: the youngest one counts. */
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
	int parent = self(process)->parent;

	if (parent != NOBODY)
		return process->tree->member[parent].pid;
	return self(process)->pid == FIRST_PID ? process->tree->outer[0].pid : 1;
}

static struct member *find_member(struct tree *tree, pid_t pid)
{
	for (int i = 0; i < MEMBERS; i++)
		if (tree->member[i].state != FREE && tree->member[i].pid == pid)
			return &tree->member[i];
	return NULL;
}

/* --- beginning --------------------------------------------------------------------------------------- */

bool tree_create(struct process *process)
{
	size_t size = sizeof(struct tree) + tk_size();
	struct tree *tree = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const pid_t outer[OUTERS] = { getppid(), getpgrp(), getsid(0) };

	if (tree == MAP_FAILED)
		return false;
	memcpy(tree->clock, process->clock->state, tk_size());
	process->clock->state = (struct timekeep *)tree->clock;
	process->clock_insns = &tree->insns;
	process->tree = tree;
	process->pid = tree_new_id(tree);
	tree->host_pid[0] = getpid();
	for (int i = 0; i < OUTERS; i++) {
		tree->outer[i].pid = FIRST_PID - OUTERS + i;
		tree->outer[i].host_pid = outer[i];
	}
	tree->member[0] = (struct member){ .state = RUNNABLE, .pid = process->pid, .host_pid = getpid(), .parent = NOBODY };
	return true;
}

pid_t tree_reserve(struct process *process)
{
	struct tree *tree = process->tree;

	if (!tree)
		return 0;
	for (int i = 0; i < MEMBERS; i++) {
		if (tree->member[i].state == FREE) {
			tree->member[i] = (struct member){
				.state = RUNNABLE, .pid = tree_new_id(tree), .parent = process->member,
			};
			return tree->member[i].pid;
		}
	}
	return -EAGAIN;
}

void tree_cancel(struct process *process, pid_t pid)
{
	if (process->tree)
		find_member(process->tree, pid)->state = FREE;
}

static void note_host_pid(struct tree *tree, pid_t pid, pid_t host_pid)
{
	find_member(tree, pid)->host_pid = host_pid;
	tree->host_pid[pid - FIRST_PID] = host_pid;
}

pid_t tree_child_started(struct process *process, pid_t pid, pid_t host_pid)
{
	if (!process->tree)
		return host_pid;
	note_host_pid(process->tree, pid, host_pid);
	return pid;
}

pid_t tree_begin_child(struct process *process, pid_t pid)
{
	if (!process->tree)
		return getpid();
	process->member = (int)(find_member(process->tree, pid) - process->tree->member);
	return pid;
}

/* --- the doorbell ------------------------------------------------------------------------------------ */

bool tree_is_doorbell(const siginfo_t *info)
{
	return info->si_signo == DOORBELL && info->si_code == SI_QUEUE && info->si_value.sival_int == DOORBELL_MAGIC;
}

static void ring(const struct member *member)
{
	sigqueue(member->host_pid, DOORBELL, (union sigval){ .sival_int = DOORBELL_MAGIC });
}

/* Takes doorbells; waits for one if there is none and `block`. */
static bool answer_doorbell(struct process *process, bool block)
{
	struct timespec limit = { .tv_sec = block ? CHECK_HOLDER_MS / 1000 : 0 };
	bool rang = false;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, DOORBELL);
	while (sigtimedwait(&set, &info, &limit) == DOORBELL) {
		limit = (struct timespec){ 0 };
		rang = true;
		if (!tree_is_doorbell(&info)) { /* the guest's own */
			signal_host_deliver(process, &info);
			self(process)->poked = true;
		}
	}
	return rang;
}

/* --- turns ------------------------------------------------------------------------------------------- */

static bool wants_turn(const struct member *member)
{
	return member->state == RUNNABLE || (member->state == BLOCKED && (member->polls || member->poked));
}

/* The next after `from` in order of creation that wants the turn, itself last; NOBODY. */
static int next_member(const struct tree *tree, int from)
{
	for (int i = 1; i <= MEMBERS; i++)
		if (wants_turn(&tree->member[(from + i) % MEMBERS]))
			return (from + i) % MEMBERS;
	return NOBODY;
}

/* Who gets the turn from a process that cannot take it back: where nobody wants it, one that is blocked waits for what comes. */
static int heir(const struct tree *tree, int from)
{
	int next = next_member(tree, from);

	for (int i = 0; next == NOBODY && i < MEMBERS; i++)
		if (tree->member[i].state == BLOCKED)
			next = i;
	return next;
}

static void give_turn(struct tree *tree, int to)
{
	__atomic_store_n(&tree->turn, to, __ATOMIC_SEQ_CST);
	if (to != NOBODY)
		ring(&tree->member[to]);
}

static bool has_turn(const struct process *process)
{
	return __atomic_load_n(&process->tree->turn, __ATOMIC_SEQ_CST) == process->member;
}

/* A letter of proc(5)'s stat: R, S, T, Z; 0 if there is no such process. */
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

static void mark_ended(struct tree *tree, struct member *member)
{
	member->state = ENDED;
	member->settled = false; /* as a stop it may have been */
	if (member->parent != NOBODY)
		tree->member[member->parent].poked = true;
}

/* Somebody outside may have killed the holder: then the turn is taken from it. */
static void check_holder(struct process *process)
{
	struct tree *tree = process->tree;
	int holder = __atomic_load_n(&tree->turn, __ATOMIC_SEQ_CST);
	char state;

	if (holder == NOBODY || holder == process->member)
		return;
	state = host_state(tree->member[holder].host_pid);
	if (state != 0 && state != 'Z' && state != 'X')
		return;
	if (__atomic_compare_exchange_n(&tree->turn, &holder, process->member, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		mark_ended(tree, &tree->member[holder]);
}

/* Looks after what could end this process's wait, while it has not got the turn. */
static void watch(struct process *process, const struct turn_end *end)
{
	struct tree *tree = process->tree;
	bool descriptors = tree->watching && self(process)->state == BLOCKED;
	struct pollfd *fds = descriptors ? end->fds : end->fds + end->count - 1;
	int ready = poll(fds, descriptors ? end->count : 1, CHECK_HOLDER_MS);

	if (ready == 0)
		check_holder(process);
	if (ready <= 0 || answer_doorbell(process, false))
		return;
	self(process)->poked = true;
	if (tree->watching && tree->turn != NOBODY)
		ring(&tree->member[tree->turn]);
}

static void await_turn(struct process *process, const struct turn_end *end)
{
	while (!has_turn(process)) {
		if (end && !self(process)->poked)
			watch(process, end);
		else if (!answer_doorbell(process, true))
			check_holder(process);
	}
	self(process)->poked = false;
}

void tree_await_turn(struct process *process)
{
	if (process->tree)
		await_turn(process, NULL);
}

static unsigned pollers(const struct tree *tree)
{
	unsigned count = 0;

	for (int i = 0; i < MEMBERS; i++)
		count += tree->member[i].state == BLOCKED && tree->member[i].polls;
	return count;
}

static bool somebody_runs(const struct tree *tree)
{
	for (int i = 0; i < MEMBERS; i++)
		if (tree->member[i].state == RUNNABLE || (tree->member[i].state == BLOCKED && tree->member[i].poked))
			return true;
	return false;
}

bool tree_take_turns(struct process *process, const struct turn_end *end)
{
	struct tree *tree = process->tree;
	struct member *member;
	int next;

	if (!tree)
		return end->blocked;
	member = self(process);
	member->state = end->blocked ? BLOCKED : RUNNABLE;
	member->external = end->count > 1; /* the last one is for signals */
	member->polls = member->external || end->watches_memory;
	tree->quiet = end->ran ? 0 : tree->quiet + 1;
	if (end->blocked && !somebody_runs(tree) && tree->quiet > pollers(tree)) {
		tree->quiet = 0;
		return true;
	}
	next = next_member(tree, process->member);
	if (next != process->member && next != NOBODY) {
		record_pause(process, 0);
		give_turn(tree, next);
		await_turn(process, end);
	}
	return false;
}

void tree_watch(struct process *process, bool on)
{
	struct tree *tree = process->tree;

	if (!tree)
		return;
	tree->watching = on;
	for (int i = 0; on && i < MEMBERS; i++)
		if (tree->member[i].state == BLOCKED && i != process->member)
			ring(&tree->member[i]);
}

bool tree_somebody_runs(const struct process *process)
{
	return process->tree && somebody_runs(process->tree);
}

bool tree_external(const struct process *process)
{
	const struct tree *tree = process->tree;

	for (int i = 0; i < MEMBERS; i++)
		if ((tree->member[i].state == BLOCKED && tree->member[i].external) || tree->member[i].state == STOPPED)
			return true;
	return false;
}

void tree_timer_expired(struct process *process, pid_t pid)
{
	struct member *member = process->tree ? find_member(process->tree, pid) : NULL;

	if (member)
		member->poked = true;
}

void tree_wall_changed(struct process *process)
{
	if (!process->tree)
		return;
	for (int i = 0; i < MEMBERS; i++)
		process->tree->member[i].poked = true;
}

/* --- ends -------------------------------------------------------------------------------------------- */

static void leave_family(struct tree *tree, int leaver)
{
	for (int i = 0; i < MEMBERS; i++) {
		struct member *member = &tree->member[i];

		if (member->state == FREE || member->parent != leaver)
			continue;
		member->parent = NOBODY;
		if (member->state == ENDED)
			member->state = FREE;
	}
}

bool tree_alone(const struct process *process)
{
	const struct tree *tree = process->tree;

	for (int i = 0; tree && i < MEMBERS; i++)
		if (i != process->member && tree->member[i].state != FREE && tree->member[i].state != ENDED)
			return false;
	return tree || !process->forked;
}

void tree_leave(struct process *process, int status)
{
	struct tree *tree = process->tree;
	struct member *member;

	(void)status;
	if (!tree)
		return;
	member = self(process);
	tk_disarm(process->clock, (uint64_t)process->pid);
	syscall(SYS_close_range, 0, ~0u, 0);
	leave_family(tree, process->member);
	member->cpu_ns = process->cpu_ns;
	member->children_cpu_ns = process->children_cpu_ns;
	tree->quiet = 0;
	mark_ended(tree, member);
	if (member->parent == NOBODY)
		member->state = FREE;
	give_turn(tree, heir(tree, process->member));
}

void tree_stop(struct process *process)
{
	struct tree *tree = process->tree;
	struct member *member;
	int next;

	if (!tree) {
		tk_stop(process->clock, clock_insns(process));
		return;
	}
	member = self(process);
	member->state = STOPPED;
	member->settled = false;
	if (member->parent != NOBODY)
		tree->member[member->parent].poked = true;
	tree->quiet = 0;
	next = heir(tree, process->member);
	if (next == NOBODY)
		tk_stop(process->clock, clock_insns(process));
	give_turn(tree, next);
}

void tree_continue(struct process *process)
{
	struct tree *tree = process->tree;
	struct member *member;
	int nobody = NOBODY;

	if (!tree) {
		tk_cont(process->clock, clock_insns(process));
		return;
	}
	member = self(process);
	member->state = RUNNABLE;
	if (tree->watching && tree->turn != NOBODY)
		ring(&tree->member[tree->turn]);
	__atomic_compare_exchange_n(&tree->turn, &nobody, process->member, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	await_turn(process, NULL);
	tk_cont(process->clock, clock_insns(process));
}

static void settle(struct member *member)
{
	siginfo_t info;
	char state;

	if (member->state == ENDED)
		waitid(P_PID, (id_t)member->host_pid, &info, WEXITED | WNOWAIT | __WALL);
	while (member->state == STOPPED && (state = host_state(member->host_pid)) != 'T' && state != 'Z' && state != 0)
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
	member = find_member(tree, pid);
	if (!member)
		return pid;
	if (clock_counts_cpu(process))
		*usage = usage_of_ns(member->cpu_ns + member->children_cpu_ns);
	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		process->children_cpu_ns += member->cpu_ns + member->children_cpu_ns;
		member->state = FREE;
	}
	return pid;
}

int tree_wait_status(const siginfo_t *info)
{
	switch (info->si_code) {
	case CLD_EXITED:
		return (info->si_status & 0xff) << 8;
	case CLD_KILLED: case CLD_DUMPED:
		return info->si_status;
	case CLD_CONTINUED:
		return 0xffff;
	default:
		return info->si_status << 8 | 0x7f;
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
			settle(member);
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
		member->poked = true;
		if (number == SIGKILL) {
			await_death(member);
			tk_disarm(process->clock, (uint64_t)member->pid);
			leave_family(tree, i);
			mark_ended(tree, member);
		} else if (number == SIGSTOP && member->state != STOPPED) {
			member->state = STOPPED;
			member->settled = false;
		} else if (number == SIGCONT && member->state == STOPPED) {
			member->state = RUNNABLE;
		}
	}
}
