/* Runs a case on the host's CPU. Signal frames are the way in and out. */
#include "tests/insn/native.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>

/* The kernel's signal frame holds the whole state of a thread, so it is the way in and out: INT3 in native_run brings the
 * handler, which swaps the frame for the case's; the exception that ends the case brings the handler again, which keeps
 * what it finds and swaps the frame back. */

enum { EXTENDED_MAX = 16384, STACK_SIZE = 65536 };

enum { FX_SW_BYTES_AT = 464 }; /* in the frame's FXSAVE area */

/* Ends a case that has no code. */
void native_stop(void);
/* The same after an x87 instruction. */
void native_fldz(void);
__asm__(".pushsection .text\nnative_fldz: fldz\nnative_stop: int3\n.popsection");

static const int native_signals[] = { SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
enum { NATIVE_SIGNALS = sizeof(native_signals) / sizeof(native_signals[0]) };

/* ARCH_SET_FS and its kin: asm/prctl.h, which musl does not have. */
enum { KERNEL_SET_GS = 0x1001, KERNEL_SET_FS = 0x1002, KERNEL_GET_FS = 0x1003, KERNEL_GET_GS = 0x1004 };
#define KERNEL_BASE_MAX 0x7ffffffff000ULL /* arch_prctl refuses addresses above the user's */
enum { HAS_FSGSBASE = 2 };                /* AT_HWCAP2: the kernel lets programs use the instructions */

static struct {
	enum { OUTSIDE, ENTERING, INSIDE } phase;
	bool shows_fip; /* the host shows which x87 instruction was the last */
	bool by_kernel; /* the bases of FS and GS are set and read by arch_prctl */
	const struct machine *in;
	struct machine *out;
	struct outcome *outcome;
	gregset_t host_registers;
	uint8_t host_fp[EXTENDED_MAX];
	uint64_t host_fs, host_gs;
	struct sigaction previous[NSIG];
} native;

/* ORDER REG to the kernel's order. */
/* clang-format off */
static const uint8_t greg_of[GPR_COUNT] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};
/* clang-format on */

/* Does not use libc's wrapper, which finds errno through FS. */
static inline void kernel_base(int code, uint64_t argument)
{
	long result = SYS_arch_prctl;
	__asm__ volatile("syscall" : "+a"(result) : "D"((long)code), "S"(argument) : "rcx", "r11", "memory");
}

static inline __attribute__((target("fsgsbase"))) void read_bases(uint64_t *fs, uint64_t *gs)
{
	if (native.by_kernel) {
		kernel_base(KERNEL_GET_FS, (uint64_t)fs);
		kernel_base(KERNEL_GET_GS, (uint64_t)gs);
	} else {
		__asm__ volatile("rdfsbase %0\n\trdgsbase %1" : "=r"(*fs), "=r"(*gs));
	}
}

static inline __attribute__((target("fsgsbase"))) void write_bases(uint64_t fs, uint64_t gs)
{
	if (native.by_kernel) {
		kernel_base(KERNEL_SET_FS, fs);
		kernel_base(KERNEL_SET_GS, gs);
	} else {
		__asm__ volatile("wrfsbase %0\n\twrgsbase %1" ::"r"(fs), "r"(gs) : "memory");
	}
}

static size_t extended_size(const void *area)
{
	const struct _fpx_sw_bytes *sw = (const void *)((const char *)area + FX_SW_BYTES_AT);

	return sw->magic1 == FP_XSTATE_MAGIC1 ? sw->extended_size : 512;
}

/* Copies `fp` into the frame, except for the kernel's own bytes. */
static void put_fp(struct fp_state *frame, const struct fp_state *fp)
{
	uint8_t kernel_bytes[96];

	memcpy(kernel_bytes, frame->unused, sizeof(kernel_bytes));
	memcpy(frame, fp, sizeof(*fp));
	memcpy(frame->unused, kernel_bytes, sizeof(kernel_bytes));
	frame->xstate_bv = 7;
}

static void take_fp(struct fp_state *fp, const struct fp_state *frame)
{
	memcpy(fp, frame, sizeof(*fp));
	memset(fp->unused, 0, sizeof(fp->unused));
	if (!(frame->xstate_bv & 4))
		memset(fp->ymm_high, 0, sizeof(fp->ymm_high));
}

static void enter(ucontext_t *context)
{
	const struct machine *in = native.in;
	greg_t *registers = context->uc_mcontext.gregs;

	memcpy(native.host_registers, registers, sizeof(native.host_registers));
	memcpy(native.host_fp, context->uc_mcontext.fpregs, extended_size(context->uc_mcontext.fpregs));
	for (int k = 0; k < GPR_COUNT; k++)
		registers[greg_of[k]] = (greg_t)in->r[k];
	registers[REG_RIP] = (greg_t)in->rip;
	registers[REG_EFL] = (greg_t)in->rflags;
	put_fp((struct fp_state *)context->uc_mcontext.fpregs, &in->fp);
	native.phase = INSIDE;
}

