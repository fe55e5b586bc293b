/* Threads of the host's kernel with credentials of their own: see host_thread.h. */
#include "emu/linux/kernel/host_thread.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/cpu/fatal.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/syscall.h"

/* --- the stack goes from one to another --------------------------------------------------------------- */

enum host_turn { TURN_WAITS, TURN_RUNS, TURN_ENDS };

_Static_assert(offsetof(struct host_thread, turn) == 0 && offsetof(struct host_thread, tid) == 4
		&& offsetof(struct host_thread, stack) == 8,
	"the code below knows these places");
_Static_assert(TURN_WAITS == 0 && TURN_RUNS == 1 && TURN_ENDS == 2, "and these numbers");
_Static_assert(SYS_futex == 202 && SYS_exit == 60 && SYS_clone == 56 && FUTEX_PRIVATE_FLAG == 128 && FUTEX_WAKE == 1, "and these");

/* host_thread_wait: waits for the turn, with R12 as the address of the struct host_thread and without a stack, which another host thread is
 * using. Then it returns from the host_thread_hand_over() by which that one gave it away. */
__asm__(".text\n"
	"host_thread_wait:\n"
	"1: mov (%r12), %eax\n"
	"cmp $1, %eax\n"
	"je 2f\n"
	"ja 3f\n"
	"mov $202, %eax\n" /* futex(&turn, FUTEX_WAIT_PRIVATE, TURN_WAITS, NULL) */
	"mov %r12, %rdi\n"
	"mov $128, %esi\n"
	"xor %edx, %edx\n"
	"xor %r10d, %r10d\n"
	"syscall\n"
	"jmp 1b\n"
	"2: mov 8(%r12), %rsp\n"
	"ldmxcsr (%rsp)\n"
	"fldcw 4(%rsp)\n"
	"add $8, %rsp\n"
	"pop %r15\n"
	"pop %r14\n"
	"pop %r13\n"
	"pop %r12\n"
	"pop %rbx\n"
	"pop %rbp\n"
	"ret\n"
	"3: mov $60, %eax\n" /* exit(0) */
	"xor %edi, %edi\n"
	"syscall\n");

/* Gives the stack to another host thread, which returns in place of the caller's. What a function must keep for its caller is on the stack.
 * From the store of the other one's turn on, the stack is not ours. */
void host_thread_hand_over(struct host_thread *from, struct host_thread *to);
__asm__("host_thread_hand_over:\n"
	"push %rbp\n"
	"push %rbx\n"
	"push %r12\n"
	"push %r13\n"
	"push %r14\n"
	"push %r15\n"
	"sub $8, %rsp\n"
	"stmxcsr (%rsp)\n"
	"fnstcw 4(%rsp)\n"
	"mov %rdi, %r12\n"
	"mov %rsp, 8(%rsi)\n"
	"movl $0, (%rdi)\n"
	"movl $1, (%rsi)\n"
	"mov $202, %eax\n" /* futex(&to->turn, FUTEX_WAKE_PRIVATE, 1) */
	"mov %rsi, %rdi\n"
	"mov $129, %esi\n"
	"mov $1, %edx\n"
	"syscall\n"
	"jmp host_thread_wait\n");

/* clone(2) with `flags`: the new thread has the caller's thread-local storage, and waits for its turn. Returns its id or -errno. */
long host_thread_clone(struct host_thread *thread, uint64_t flags);
__asm__("host_thread_clone:\n"
	"push %r12\n"
	"mov %rdi, %r12\n"
	"mov %rsi, %rdi\n"
	"xor %esi, %esi\n"
	"lea 4(%r12), %rdx\n"
	"lea 4(%r12), %r10\n"
	"xor %r8d, %r8d\n"
	"mov $56, %eax\n"
	"syscall\n"
	"test %rax, %rax\n"
	"jz host_thread_wait\n"
	"pop %r12\n"
	"ret\n");

/* --- going on in one ---------------------------------------------------------------------------------- */

static struct host_thread *running(struct process *process)
{
	return process->host.running ? process->host.running : &process->host.first;
}

static struct host_thread *host_of(struct task *task)
{
	return task->host ? task->host : &task->process->host.first;
}

