/* RLIMIT_CPU by counted CPU time: SIGXCPU at the soft limit and then each second, SIGKILL at the hard one. */
#include "emu/linux/time/cpu_limit.h"

#include <signal.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/signal/signal.h"

static uint64_t limit_ns(rlim_t seconds)
{
	return seconds < WAIT_FOREVER / NS_PER_S ? seconds * NS_PER_S : WAIT_FOREVER;
}

uint64_t cpu_limit_due(const struct process *process)
{
	const struct rlimit *limit = &process->limit[RLIMIT_CPU];

	if (!limit_is_kept(process, RLIMIT_CPU))
		return WAIT_FOREVER;
	return limit_ns(limit->rlim_cur < limit->rlim_max ? limit->rlim_cur : limit->rlim_max);
}

/* As check_process_timers(): the soft limit itself grows with each signal.. */
void cpu_limit_expire(struct process *process)
{
	struct rlimit *limit = &process->limit[RLIMIT_CPU];
	siginfo_t info = { .si_signo = SIGXCPU, .si_code = SI_KERNEL };
	uint64_t due = cpu_limit_due(process), now;

	if (due == WAIT_FOREVER || (now = (uint64_t)clock_process_cpu(process)) < due)
		return;
	if (now >= limit_ns(limit->rlim_max))
		info.si_signo = SIGKILL;
	else
		limit->rlim_cur++;
	signal_send_running(process, &info);
}
