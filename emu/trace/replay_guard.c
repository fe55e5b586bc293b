/* A recording may come from a stranger: what replays it can do nothing to the outside. */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <unistd.h>

#include "emu/trace/replayer.h"

/* Memory, turns, faults and the end. */
static const int allowed[] = {
	SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mprotect), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mincore), SCMP_SYS(brk), SCMP_SYS(futex),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack), SCMP_SYS(exit_group),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(clock_gettime),
};

static int add_rules(scmp_filter_ctx filter, int objects)
{
	int error = 0;

	for (size_t k = 0; k < sizeof(allowed) / sizeof(allowed[0]) && !error; k++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[k], 0);
	for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO && !error; stream++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)stream));
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(pwrite64), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)objects));
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fallocate), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)objects));
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_EQ, CLONE_PARENT | SIGCHLD));
	/* The host's kernel is asked whether pages can be read at all: not here. */
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(process_vm_readv), 0);
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(process_vm_writev), 0);
	return error;
}

bool replay_guard(int objects)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error = filter ? add_rules(filter, objects) : -ENOMEM;

	if (!error)
		error = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return !error;
}