static void go_on_in(struct process *process, struct host_thread *thread)
{
	struct host_thread *from = running(process);

	if (from == thread)
		return;
	process->host.running = thread;
	host_thread_hand_over(from, thread);
}

void host_thread_enter(struct task *task)
{
	if (task->host)
		go_on_in(task->process, task->host);
}

void host_thread_leave(struct process *process)
{
	if (process->host.others)
		go_on_in(process, &process->host.first);
}

pid_t host_thread_id(const struct task *task)
{
	return task->host ? (pid_t)task->host->tid : getpid();
}

/* --- beginning and end -------------------------------------------------------------------------------- */

/* The handler of faults needs its stack in whatever thread it runs. */
static void take_signal_stack(struct process *process, struct host_thread *thread)
{
	struct host_thread *from = running(process);
	stack_t stack;

	sigaltstack(NULL, &stack);
	go_on_in(process, thread);
	sigaltstack(&stack, NULL);
	go_on_in(process, from);
}

/* Returns a new one that is like the one that runs, or NULL. */
static struct host_thread *make(struct process *process)
{
	enum {
		FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID
			| CLONE_CHILD_CLEARTID
	};
	struct host_thread *thread = calloc(1, sizeof(*thread));

	if (!thread)
		return NULL;
	if (host_thread_clone(thread, FLAGS) < 0) {
		free(thread);
		return NULL;
	}
	thread->next = process->host.others;
	thread->view = running(process)->view;
	process->host.others = thread;
	take_signal_stack(process, thread);
	return thread;
}