static void leave(ucontext_t *context, uint64_t fs, uint64_t gs)
{
	struct machine *out = native.out;
	greg_t *registers = context->uc_mcontext.gregs;

	for (int k = 0; k < GPR_COUNT; k++)
		out->r[k] = (uint64_t)registers[greg_of[k]];
	out->rip = (uint64_t)registers[REG_RIP];
	out->rflags = (uint64_t)registers[REG_EFL];
	out->fs_base = fs;
	out->gs_base = gs;
	take_fp(&out->fp, (struct fp_state *)context->uc_mcontext.fpregs);
	native.outcome->vector = (uint8_t)registers[REG_TRAPNO];
	native.outcome->error = (uint32_t)registers[REG_ERR];
	native.outcome->address = (uint64_t)registers[REG_CR2];
	memcpy(registers, native.host_registers, sizeof(native.host_registers));
	memcpy(context->uc_mcontext.fpregs, native.host_fp, extended_size(native.host_fp));
	native.phase = OUTSIDE;
}

static void pass_on(int number, siginfo_t *info, void *context)
{
	const struct sigaction *previous = &native.previous[number];

	if (previous->sa_flags & SA_SIGINFO) {
		previous->sa_sigaction(number, info, context);
	} else {
		signal(number, SIG_DFL); /* the instruction runs again and ends the program */
	}
}

/* The bases of FS and GS are not in the frame. The handler must not touch thread-local data until the host's bases are back. */
__attribute__((no_stack_protector)) static void on_signal(int number, siginfo_t *info, void *context)
{
	if (native.phase == ENTERING) {
		read_bases(&native.host_fs, &native.host_gs);
		enter(context);
		write_bases(native.in->fs_base, native.in->gs_base);
	} else if (native.phase == INSIDE) {
		uint64_t fs, gs;

		read_bases(&fs, &gs);
		write_bases(native.host_fs, native.host_gs);
		leave(context, fs, gs);
	} else {
		pass_on(number, info, context);
	}
}

static void install_handlers(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	stack_t stack = { .ss_size = STACK_SIZE };

	stack.ss_sp = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) != 0) {
		perror("signal stack");
		exit(2);
	}
	for (int k = 0; k < NATIVE_SIGNALS; k++) {
		int number = native_signals[k];

		sigaction(number, NULL, &native.previous[number]);
		sigaction(number, &action, NULL);
	}
}

/* The kernel's sigreturn takes only some flags from the frame, so NT and ID would keep the values of an earlier case. */
static void clear_sticky_flags(void)
{
	__builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~(uint64_t)(RFLAGS_NT | RFLAGS_ID));
}

void native_run(const struct machine *in, struct machine *out, struct outcome *outcome)
{
	native.in = in;
	native.out = out;
	native.outcome = outcome;
	clear_sticky_flags();
	native.phase = ENTERING;
	__asm__ volatile("int3" ::: "memory");
}

/* Returns true if bases reach the code of a case and come back. Some virtual machines let programs use the instructions, but lose the
 * bases at a signal. Notes whether FIP comes back, too. */
static bool bases_arrive(void)
{
	static struct machine in, out;
	struct outcome outcome;

	in = (struct machine){ .rip = (uint64_t)native_fldz,
		.rflags = RFLAGS_FIXED | RFLAGS_IF,
		.fs_base = 0x123456000,
		.gs_base = 0x654321000 };
	in.fp.fcw = 0x37f;
	in.fp.mxcsr = 0x1f80;
	native_run(&in, &out, &outcome);
	native.shows_fip = out.fp.fip == in.rip;
	return out.fs_base == in.fs_base && out.gs_base == in.gs_base;
}

void native_install(bool bases_by_kernel)
{
	install_handlers();
	native.by_kernel = bases_by_kernel || !(getauxval(AT_HWCAP2) & HAS_FSGSBASE);
	native.by_kernel = native.by_kernel || !bases_arrive();
	if (!native.by_kernel || bases_arrive())
		return;
	fprintf(stderr, "this kernel keeps no FS and GS bases over a signal: instructions cannot be compared with the host's\n");
	exit(2);
}

bool native_has_fsgsbase(void)
{
	return !native.by_kernel;
}

bool native_shows_fip(void)
{
	return native.shows_fip;
}

bool native_can_set(const struct machine *in)
{
	return !native.by_kernel || (in->fs_base < KERNEL_BASE_MAX && in->gs_base < KERNEL_BASE_MAX);
}
