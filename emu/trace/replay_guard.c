/* The guard: a seccomp filter. A recording may come from a stranger, so a process that replays it must not be able to do anything to the
 * outside. */
#include <errno.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <unistd.h>

#include "emu/trace/replayer.h"

enum { ANY = -1 };

/* A system call that is allowed if its argument `argument` has the value. */
struct rule {
	int number;
	int argument; /* number of the argument, or ANY */
	uint64_t value;
};

static int add_rules(scmp_filter_ctx filter, const struct rule *rule, size_t rules)
{
	int error = 0;

	for (size_t k = 0; k < rules && !error; k++) {
		const struct scmp_arg_cmp compare = { .arg = (unsigned)rule[k].argument, .op = SCMP_CMP_EQ, .datum_a = rule[k].value };

		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule[k].number, rule[k].argument == ANY ? 0 : 1, &compare);
	}
	return error;
}

/* For guest processes: memory, turns, faults, output, and their end. */
static int add_process_rules(scmp_filter_ctx filter, uint64_t objects)
{
	/* clang-format off */
	const struct rule rules[] = {
		{ SCMP_SYS(mmap), ANY, 0 }, { SCMP_SYS(munmap), ANY, 0 }, { SCMP_SYS(mprotect), ANY, 0 }, { SCMP_SYS(mremap), ANY, 0 },
		{ SCMP_SYS(madvise), ANY, 0 }, { SCMP_SYS(mincore), ANY, 0 }, { SCMP_SYS(brk), ANY, 0 }, { SCMP_SYS(futex), ANY, 0 },
		{ SCMP_SYS(restart_syscall), ANY, 0 }, { SCMP_SYS(rt_sigreturn), ANY, 0 }, { SCMP_SYS(rt_sigprocmask), ANY, 0 },
		{ SCMP_SYS(rt_sigaction), ANY, 0 }, { SCMP_SYS(sigaltstack), ANY, 0 },
		{ SCMP_SYS(exit_group), ANY, 0 },
		{ SCMP_SYS(getpid), ANY, 0 }, { SCMP_SYS(gettid), ANY, 0 }, { SCMP_SYS(clock_gettime), ANY, 0 },
		{ SCMP_SYS(write), 0, STDOUT_FILENO }, { SCMP_SYS(write), 0, STDERR_FILENO },
		{ SCMP_SYS(pwrite64), 0, objects }, { SCMP_SYS(pread64), 0, objects }, { SCMP_SYS(fallocate), 0, objects },
		{ SCMP_SYS(clone), 0, CLONE_PARENT | SIGCHLD },
	};
	/* clang-format on */
	int error = add_rules(filter, rules, sizeof(rules) / sizeof(rules[0]));

	/* Other code tests pages with these two calls. Here they fail with EPERM; a call without a rule would kill the process. */
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(process_vm_readv), 0);
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(process_vm_writev), 0);
	return error;
}

/* For the controller: starting the first process, which narrows its own filter, waiting, reading targets from standard input, and dying
 * of the guest's signal. */
static int add_controller_rules(scmp_filter_ctx filter, uint64_t objects)
{
	/* clang-format off */
	const struct rule rules[] = {
		{ SCMP_SYS(clone), 0, SIGCHLD }, { SCMP_SYS(wait4), ANY, 0 }, { SCMP_SYS(seccomp), ANY, 0 },
		{ SCMP_SYS(prctl), 0, PR_SET_NO_NEW_PRIVS }, { SCMP_SYS(read), 0, STDIN_FILENO }, { SCMP_SYS(lseek), 0, STDIN_FILENO },
		{ SCMP_SYS(fstat), 0, STDIN_FILENO }, { SCMP_SYS(newfstatat), 0, STDIN_FILENO }, { SCMP_SYS(lseek), 0, objects },
		{ SCMP_SYS(ftruncate), 0, objects }, { SCMP_SYS(tgkill), 0, (uint64_t)getpid() },
	};
	/* clang-format on */

	return add_rules(filter, rules, sizeof(rules) / sizeof(rules[0]));
}

bool replay_guard(enum replay_role role, int objects)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error = filter ? add_process_rules(filter, (uint64_t)objects) : -ENOMEM;

	if (!error && role == GUARD_CONTROLLER)
		error = add_controller_rules(filter, (uint64_t)objects);
	if (!error)
		error = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return !error;
}
