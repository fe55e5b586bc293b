/* System calls for the address space; emu/mem implements them. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/upcalls.h"
#include "emu/linux/kernel/usage.h"
#include "emu/linux/process/memory_lock.h"
#include "emu/linux/rows/calls.h"

enum { NOTED_BYTES = 1 << 20 }; /* smaller changes hardly affect ru_maxrss */

/* --- limits -------------------------------------------------------------------------------------------- */

/* Returns true for memory that RLIMIT_DATA counts: private and writable, except stacks (is_data_mapping()). */
static bool is_data(int prot, int flags)
{
	return prot & PROT_WRITE && !(flags & (MAP_SHARED | MAP_GROWSDOWN));
}

/* Returns how many bytes [start, end) and all other mappings have: only data, or anything. */
static uint64_t mapped(const struct space *space, uint64_t start, uint64_t end, bool data)
{
	uint64_t total = 0;

	for (size_t i = 0; i < space->count; i++) {
		const struct vma *vma = &space->vma[i];
		uint64_t from = vma->start > start ? vma->start : start, to = vma->end < end ? vma->end : end;

		if (from < to && (!data || is_data(vma->prot, vma->flags)))
			total += to - from;
	}
	return total;
}

static bool exceeds(const struct process *process, int resource, uint64_t used, uint64_t more)
{
	uint64_t limit = limit_of(process, resource);

	return limit != RLIM_INFINITY && (more > limit || used > limit - more);
}

static bool limited(const struct process *process)
{
	return limit_of(process, RLIMIT_AS) != RLIM_INFINITY || limit_of(process, RLIMIT_DATA) != RLIM_INFINITY;
}

/* may_expand_vm(): returns true if `bytes` more fit, when they replace `replaced` bytes of what is mapped. */
static bool may_expand(const struct process *process, uint64_t bytes, bool data, uint64_t replaced)
{
	const struct space *space = &process->space;
	uint64_t more = bytes > replaced ? bytes - replaced : 0;

	if (!limited(process))
		return true;
	if (exceeds(process, RLIMIT_AS, mapped(space, 0, GUEST_END, false), more))
		return false;
	return !data || !exceeds(process, RLIMIT_DATA, mapped(space, 0, GUEST_END, true), more);
}

/* --- the calls ------------------------------------------------------------------------------------------ */

/* An invalid length is refused before limits are checked. */
static bool mmap_fits(struct task *task, const uint64_t arg[6])
{
	uint64_t length = page_ceil(arg[1]), replaced = 0;

	if (arg[1] == 0 || length < arg[1] || !limited(task->process))
		return true;
	if (arg[3] & MAP_FIXED && !(arg[3] & MAP_FIXED_NOREPLACE & ~MAP_FIXED) && space_in_guest(arg[0], length))
		replaced = mapped(&task->process->space, arg[0], arg[0] + length, false);
	return may_expand(task->process, length, is_data((int)arg[2], (int)arg[3]), replaced);
}

int64_t sys_mmap(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	int64_t result;

	if (!(arg[3] & MAP_ANONYMOUS) && !process->up->can_map(process, (int)arg[4]))
		return -ENODEV;
	if (!mmap_fits(task, arg))
		return -ENOMEM;
	if (!memory_lock_fits(process, page_ceil(arg[1])))
		return -EAGAIN;
	result = space_mmap(&process->space, arg[0], arg[1], (int)arg[2], (int)arg[3], (int)arg[4], arg[5]);
	if (result >= 0)
		memory_lock_new(process, (uint64_t)result, (uint64_t)result + page_ceil(arg[1]));
	return result;
}

int64_t sys_munmap(struct task *task, const uint64_t arg[6])
{
	if (arg[1] >= NOTED_BYTES)
		usage_note(task->process);
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
	uint64_t old = page_ceil(arg[1]), new = page_ceil(arg[2]);
	const struct vma *vma = space_find(&task->process->space, arg[0]);

	if (vma && new > old && !may_expand(task->process, new - old, is_data(vma->prot, vma->flags), 0))
		return -ENOMEM;
	return space_mremap(&task->process->space, arg[0], arg[1], arg[2], (int)arg[3], arg[4]);
}

int64_t sys_remap_file_pages(struct task *task, const uint64_t arg[6])
{
	return space_remap_file_pages(&task->process->space, arg[0], arg[1], arg[2], arg[3], arg[4]);
}

int64_t sys_brk(struct task *task, const uint64_t arg[6])
{
	struct process *process = task->process;
	uint64_t old = page_ceil(process->space.brk), new = page_ceil(arg[0]);
	int64_t result;

	if (arg[0] > process->space.brk && new > old && (!may_expand(process, new - old, true, 0) || !memory_lock_fits(process, new - old)))
		return (int64_t)process->space.brk;
	result = space_brk(&process->space, arg[0]);
	memory_lock_new(process, old, page_ceil((uint64_t)result));
	return result;
}

int64_t sys_madvise(struct task *task, const uint64_t arg[6])
{
	return space_madvise(&task->process->space, arg[0], arg[1], (int)arg[2]);
}

int64_t sys_mseal(struct task *task, const uint64_t arg[6])
{
	return space_mseal(&task->process->space, arg[0], arg[1], arg[2]);
}

int64_t memory_call_on_range(const struct space *space, uint64_t number, const uint64_t arg[6])
{
	uint64_t start = page_floor(arg[0]), end = page_ceil(arg[0] + arg[1]);
	int64_t hole = 0;

	if (!space_in_guest(arg[0], arg[1]))
		return -ENOMEM;
	for (;;) {
		uint64_t stop = space_mapped_until(space, start, end), part[6] = { start, stop - start, arg[2] };
		int64_t result = syscall_host(number, part);

		if (result < 0 || stop == end)
			return result < 0 ? result : hole;
		hole = -ENOMEM;
		start = space_next(space, stop, end);
		if (number != SYS_msync || start == end)
			return hole;
	}
}

/* The arguments are checked before the range: msync(2) in mm/msync.c. */
int64_t sys_msync(struct task *task, const uint64_t arg[6])
{
	enum { KNOWN = MS_ASYNC | MS_SYNC | MS_INVALIDATE };
	int flags = (int)arg[2];

	if (flags & ~KNOWN || arg[0] % GUEST_PAGE || (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	return memory_call_on_range(&task->process->space, SYS_msync, arg);
}

int64_t sys_mincore(struct task *task, const uint64_t arg[6])
{
	uint64_t pages = arg[1] / GUEST_PAGE + (arg[1] % GUEST_PAGE != 0);

	if (arg[0] % GUEST_PAGE)
		return -EINVAL;
	if (!space_in_guest(arg[0], arg[1]))
		return -ENOMEM;
	if (!space_in_guest(arg[2], pages))
		return -EFAULT;
	space_prepare_write(&task->process->space, arg[2], pages);
	return memory_call_on_range(&task->process->space, SYS_mincore, arg);
}

int64_t sys_shmat(struct task *task, const uint64_t arg[6])
{
	return space_shmat(&task->process->space, (int)arg[0], arg[1], (int)arg[2]);
}

int64_t sys_shmdt(struct task *task, const uint64_t arg[6])
{
	return space_shmdt(&task->process->space, arg[0]);
}
