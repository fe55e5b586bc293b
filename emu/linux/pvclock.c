/* --pvclock: a page for each vCPU in KVM's layout (Linux Documentation/virt/kvm/x86/msr.rst), from which a program computes
 * nanoseconds by itself. The page is the guest's own memory, as KVM's is. */
#include <sys/mman.h>

#include "emu/linux/load.h"
#include "emu/linux/schedule.h"
#include "emu/op/pvclock.h"
#include "timekeep/timekeep.h"

static uint64_t page_of(unsigned vcpu)
{
	return GUEST_PVCLOCK + vcpu * GUEST_PAGE;
}

void pvclock_refresh(struct process *process)
{
	if (!process->options->pvclock)
		return;
	for (unsigned vcpu = 0; vcpu < tk_vcpus(process->clock); vcpu++) {
		struct tk_pvclock page = { 0 };

		/* No guest thread runs meanwhile, so none sees the odd version. */
		tk_pvclock_refresh(process->clock, vcpu, clock_insns(process), &page);
		space_write(&process->space, page_of(vcpu), &page, sizeof(page));
	}
}

int64_t pvclock_map(struct process *process)
{
	enum { ENABLED = 1 };
	unsigned vcpus;
	int64_t result;

	if (!process->options->pvclock)
		return 0;
	vcpus = tk_vcpus(process->clock);
	result = space_mmap(&process->space, GUEST_PVCLOCK, vcpus * GUEST_PAGE, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (result < 0)
		return result;
	space_set_name(&process->space, GUEST_PVCLOCK, page_of(vcpus), "[pvclock]");
	for (unsigned vcpu = 0; vcpu < vcpus; vcpu++)
		tk_wrmsr(process->clock, vcpu, clock_insns(process), MSR_PVCLOCK_PAGE, page_of(vcpu) | ENABLED);
	pvclock_refresh(process);
	return 0;
}
