/* The stack frame of a signal handler: struct rt_sigframe of arch/x86/kernel/signal_64.c. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ucontext.h>

#include "emu/cpu/flags.h"
#include "emu/cpu/model.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/signal/signal.h"

enum { RED_ZONE = 128, FPSTATE_ALIGN = 64, MINIMUM_ALTSTACK = 2048 };
enum { UC_FP_XSTATE = 1, UC_SIGCONTEXT_SS = 2, UC_STRICT_RESTORE_SS = 4 };
enum { SELECTOR_USER_CODE = 0x33, SELECTOR_USER_DATA = 0x2b, SELECTOR_RPL = 3 };
enum { SA_RESTORER = 0x04000000 };
enum { RESTORED_FLAGS = RFLAGS_STATUS | RFLAGS_DF | RFLAGS_TF | RFLAGS_AC };

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

struct guest_sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	uint16_t cs, gs, fs, ss;
	uint64_t error, vector, oldmask, cr2, fpstate, reserved[8];
};

struct guest_stack {
	uint64_t sp;
	int32_t flags, padding;
	uint64_t size;
};

struct guest_ucontext {
	uint64_t flags, link;
	struct guest_stack stack;
	struct guest_sigcontext context;
	uint64_t mask;
};

struct rt_sigframe {
	uint64_t return_address;
	struct guest_ucontext uc;
	siginfo_t info;
};

_Static_assert(sizeof(struct guest_sigcontext) == 256, "struct sigcontext_64");
_Static_assert(sizeof(struct rt_sigframe) == 440, "struct rt_sigframe");

/* The register in each field of the first part. ORDER: struct guest_sigcontext. */
/* clang-format off */
static const uint8_t saved_register[] = {
	R8, R9, R10, R11, R12, R13, R14, R15, RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP,
};
/* clang-format on */

/* --- the alternate stack ------------------------------------------------------------------------------ */

static bool within_altstack(const struct task *task, uint64_t stack_pointer)
{
	uint64_t bottom = (uint64_t)task->signals.altstack.ss_sp;

	return stack_pointer > bottom && stack_pointer - bottom <= task->signals.altstack.ss_size;
}

/* With SS_AUTODISARM the settings are cleared while a handler runs on the stack, so the stack counts as unused. */
static bool on_altstack(const struct task *task, uint64_t stack_pointer)
{
	return !(task->signals.altstack.ss_flags & (int)SS_AUTODISARM) && within_altstack(task, stack_pointer);
}

static int altstack_state(const struct task *task, uint64_t stack_pointer)
{
	if (!task->signals.altstack.ss_size)
		return SS_DISABLE;
	return on_altstack(task, stack_pointer) ? SS_ONSTACK : 0;
}

stack_t signal_get_altstack(const struct task *task)
{
	stack_t stack = task->signals.altstack;

	stack.ss_flags = altstack_state(task, task->cpu.r[RSP]) | (task->signals.altstack.ss_flags & (int)SS_AUTODISARM);
	return stack;
}

int64_t signal_set_altstack(struct task *task, const stack_t *stack, uint64_t stack_pointer)
{
	int mode = stack->ss_flags & ~(int)SS_AUTODISARM;

	if (on_altstack(task, stack_pointer))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		task->signals.altstack = (stack_t){ .ss_flags = stack->ss_flags };
		return 0;
	}
	if (stack->ss_size < MINIMUM_ALTSTACK)
		return -ENOMEM;
	task->signals.altstack = *stack;
	return 0;
}

/* --- entering a handler ------------------------------------------------------------------------------- */

struct frame_place {
	uint64_t frame, fpstate;
};

/* Returns false if the frame would not fit on the alternate stack. */
static bool place_frame(const struct task *task, const struct guest_sigaction *action, struct frame_place *place)
{
	uint64_t sp = task->cpu.r[RSP] - RED_ZONE;
	bool on_alternate = on_altstack(task, sp);

	if ((action->flags & SA_ONSTACK) && altstack_state(task, sp) == 0) {
		sp = (uint64_t)task->signals.altstack.ss_sp + task->signals.altstack.ss_size;
		on_alternate = true;
	}
	place->fpstate = (sp - fpstate_size(&task->cpu)) & ~(uint64_t)(FPSTATE_ALIGN - 1);
	/* RSP + 8 is a multiple of 16, as after a CALL */
	place->frame = ((place->fpstate - sizeof(struct rt_sigframe)) & ~15ULL) - 8;
	return !on_alternate || within_altstack(task, place->frame);
}

