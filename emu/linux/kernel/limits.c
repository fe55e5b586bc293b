/* Resource limits: which ones are kept for the guest, and what setrlimit(2) allows. */
#include "emu/linux/kernel/limits.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/kernel/clock.h"
#include "emu/mem/window.h"

/* The kernel's default of fs.nr_open: even root cannot have more descriptors. */
enum { NR_OPEN_DEFAULT = 1 << 20 };

bool limit_is_kept(const struct process *process, int resource)
{
	switch (resource) {
	case RLIMIT_CPU: /* the host counts the emulator's time */ return clock_counts_cpu(process);
	case RLIMIT_NOFILE:
	case RLIMIT_AS:
	case RLIMIT_FSIZE:
	case RLIMIT_DATA:
	case RLIMIT_SIGPENDING:
	case RLIMIT_STACK: return true;
	default: return false;
	}
}

void limits_begin(struct process *process)
{
	for (int k = 0; k < RLIM_NLIMITS; k++) {
		struct rlimit *limit = &process->limit[k], raised;

		if (getrlimit((__rlimit_resource_t)k, limit) != 0)
			*limit = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
		if (k == RLIMIT_AS)
			limit->rlim_cur = window_address_limit(limit->rlim_cur);
		raised = (struct rlimit){ limit->rlim_max, limit->rlim_max };
		if (limit_is_kept(process, k) && k != RLIMIT_STACK && k != RLIMIT_FSIZE)
			setrlimit((__rlimit_resource_t)k, &raised);
	}
}

uint64_t limit_of(const struct process *process, int resource)
{
	return process->limit[resource].rlim_cur;
}

struct rlimit limit_kept(const struct process *process, int resource)
{
	struct rlimit limit = process->limit[resource];

	if (resource == RLIMIT_STACK)
		limit.rlim_cur = process->space.stack_limit;
	return limit;
}

int64_t limit_get(const struct process *process, int resource, struct rlimit *limit)
{
	if (!limit_is_kept(process, resource))
		return getrlimit((__rlimit_resource_t)resource, limit) == 0 ? 0 : -errno;
	*limit = limit_kept(process, resource);
	return 0;
}

bool limits_capable(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 && data[capability / 32].effective & 1u << capability % 32;
}

static uint64_t most_descriptors(void)
{
	unsigned long most = NR_OPEN_DEFAULT;
	FILE *file = fopen("/proc/sys/fs/nr_open", "re");

	if (!file)
		return most;
	if (fscanf(file, "%lu", &most) != 1)
		most = NR_OPEN_DEFAULT;
	fclose(file);
	return most;
}

/* The host enforces the file size limit: the guest's soft one. Its own hard one stays, since the emulator's files may be larger
 * (hidden_write). The host's limit on descriptors is the most that the guest may ever ask for. */
static int64_t tell_host(int resource, const struct rlimit *limit)
{
	struct rlimit host;

	if ((resource != RLIMIT_FSIZE && resource != RLIMIT_NOFILE) || getrlimit((__rlimit_resource_t)resource, &host) != 0)
		return 0;
	if (host.rlim_max < limit->rlim_max)
		host.rlim_max = limit->rlim_max;
	host.rlim_cur = resource == RLIMIT_FSIZE ? limit->rlim_cur : host.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &host) == 0 ? 0 : -errno;
}

/* As do_prlimit(). */
int64_t limit_set(struct process *process, int resource, const struct rlimit *limit)
{
	struct rlimit *kept;

	if (!limit_is_kept(process, resource))
		return setrlimit((__rlimit_resource_t)resource, limit) == 0 ? 0 : -errno;
	kept = &process->limit[resource];
	if (limit->rlim_cur > limit->rlim_max)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE && limit->rlim_max > kept->rlim_max && limit->rlim_max > most_descriptors())
		return -EPERM;
	if (limit->rlim_max > kept->rlim_max && !limits_capable(CAP_SYS_RESOURCE))
		return -EPERM;
	*kept = *limit;
	if (resource != RLIMIT_STACK)
		return tell_host(resource, limit);
	process->space.stack_limit = limit->rlim_cur;
	return space_extend_stack(&process->space);
}

void limit_host_descriptors(const struct process *process, bool on)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = on && limit_of(process, RLIMIT_NOFILE) < limit.rlim_max ? limit_of(process, RLIMIT_NOFILE) : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
