/* rseq(2): registration, the area with the vCPU's number, and aborting critical sections. */
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/rows/calls.h"
#include "emu/linux/signal/rseq.h"

#include <errno.h>
#include <stddef.h>

enum { FLAG_UNREGISTER = 1, ORIGINAL_SIZE = 32 };
#define TASK_SIZE 0x7ffffffff000ULL /* the kernel's limit of user addresses, with four levels of page tables */

/* struct rseq of the uapi, as of Linux 6.18; installed headers may be older */
struct guest_rseq {
	uint32_t cpu_id_start, cpu_id;
	uint64_t critical_section; /* address of the current critical section, or 0 */
	uint32_t flags;            /* deprecated: any flag is an error when a section is to be aborted */
	uint32_t node_id, mm_cid;
};

/* struct rseq_cs */
struct guest_rseq_cs {
	uint32_t version, flags;
	uint64_t start, length, abort;
};

enum { CPU_ID_UNINITIALIZED = -1 };
enum { AREA_SIZE = offsetof(struct guest_rseq, mm_cid) + sizeof(uint32_t) };

_Static_assert((int)AREA_SIZE == (int)RSEQ_FEATURE_SIZE, "struct rseq");

/* --- critical sections ------------------------------------------------------------------------------- */

/* Returns false for a descriptor that the kernel refuses. The signature before the abort handler proves that it is one. */
static bool valid(struct task *task, const struct guest_rseq_cs *cs)
{
	uint64_t end;
	uint32_t signature;

	if (cs->version > 0 || cs->start >= TASK_SIZE || cs->abort >= TASK_SIZE)
		return false;
	if (__builtin_add_overflow(cs->start, cs->length, &end) || end >= TASK_SIZE || cs->abort - cs->start < cs->length)
		return false;
	return space_read(&task->process->space, cs->abort - sizeof(signature), &signature, sizeof(signature))
		&& signature == task->rseq.signature;
}

static bool leave_critical_section(struct task *task, const struct guest_rseq *area)
{
	struct guest_rseq_cs cs;

	if (!area->critical_section)
		return true;
	if (!space_read(&task->process->space, area->critical_section, &cs, sizeof(cs)) || !valid(task, &cs))
		return false;
	if (task->cpu.rip - cs.start >= cs.length)
		return true;
	if (cs.flags || area->flags)
		return false;
	task->cpu.rip = cs.abort;
	return true;
}

/* --- the thread's vCPU ------------------------------------------------------------------------------- */

/* Returns a number for the vCPU that is small if the process uses few: how many of its threads' vCPUs come before it. */
static uint32_t concurrency_id(const struct task *task)
{
	uint64_t vcpus = 0;

	if (task->process->options->vcpus == 1)
		return 0;
	for (const struct task *other = task->process->tasks; other; other = other->next)
		if (other->state != TASK_DEAD)
			vcpus |= 1ULL << other->cpu.vcpu;
	return (uint32_t)__builtin_popcountll(vcpus & ((1ULL << task->cpu.vcpu) - 1));
}

bool rseq_resume(struct task *task)
{
	struct space *space = &task->process->space;
	struct guest_rseq area;

	task->rseq.due = false;
	if (!task->rseq.address)
		return true;
	if (!space_read(space, task->rseq.address, &area, AREA_SIZE) || !leave_critical_section(task, &area))
		return false;
	area.critical_section = 0;
	area.cpu_id_start = area.cpu_id = task->cpu.vcpu;
	area.node_id = task_node(task);
	area.mm_cid = concurrency_id(task);
	return space_write(space, task->rseq.address, &area, AREA_SIZE);
}

/* --- the call ---------------------------------------------------------------------------------------- */

static int64_t unregister(struct task *task, uint64_t address, uint32_t length, uint32_t signature)
{
	struct space *space = &task->process->space;
	struct guest_rseq area;

	if (!address || task->rseq.address != address || task->rseq.length != length)
		return -EINVAL;
	if (task->rseq.signature != signature)
		return -EPERM;
	if (!space_read(space, address, &area, AREA_SIZE))
		return -EFAULT;
	area.cpu_id = (uint32_t)CPU_ID_UNINITIALIZED;
	area.cpu_id_start = area.node_id = area.mm_cid = 0;
	if (!space_write(space, address, &area, AREA_SIZE))
		return -EFAULT;
	task->rseq = (struct rseq_area){ 0 };
	return 0;
}

static int64_t refuse_second(const struct task *task, uint64_t address, uint32_t length, uint32_t signature)
{
	if (task->rseq.address != address || task->rseq.length != length)
		return -EINVAL;
	return task->rseq.signature != signature ? -EPERM : -EBUSY;
}

/* The original size has its own alignment. A larger area must have room for all members. */
static bool well_formed(uint64_t address, uint32_t length)
{
	unsigned align = length == ORIGINAL_SIZE ? ORIGINAL_SIZE : RSEQ_ALIGN;

	return length >= ORIGINAL_SIZE && length >= RSEQ_FEATURE_SIZE && address % align == 0;
}

int64_t sys_rseq(struct task *task, const uint64_t arg[6])
{
	struct space *space = &task->process->space;
	uint64_t address = arg[0], section = address + offsetof(struct guest_rseq, critical_section), begun, none = 0;
	uint32_t length = (uint32_t)arg[1], flags = (uint32_t)arg[2], signature = (uint32_t)arg[3];

	if (flags == FLAG_UNREGISTER)
		return unregister(task, address, length, signature);
	if (flags)
		return -EINVAL;
	if (task->rseq.address)
		return refuse_second(task, address, length, signature);
	if (!well_formed(address, length))
		return -EINVAL;
	if (address > TASK_SIZE || length > TASK_SIZE - address)
		return -EFAULT;
	if (!space_read(space, section, &begun, sizeof(begun)))
		return -EFAULT;
	if (begun && !space_write(space, section, &none, sizeof(none)))
		return -EFAULT;
	task->rseq = (struct rseq_area){ .address = address, .length = length, .signature = signature };
	rseq_interrupt(task);
	return 0;
}
