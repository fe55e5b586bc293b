/* The signal for each CPU exception, as arch/x86/kernel/traps.c and arch/x86/mm/fault.c choose it. */
#include <signal.h>
#include <sys/mman.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/signal/signal.h"

/* IE DE ZE OE UE PE in x87's status word and in MXCSR: fpu__exception_code(). */
static int float_code(uint32_t unmasked)
{
	if (unmasked & 0x01)
		return FPE_FLTINV;
	if (unmasked & 0x04)
		return FPE_FLTDIV;
	if (unmasked & 0x08)
		return FPE_FLTOVF;
	if (unmasked & 0x12)
		return FPE_FLTUND;
	return unmasked & 0x20 ? FPE_FLTRES : 0;
}

static bool access_allowed(const struct vma *vma, uint64_t error)
{
	int needed = error & PF_FETCH ? PROT_EXEC : error & PF_WRITE ? PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC;

	return vma->prot & needed;
}

/* If the mapping allows the access, there was no page: beyond the end of a file. If the host has no mapping, madvise(2) has kept it from
 * a child or removed it. */
static void page_fault(struct task *task, siginfo_t *info)
{
	const struct exception *exception = &task->cpu.exception;
	const struct vma *vma = space_find(&task->process->space, exception->address);

	info->si_signo = SIGSEGV;
	if (!is_canonical(exception->address)) { /* a #GP, which has no address */
		info->si_code = SI_KERNEL;
		task->signals.fault.vector = VECTOR_GP;
		task->signals.fault.error = 0;
		return;
	}
	info->si_addr = (void *)exception->address;
	task->signals.fault.address = exception->address;
	task->signals.fault.error |= PF_USER;
	if (exception->address >= 1ULL << 47)
		task->signals.fault.error |= PF_PRESENT; /* in the kernel's half, the error code does not tell if a page is present */
	if (!vma || exception->si_code == SEGV_MAPERR) {
		info->si_code = SEGV_MAPERR;
	} else if (access_allowed(vma, exception->error)) {
		info->si_signo = SIGBUS;
		info->si_code = BUS_ADRERR;
	} else {
		info->si_code = SEGV_ACCERR;
	}
}

/* The vectors whose signal is not SIGSEGV with SI_KERNEL. */
static const struct {
	int signal, code;
	bool tells_rip;
} traps[] = {
	[VECTOR_DE] = { SIGFPE, FPE_INTDIV, true },
	[VECTOR_DB] = { SIGTRAP, TRAP_BRKPT, true },
	[VECTOR_BP] = { SIGTRAP, SI_KERNEL, false },
	[VECTOR_UD] = { SIGILL, ILL_ILLOPN, true },
	[VECTOR_SS] = { SIGBUS, SI_KERNEL, false },
	[VECTOR_MF] = { SIGFPE, 0, true },
	[VECTOR_AC] = { SIGBUS, BUS_ADRALN, false },
	[VECTOR_XM] = { SIGFPE, 0, true },
};

static int code_of(const struct cpu *cpu, unsigned vector)
{
	switch (vector) {
	case VECTOR_DB: return cpu->exception.si_code ? cpu->exception.si_code : TRAP_BRKPT; /* a step, or INT1 */
	case VECTOR_MF: return float_code(cpu->x87.status & ~(uint32_t)cpu->x87.control);
	case VECTOR_XM: return float_code(cpu->mxcsr & ~(cpu->mxcsr >> 7));
	default: return traps[vector].code;
	}
}

void signal_exception(struct task *task)
{
	struct cpu *cpu = &task->cpu;
	unsigned vector = cpu->exception.vector;
	siginfo_t info = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };

	task->call.restartable = false;
	task->signals.fault.vector = vector;
	task->signals.fault.error = cpu->exception.error;
	task->signals.fault.resume_flag = vector != VECTOR_DB && vector != VECTOR_BP && vector != VECTOR_OF;
	if (vector == VECTOR_PF) {
		page_fault(task, &info);
	} else if (vector < sizeof(traps) / sizeof(traps[0]) && traps[vector].signal) {
		info.si_signo = traps[vector].signal;
		info.si_code = code_of(cpu, vector);
		info.si_addr = traps[vector].tells_rip ? (void *)cpu->rip : NULL;
	}
	signal_force(task, &info);
}
