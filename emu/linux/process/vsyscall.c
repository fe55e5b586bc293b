/* The calls of the vsyscall page: emulate_vsyscall() in arch/x86/entry/vsyscall/vsyscall_64.c. */
#include "emu/linux/process/vsyscall.h"

#include <errno.h>
#include <signal.h>

#include "emu/linux/rows/calls.h"
#include "emu/linux/signal/signal.h"

#define VSYSCALL_PAGE 0xffffffffff600000ULL
enum { ENTRY_SHIFT = 10, ENTRY_MASK = 0xc00 };

/* Indexed by the entry's number. */
static const struct {
	syscall_run *run;
	unsigned pointers; /* how many of its arguments are pointers */
} calls[] = { { sys_gettimeofday, 2 }, { sys_time, 1 }, { sys_getcpu, 2 } };
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

/* Returns the entry's number, or -1 if the page has no entry there. */
static int entry_of(uint64_t address)
{
	uint64_t entry = (address & ENTRY_MASK) >> ENTRY_SHIFT;

	return (address & ~(uint64_t)ENTRY_MASK) == VSYSCALL_PAGE && entry < CALLS ? (int)entry : -1;
}

/* write_ok_or_segv(): the signal for a pointer into the kernel's half tells its address. */
static void refuse(struct task *task, int entry)
{
	const uint64_t pointer[] = { task->cpu.r[RDI], task->cpu.r[RSI] };
	siginfo_t info = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };

	for (unsigned k = 0; entry >= 0 && k < calls[entry].pointers && info.si_code == SI_KERNEL; k++) {
		if ((int64_t)pointer[k] < 0) {
			info.si_code = SEGV_MAPERR;
			info.si_addr = (void *)pointer[k];
		}
	}
	signal_force(task, &info);
}

/* Returns true if the call was made: its result is in RAX, and RIP is the caller's. */
static bool call(struct task *task, int entry)
{
	struct cpu *cpu = &task->cpu;
	const uint64_t arg[6] = { cpu->r[RDI], cpu->r[RSI], cpu->r[RDX] };
	uint64_t caller;
	int64_t result;

	if (entry < 0 || !space_read(&task->process->space, cpu->r[RSP], &caller, sizeof(caller)))
		return false;
	result = calls[entry].run(task, arg);
	if (result == -EFAULT)
		return false;
	cpu->r[RAX] = (uint64_t)result;
	cpu->r[RSP] += sizeof(caller);
	cpu->rip = caller;
	return true;
}

bool vsyscall_emulate(struct task *task)
{
	const struct exception *exception = &task->cpu.exception;
	int entry = entry_of(exception->address);

	if (exception->vector != VECTOR_PF || !(exception->error & PF_FETCH)
		|| exception->address / GUEST_PAGE != VSYSCALL_PAGE / GUEST_PAGE)
		return false;
	if (!call(task, entry))
		refuse(task, entry);
	return true;
}
