/* Locked memory: mlock(2) and its kin. The host locks; what it counts as locked is the guest's, since the emulator locks nothing. */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/process/memory_lock.h"
#include "emu/linux/rows/calls.h"

/* --- one range ---------------------------------------------------------------------------------------- */

int64_t sys_mlock(struct task *task, const uint64_t arg[6])
{
	return memory_call_on_range(&task->process->space, SYS_mlock, arg);
}

int64_t sys_mlock2(struct task *task, const uint64_t arg[6])
{
	return memory_call_on_range(&task->process->space, SYS_mlock2, arg);
}

int64_t sys_munlock(struct task *task, const uint64_t arg[6])
{
	return memory_call_on_range(&task->process->space, SYS_munlock, arg);
}

/* --- the limit ---------------------------------------------------------------------------------------- */

/* Returns RLIMIT_MEMLOCK, or no limit for a program that it does not bind. */
static uint64_t limit(const struct process *process)
{
	struct rlimit value = { RLIM_INFINITY, RLIM_INFINITY };

	if (!limits_capable(CAP_IPC_LOCK))
		limit_get(process, RLIMIT_MEMLOCK, &value);
	return value.rlim_cur;
}

static uint64_t locked_bytes(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	uint64_t kib = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file) && sscanf(line, "VmLck: %" SCNu64, &kib) != 1)
		;
	if (file)
		fclose(file);
	return kib * 1024;
}

bool memory_lock_fits(const struct process *process, uint64_t bytes)
{
	uint64_t most;

	if (!process->lock_future)
		return true;
	most = limit(process);
	return most == RLIM_INFINITY || (bytes <= most && locked_bytes() <= most - bytes);
}

/* --- everything --------------------------------------------------------------------------------------- */

/* The kernel's main stack begins at the lowest page that was touched; here it is mapped in full. */
static uint64_t begin_of(const struct vma *vma)
{
	uint64_t page = vma->start;
	unsigned char resident = 0;

	if (!(vma->flags & MAP_GROWSDOWN) || !vma->name)
		return page;
	while (page < vma->end && mincore((void *)page, GUEST_PAGE, &resident) == 0 && !(resident & 1))
		page += GUEST_PAGE;
	return page;
}

static uint64_t mapped_bytes(const struct space *space)
{
	uint64_t total = 0;

	for (size_t i = 0; i < space->count; i++)
		total += space->vma[i].end - begin_of(&space->vma[i]);
	return total;
}

/* As mm_populate(), tells of no error: pages that cannot be read are locked all the same. */
static void lock(uint64_t start, uint64_t end, int flags)
{
	mlock2((void *)start, end - start, flags & MCL_ONFAULT ? MLOCK_ONFAULT : 0);
}

void memory_lock_new(const struct process *process, uint64_t start, uint64_t end)
{
	if (process->lock_future && start < end)
		lock(start, end, process->lock_future);
}

int64_t sys_mlockall(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	struct space *space = &process->space;
	int flags = (int)arg[0];
	uint64_t most = limit(process);

	if (flags == 0 || flags == MCL_ONFAULT || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		return -EINVAL;
	if (most == 0)
		return -EPERM;
	if (flags & MCL_CURRENT && most != RLIM_INFINITY && mapped_bytes(space) > most)
		return -ENOMEM;
	process->lock_future = flags & MCL_FUTURE ? flags : 0;
	for (size_t i = 0; flags & MCL_CURRENT && i < space->count; i++)
		lock(begin_of(&space->vma[i]), space->vma[i].end, flags);
	return 0;
}

int64_t sys_munlockall(struct task *task, const uint64_t arg[6])
{
	task->process->lock_future = 0;
	return syscall_host(SYS_munlockall, arg);
}