/* Returns when the kernel does not know it any more: its pidfds are readable then. */
static void end(struct host_thread *thread)
{
	__atomic_store_n(&thread->turn, TURN_ENDS, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &thread->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	while (syscall(SYS_tgkill, getpid(), thread->tid, 0) == 0)
		sched_yield();
	free(thread);
}

/* Returns how many living threads of the guest, `but` left out, have this one. */
static unsigned users(struct process *process, const struct host_thread *thread, const struct task *but)
{
	unsigned count = 0;

	for (struct task *task = process->tasks; task; task = task->next)
		count += task != but && task->state != TASK_DEAD && host_of(task) == thread;
	return count;
}

void host_threads_sweep(struct process *process)
{
	struct host_thread **link = &process->host.others;

	while (*link) {
		struct host_thread *thread = *link;

		if (thread == running(process) || (thread->parent && !thread->named) || users(process, thread, NULL) > 0) {
			link = &thread->next;
			continue;
		}
		*link = thread->next;
		end(thread);
	}
}

pid_t host_thread_name(struct task *task)
{
	struct process *process = task->process;
	struct host_thread *caller = running(process), *made = task->host;

	if (!made || users(process, made, task) > 0) {
		peers_join(process); /* by the first one, which lives as long as the process */
		go_on_in(process, host_of(task));
		made = make(process);
		go_on_in(process, caller);
	}
	if (!made)
		return -EAGAIN;
	task->host = made;
	made->named = true;
	return (pid_t)made->tid;
}

struct task *host_thread_named(struct process *process, pid_t id)
{
	for (struct task *task = process->tasks; task; task = task->next)
		if (task->host && task->host->named && (pid_t)task->host->tid == id && task->state != TASK_DEAD)
			return task;
	return NULL;
}

void host_thread_made_child(struct process *process)
{
	running(process)->parent = true;
}

void host_thread_begin_child(struct process *process, struct task *task)
{
	while (process->host.others) {
		struct host_thread *thread = process->host.others;

		process->host.others = thread->next;
		free(thread);
	}
	process->host = (struct host_threads){ 0 };
	task->host = NULL;
}

/* --- credentials of one guest thread alone ------------------------------------------------------------- */

/* Parts the thread from those that have the same host thread. The leader stays with its own, whose id is the process's. */
static bool part(struct task *task)
{
	struct process *process = task->process;
	struct host_thread *shared = host_of(task), *made;

	if (users(process, shared, task) == 0)
		return true;
	peers_join(process); /* by the first one, which lives as long as the process */
	made = make(process);
	if (!made)
		return false;
	if (task != process->tasks) {
		task->host = made;
		go_on_in(process, made);
		return true;
	}
	for (struct task *other = process->tasks; other; other = other->next)
		if (other != task && other->state != TASK_DEAD && host_of(other) == shared)
			other->host = made;
	return true;
}

/* What the kernel keeps for each thread. */
struct credentials {
	uid_t uid[4]; /* real, effective, saved, of file systems */
	gid_t gid[4];
	struct __user_cap_data_struct capability[_LINUX_CAPABILITY_U32S_3];
	uint64_t bounding, ambient;
	int securebits, keeps_none, personality, groups;
	gid_t *group;
};

static uint64_t capability_set(int option, int argument)
{
	uint64_t set = 0;

	for (int capability = 0; capability < 64; capability++) {
		int has = argument < 0 ? prctl(option, capability) : prctl(option, argument, capability, 0, 0);

		if (has < 0)
			break;
		set |= (uint64_t)has << capability;
	}
	return set;
}

/* Reads those of the host thread that runs. `group` is for the caller to free. */
static struct credentials credentials_read(void)
{
	struct credentials has;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	memset(&has, 0, sizeof(has));
	getresuid(&has.uid[0], &has.uid[1], &has.uid[2]);
	getresgid(&has.gid[0], &has.gid[1], &has.gid[2]);
	has.uid[3] = (uid_t)setfsuid((uid_t)-1);
	has.gid[3] = (gid_t)setfsgid((gid_t)-1);
	syscall(SYS_capget, &header, has.capability);
	has.bounding = capability_set(PR_CAPBSET_READ, -1);
	has.ambient = capability_set(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET);
	has.securebits = prctl(PR_GET_SECUREBITS);
	has.keeps_none = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	has.personality = personality(0xffffffff);
	has.groups = getgroups(0, NULL);
	has.group = calloc((size_t)has.groups + 1, sizeof(*has.group));
	if (has.group)
		getgroups(has.groups, has.group);
	return has;
}

static bool are_equal(const struct credentials *a, const struct credentials *b)
{
	return memcmp(a, b, offsetof(struct credentials, group)) == 0 && a->group && b->group
		&& memcmp(a->group, b->group, (size_t)a->groups * sizeof(*a->group)) == 0;
}

static void merge(struct process *process, struct host_thread *from, struct host_thread *into)
{
	for (struct task *task = process->tasks; task; task = task->next)
		if (host_of(task) == from)
			task->host = into == &process->host.first ? NULL : into;
}

/* If another host thread has the credentials of the task's, one of them is enough. The first one stays. */
static void unite_with(struct task *task, struct host_thread *other, const struct credentials *wanted)
{
	struct process *process = task->process;
	struct host_thread *own = host_of(task);
	struct credentials found;

	if (other == own || other->view != own->view || other->named || own->named)
		return;
	go_on_in(process, other);
	found = credentials_read();
	if (!are_equal(&found, wanted))
		go_on_in(process, own);
	else if (own == &process->host.first)
		merge(process, other, own);
	else
		merge(process, own, other);
	go_on_in(process, host_of(task));
	free(found.group);
}

static void unite(struct task *task)
{
	struct process *process = task->process;
	struct credentials own;

	if (!process->host.others)
		return;
	own = credentials_read();
	for (struct host_thread *other = process->host.others; other; other = other->next)
		unite_with(task, other, &own);
	unite_with(task, &process->host.first, &own);
	free(own.group);
	host_threads_sweep(process);
}

bool host_thread_inherit(struct task *child, struct task *parent)
{
	struct process *process = parent->process;
	struct host_thread *made;

	child->host = parent->host;
	if (!parent->host || !parent->host->named)
		return true;
	made = make(process);
	if (!made)
		return false;
	child->host = made;
	go_on_in(process, made);
	unite(child);
	go_on_in(process, parent->host);
	return true;
}

int64_t host_thread_call(struct task *task, uint64_t number, const uint64_t arg[6])
{
	int64_t result;

	if (!part(task))
		return -EAGAIN;
	result = syscall_host(number, arg);
	unite(task);
	return result;
}

int64_t host_thread_call_apart(struct task *task, uint64_t number, const uint64_t arg[6])
{
	struct process *process = task->process;
	int64_t result;

	if (!part(task))
		return -EAGAIN;
	result = syscall_host(number, arg);
	if (result == 0 && process->host.others)
		running(process)->view = ++process->host.views;
	unite(task);
	return result;
}