static void fill_context(const struct task *task, uint64_t mask, uint64_t fpstate, struct guest_sigcontext *context)
{
	const struct cpu *cpu = &task->cpu;
	uint64_t *field = &context->r8;

	for (unsigned i = 0; i < sizeof(saved_register); i++)
		field[i] = cpu->r[saved_register[i]];
	context->rip = cpu->rip;
	context->rflags = rflags_get(cpu) | (task->signals.fault.resume_flag ? RFLAGS_RF : 0);
	context->cs = SELECTOR_USER_CODE;
	context->ss = SELECTOR_USER_DATA;
	context->error = task->signals.fault.error;
	context->vector = task->signals.fault.vector;
	context->cr2 = task->signals.fault.address;
	context->oldmask = mask;
	context->fpstate = fpstate;
}

bool signal_frame_push(struct task *task, const siginfo_t *info, const struct guest_sigaction *action, uint64_t mask)
{
	struct cpu *cpu = &task->cpu;
	struct rt_sigframe frame = { .return_address = action->restorer };
	stack_t stack = signal_get_altstack(task);
	uint8_t fpstate[FPSTATE_MAX] __attribute__((aligned(64)));
	struct frame_place place;

	if (!(action->flags & SA_RESTORER) || !place_frame(task, action, &place))
		return false;
	frame.uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (cpu->model->avx ? UC_FP_XSTATE : 0);
	frame.uc.stack = (struct guest_stack){ (uint64_t)stack.ss_sp, stack.ss_flags, 0, stack.ss_size };
	frame.uc.mask = mask;
	fill_context(task, mask, place.fpstate, &frame.uc.context);
	frame.info = *info;
	fpstate_write(cpu, fpstate);
	if (!space_write(&task->process->space, place.fpstate, fpstate, fpstate_size(cpu))
		|| !space_write(&task->process->space, place.frame, &frame, sizeof(frame)))
		return false;
	if (task->signals.altstack.ss_flags & (int)SS_AUTODISARM)
		task->signals.altstack = (stack_t){ .ss_flags = SS_DISABLE };
	fpstate_reset(cpu);
	task->signals.fault.resume_flag = false;
	cpu->r[RDI] = (uint64_t)info->si_signo;
	cpu->r[RSI] = place.frame + offsetof(struct rt_sigframe, info);
	cpu->r[RDX] = place.frame + offsetof(struct rt_sigframe, uc);
	cpu->r[RAX] = 0;
	cpu->r[RSP] = place.frame;
	cpu->rip = action->handler;
	rflags_set(cpu, rflags_get(cpu) & ~(uint64_t)(RFLAGS_DF | RFLAGS_TF));
	return true;
}

/* --- leaving it --------------------------------------------------------------------------------------- */

static bool restore_fpstate(struct task *task, uint64_t address)
{
	uint8_t image[FPSTATE_MAX] __attribute__((aligned(64)));
	size_t size = fpstate_size(&task->cpu);

	if (!address) {
		fpstate_reset(&task->cpu);
		return true;
	}
	if (!space_read(&task->process->space, address, image, FXSAVE_SIZE))
		return false;
	if (size > FXSAVE_SIZE && !space_read(&task->process->space, address + FXSAVE_SIZE, image + FXSAVE_SIZE, size - FXSAVE_SIZE))
		size = FXSAVE_SIZE;
	return fpstate_read(&task->cpu, image, size);
}

bool signal_frame_pop(struct task *task)
{
	struct cpu *cpu = &task->cpu;
	uint64_t address = cpu->r[RSP] - sizeof(uint64_t); /* the handler's return has popped the return address */
	const struct guest_sigcontext *context;
	struct rt_sigframe frame;
	stack_t stack;

	if (!space_read(&task->process->space, address, &frame, offsetof(struct rt_sigframe, info)))
		return false;
	signal_set_mask(task, frame.uc.mask);
	context = &frame.uc.context;
	if ((context->cs | SELECTOR_RPL) != SELECTOR_USER_CODE)
		return false; /* IRET would refuse it */
	if ((frame.uc.flags & UC_STRICT_RESTORE_SS) && (context->ss | SELECTOR_RPL) != SELECTOR_USER_DATA)
		return false;
	for (unsigned i = 0; i < sizeof(saved_register); i++)
		cpu->r[saved_register[i]] = (&context->r8)[i];
	cpu->rip = context->rip;
	rflags_set(cpu, (rflags_get(cpu) & ~(uint64_t)RESTORED_FLAGS) | (context->rflags & RESTORED_FLAGS));
	if (!restore_fpstate(task, context->fpstate))
		return false;
	stack = (stack_t){ (void *)frame.uc.stack.sp, frame.uc.stack.flags, frame.uc.stack.size };
	signal_set_altstack(task, &stack, cpu->r[RSP]); /* errors are ignored, as in restore_altstack() */
	task->call.restartable = false;
	return true;
}
