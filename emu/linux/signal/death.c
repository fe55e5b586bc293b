/* One line about the signal that a program dies of: what a shell calls "Segmentation fault", with the place in the program. */
#include "emu/linux/signal/death.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/mem/space.h"

static bool dumps_core(int number)
{
	static const int numbers[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS };

	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
		if (numbers[k] == number)
			return true;
	return false;
}

/* Why the kernel raised it; NULL if a program sent it, or if there is nothing more to say. */
static const char *reason(const siginfo_t *info)
{
	static const struct {
		int number, code;
		const char *text;
	} reasons[] = {
		{ SIGSEGV, SEGV_MAPERR, "nothing is mapped at" },
		{ SIGSEGV, SEGV_ACCERR, "no right to access" },
		{ SIGSEGV, SI_KERNEL, "no valid address" },
		{ SIGBUS, BUS_ADRERR, "behind the end of the file:" },
		{ SIGBUS, BUS_ADRALN, "not aligned:" },
		{ SIGFPE, FPE_INTDIV, "division by zero or overflow at" },
		{ SIGILL, ILL_ILLOPN, "unknown instruction at" },
		{ SIGTRAP, SI_KERNEL, "breakpoint" },
	};

	for (size_t k = 0; k < sizeof(reasons) / sizeof(reasons[0]); k++)
		if (reasons[k].number == info->si_signo && reasons[k].code == info->si_code)
			return reasons[k].text;
	return NULL;
}

static bool has_address(const siginfo_t *info)
{
	return info->si_code > 0 && info->si_code != SI_KERNEL && info->si_signo != SIGSYS;
}

/* "libc.so.6+0x8aeec": an offset from the file's beginning, which is the address in the file of a library or a position-independent
 * program. */
static void put_place(const struct space *space, uint64_t address, char *text, size_t size)
{
	const struct vma *vma = space_find(space, address);
	const char *slash = vma && vma->name ? strrchr(vma->name, '/') : NULL;

	if (vma && vma->name)
		snprintf(text, size, "%s+%#" PRIx64, slash ? slash + 1 : vma->name,
			vma->inode ? address - vma->start + vma->offset : address - vma->start);
	else
		snprintf(text, size, "%#" PRIx64, address);
}

void death_report(const struct task *task, const siginfo_t *info)
{
	const struct process *process = task->process;
	const char *why = reason(info);
	char place[300], address[32] = "", name[16];

	if (process->forked || !dumps_core(info->si_signo))
		return;
	if (has_address(info))
		snprintf(address, sizeof(address), " %#" PRIx64, (uint64_t)info->si_addr);
	task_get_name(task, name);
	put_place(&process->space, task->cpu.rip, place, sizeof(place));
	log_line(process->options, LOG_WARNING, "%s dies of SIG%s%s%s%s, in thread %d at %s", name, sigabbrev_np(info->si_signo),
		why ? ": " : "", why ? why : "", address, task->tid, place);
}
