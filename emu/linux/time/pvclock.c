/* Clock pages in KVM's layout (Linux Documentation/virt/kvm/x86/msr.rst), one for each vCPU, from which a program computes nanoseconds
 * without a system call. As with KVM they are the guest's own memory: mapped by --pvclock, or placed by the guest's WRMSR. */
#include <sys/mman.h>

#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/time/pvclock.h"
#include "emu/op/pvclock.h"
#include "timekeep/timekeep.h"

enum { ENABLED = 1 };

void pvclock_refresh(struct process *process)
{
	if (!process->pvclock)
		return;
	for (unsigned vcpu = 0; vcpu < tk_vcpus(process->clock); vcpu++) {
		struct tk_pvclock page = { 0 };

		if (!process->pvclock_page[vcpu])
			continue;
		/* No guest thread runs now, so none sees the odd version. As with KVM, a bad address is ignored. */
		tk_pvclock_refresh(process->clock, vcpu, clock_insns(process), &page);
		space_write(&process->space, process->pvclock_page[vcpu], &page, sizeof(page));
	}
}

/* As with KVM, it is written once: to get it again, the guest writes the MSR again. */
static void write_wall(struct process *process, uint64_t address)
{
	struct tk_pvwall wall = { 0 };

	tk_pvwall_refresh(process->clock, clock_insns(process), &wall);
	space_write(&process->space, address, &wall, sizeof(wall));
}

void pvclock_msr_written(struct process *process, unsigned vcpu, uint32_t msr)
{
	uint64_t value = 0;

	tk_rdmsr(process->clock, vcpu, clock_insns(process), msr, &value);
	if (msr == MSR_PVCLOCK_WALL || msr == MSR_PVCLOCK_WALL_OLD)
		write_wall(process, value);
	if (msr == MSR_PVCLOCK_PAGE || msr == MSR_PVCLOCK_PAGE_OLD) {
		process->pvclock_page[vcpu] = value & ENABLED ? value & ~(uint64_t)ENABLED : 0;
		process->pvclock = true;
	}
	common_clock_tsc_written(process, vcpu); /* the write may have moved the TSC */
	pvclock_refresh(process);
}

/* The addresses belonged to memory that has been unmapped. */
static void forget_pages(struct process *process)
{
	for (unsigned vcpu = 0; process->pvclock && vcpu < tk_vcpus(process->clock); vcpu++) {
		tk_wrmsr(process->clock, vcpu, clock_insns(process), MSR_PVCLOCK_PAGE, 0);
		process->pvclock_page[vcpu] = 0;
	}
	process->pvclock = false;
}

int64_t pvclock_map(struct process *process)
{
	unsigned vcpus;
	uint64_t page;
	int64_t result;

	forget_pages(process);
	if (!process->options->pvclock)
		return 0;
	vcpus = tk_vcpus(process->clock);
	result = space_mmap(&process->space, 0, vcpus * GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (result < 0)
		return result;
	page = (uint64_t)result;
	space_set_name(&process->space, page, page + vcpus * GUEST_PAGE, "[pvclock]");
	for (unsigned vcpu = 0; vcpu < vcpus; vcpu++, page += GUEST_PAGE) {
		tk_wrmsr(process->clock, vcpu, clock_insns(process), MSR_PVCLOCK_PAGE, page | ENABLED);
		pvclock_msr_written(process, vcpu, MSR_PVCLOCK_PAGE);
	}
	return 0;
}
