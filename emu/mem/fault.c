/* The handler of host signals that guest accesses and guest arithmetic raise. */
#include "emu/mem/fault.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <xmmintrin.h>

#include "emu/cpu/x87_live.h"
#include "emu/mem/access.h"
#include "emu/mem/doorbell.h"
#include "emu/mem/undo.h"

/* The one static pointer: see fault.h. */
static struct fault_frame *current;

/* The exception for an access that the limit check refused. As on Linux, canonical addresses beyond user space are not mapped (#PF), and
 * others raise #GP. */
static void refused_access(struct cpu *cpu)
{
	uint64_t address = cpu->fault_address;
	bool canonical = is_canonical(address);

	cpu->exception = (struct exception){
		.vector = canonical ? VECTOR_PF : VECTOR_GP,
		.error = canonical ? PF_USER : 0,
		.address = canonical ? address : 0,
		.si_code = canonical ? SEGV_MAPERR : SI_KERNEL,
	};
}

/* The host's exception vector, in REG_TRAPNO, and its error code are also the guest's. */
static void host_exception(struct cpu *cpu, const siginfo_t *info, const ucontext_t *uc)
{
	cpu->exception = (struct exception){
		.vector = (uint8_t)uc->uc_mcontext.gregs[REG_TRAPNO],
		.error = (uint32_t)uc->uc_mcontext.gregs[REG_ERR],
		.si_code = info->si_code,
	};
	if (cpu->exception.vector == VECTOR_PF)
		cpu->exception.address = (uint64_t)info->si_addr;
	else if (info->si_signo == SIGBUS)
		cpu->exception.address = (uint64_t)info->si_addr;
}

static bool is_write(const siginfo_t *info, const ucontext_t *uc)
{
	return info->si_signo == SIGSEGV && uc->uc_mcontext.gregs[REG_TRAPNO] == VECTOR_PF && uc->uc_mcontext.gregs[REG_ERR] & PF_WRITE;
}

/* Returns true if the write hit a page that is protected only because it holds decoded code, and lifts that protection. */
static bool code_write(struct fault_frame *frame, const siginfo_t *info, const ucontext_t *uc)
{
	return is_write(info, uc) && space_unprotect_code(frame->space, (uint64_t)info->si_addr);
}

/* Returns true if the access was to memory that grows down, and has grown. */
static bool grown(struct fault_frame *frame, const siginfo_t *info, const ucontext_t *uc)
{
	return info->si_signo == SIGSEGV && uc->uc_mcontext.gregs[REG_TRAPNO] == VECTOR_PF
		&& space_grow(frame->space, (uint64_t)info->si_addr);
}

/* The kernel gives a signal handler a fresh MXCSR, so the guest's is in the frame. So is the x87 state, if it was live. */
static _Noreturn void leave(struct fault_frame *frame, const ucontext_t *uc, enum fault_reason reason)
{
	const struct _libc_fpstate *fp = uc->uc_mcontext.fpregs;

	x87_from_frame(&frame->cpu->x87, fp->cwd, fp->swd, (uint8_t)fp->ftw, (const uint8_t(*)[16])fp->_st);
	_mm_setcsr(fp->mxcsr);
	siglongjmp(frame->leave, reason);
}

/* Returns true if the signal is no fault, but was sent by a process, or by the kernel as a child's exit signal (clone(2)). A fault's
 * address is the CPU's CR2, or 0; an exit signal has the child's id there. */
static bool is_sent(const siginfo_t *info, const ucontext_t *uc)
{
	greg_t address = (greg_t)info->si_addr;

	if (info->si_code <= 0)
		return true;
	return info->si_code <= CLD_CONTINUED && address != 0 && address != uc->uc_mcontext.gregs[REG_CR2]
		&& address != uc->uc_mcontext.gregs[REG_RIP];
}

/* --- copies that may fail ---------------------------------------------------------------------------- */

extern const char fault_copy_begin[], fault_copy_end[];

/* Ends early if the copy faults: RCX then holds the number of bytes that are left. */
__attribute__((noinline)) bool fault_copy(void *to, const void *from, size_t length)
{
	__asm__ volatile("fault_copy_begin: rep movsb\n"
			 "fault_copy_end:"
			 : "+D"(to), "+S"(from), "+c"(length)
			 :
			 : "memory");
	return length == 0;
}

extern const char fault_exchange_begin[], fault_exchange_end[];

/* Where the exchange faults, RDX becomes 0. */
__attribute__((noinline)) bool fault_exchange(uint32_t *at, uint32_t *old, uint32_t new)
{
	uint64_t done = 1;

	__asm__ volatile("fault_exchange_begin: lock cmpxchgl %[new], (%[at])\n"
			 "fault_exchange_end:"
			 : "+a"(*old), "+d"(done)
			 : [at] "r"(at), [new] "r"(new)
			 : "memory", "cc");
	return done;
}

static bool access_failed(const siginfo_t *info, ucontext_t *uc)
{
	greg_t *reg = uc->uc_mcontext.gregs;

	if (address_refused((uint64_t)info->si_addr))
		return false;
	if (reg[REG_RIP] == (greg_t)fault_copy_begin) {
		reg[REG_RIP] = (greg_t)fault_copy_end;
		return true;
	}
	if (reg[REG_RIP] != (greg_t)fault_exchange_begin)
		return false;
	reg[REG_RIP] = (greg_t)fault_exchange_end;
	reg[REG_RDX] = 0;
	return true;
}

/* --- the handler ------------------------------------------------------------------------------------- */

static void on_fault(int signal, siginfo_t *info, void *context)
{
	struct fault_frame *frame = current;
	ucontext_t *uc = context;

	if (is_sent(info, uc)) {
		doorbell_forward(info);
		return;
	}
	if (access_failed(info, uc))
		return;
	if (!frame) { /* a fault of the emulator itself: die of it, with a core */
		static const char message[] = "tick86: internal error: the emulator itself has faulted\n";
		ssize_t written = write(STDERR_FILENO, message, sizeof(message) - 1);

		(void)written;
		struct sigaction dying = { .sa_handler = SIG_DFL };
		sigaction(signal, &dying, NULL);
		return;
	}
	if (frame->space->undo && is_write(info, uc) && undo_take(frame->space->undo, (uint64_t)info->si_addr))
		return;
	if (grown(frame, info, uc))
		return;
	if (code_write(frame, info, uc)) {
		if (!frame->code_written(frame->context, uc))
			return;
		frame->recover(frame->context, uc);
		leave(frame, uc, FAULT_CODE_WRITTEN);
	}
	frame->recover(frame->context, uc);
	if (signal == SIGILL)
		refused_access(frame->cpu);
	else
		host_exception(frame->cpu, info, uc);
	leave(frame, uc, FAULT_EXCEPTION);
}

/* Where a fault finds the guest's stack pointer in the host's register, nothing may be pushed there. Room for the largest frame, that of
 * AMX, and more. */
static void set_stack(void)
{
	enum { STACK_BYTES = 128 << 10 };
	stack_t stack = { .ss_size = STACK_BYTES };

	stack.ss_sp = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) != 0) {
		perror("tick86: no memory for signal handlers");
		abort();
	}
}

void fault_install(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

	set_stack();
	sigemptyset(&action.sa_mask);
	for (unsigned k = 0; k < sizeof(signals) / sizeof(*signals); k++)
		sigaction(signals[k], &action, NULL);
}

void fault_enter(struct fault_frame *frame)
{
	current = frame;
	compiler_barrier();
}

void fault_leave(void)
{
	compiler_barrier();
	current = NULL;
}
