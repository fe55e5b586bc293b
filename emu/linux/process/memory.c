/* System calls for the address space; emu/mem implements them. */
#include <asm/unistd_64.h>
#include <errno.h>
#include <sys/mman.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/upcalls.h"
#include "emu/linux/rows/calls.h"

int64_t sys_mmap(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;

	if (!(arg[3] & MAP_ANONYMOUS) && !process->up->can_map(process, (int)arg[4]))
		return -ENODEV;
	return space_mmap(&process->space, arg[0], arg[1], (int)arg[2], (int)arg[3], (int)arg[4], arg[5]);
}

int64_t sys_munmap(struct task *task, const uint64_t arg[6])
{
	return space_munmap(&task->process->space, arg[0], arg[1]);
}

int64_t sys_mprotect(struct task *task, const uint64_t arg[6])
{
	return space_mprotect(&task->process->space, arg[0], arg[1], (int)arg[2]);
}

/* The emulated CPU has no protection keys, so only the default one is valid. */
int64_t sys_pkey_mprotect(struct task *task, const uint64_t arg[6])
{
	return (int)arg[3] == -1 ? sys_mprotect(task, arg) : -EINVAL;
}

int64_t sys_mremap(struct task *task, const uint64_t arg[6])
{
	return space_mremap(&task->process->space, arg[0], arg[1], arg[2], (int)arg[3], arg[4]);
}

int64_t sys_remap_file_pages(struct task *task, const uint64_t arg[6])
{
	return space_remap_file_pages(&task->process->space, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

int64_t sys_brk(struct task *task, const uint64_t arg[6])
{
	return space_brk(&task->process->space, arg[0]);
}

int64_t sys_madvise(struct task *task, const uint64_t arg[6])
{
	return space_madvise(&task->process->space, arg[0], arg[1], (int)arg[2]);
}

/* Calls for a range. The host carries them out after the check that the range is the guest's; above it, nothing is mapped. */
static int64_t on_range(uint64_t number, const uint64_t arg[6])
{
	return space_in_guest(arg[0], arg[1]) ? syscall_host(number, arg) : -ENOMEM;
}

int64_t sys_msync(struct task *task, const uint64_t arg[6])
{
	(void)task;
	return on_range(__NR_msync, arg);
}

int64_t sys_mlock(struct task *task, const uint64_t arg[6])
{
	(void)task;
	return on_range(__NR_mlock, arg);
}

int64_t sys_mlock2(struct task *task, const uint64_t arg[6])
{
	(void)task;
	return on_range(__NR_mlock2, arg);
}

int64_t sys_munlock(struct task *task, const uint64_t arg[6])
{
	(void)task;
	return on_range(__NR_munlock, arg);
}

int64_t sys_mincore(struct task *task, const uint64_t arg[6])
{
	uint64_t pages = arg[1] / GUEST_PAGE + (arg[1] % GUEST_PAGE != 0);
	if (!space_in_guest(arg[2], pages))
		return -EFAULT;
	space_prepare_write(&task->process->space, arg[2], pages);
	return on_range(__NR_mincore, arg);
}

int64_t sys_shmat(struct task *task, const uint64_t arg[6])
{
	return space_shmat(&task->process->space, (int)arg[0], arg[1], (int)arg[2]);
}

int64_t sys_shmdt(struct task *task, const uint64_t arg[6])
{
	return space_shmdt(&task->process->space, arg[0]);
}
