/* Signal frames, compared with those of the host's kernel for the same fault. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/cpu/flags.h"
#include "emu/cpu/model.h"
#include "emu/cpu/xsave.h"
#include "emu/linux/signal/signal.h"
#include "emu/mem/fault.h"
#include "tests/unit/suite.h"

enum { SA_RESTORER = 0x04000000, STACK = 0x10000 };
static const uint64_t stack_base = 0x10000000, handler = 0x400000, restorer = 0x400100, fault_at = 0x123000;

/* What is compared: the memory that the handler's arguments point to, and the FP image that the context refers to. */
struct seen {
	ucontext_t context;
	siginfo_t info;
	uint8_t fpstate[XSAVE_SIZE + sizeof(uint32_t)];
	uint64_t stack_pointer;
};

static struct seen *native;

static void on_fault(int number, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	(void)number;
	native->context = *uc;
	native->info = *info;
	native->stack_pointer = (uint64_t)uc - sizeof(uint64_t);
	memcpy(native->fpstate, uc->uc_mcontext.fpregs, sizeof(native->fpstate));
	_exit(0);
}

/* Faults with known registers, on an alternate stack, in a child. */
static void fault_natively(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t stack = { .ss_sp = (void *)stack_base, .ss_size = STACK };
	pid_t child;

	native = mmap(NULL, sizeof(*native), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	child = fork();
	if (child == 0) {
		munmap((void *)(fault_at & -GUEST_PAGE), GUEST_PAGE); /* it may be reserved */
		mmap((void *)stack_base, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		sigaltstack(&stack, NULL);
		sigemptyset(&action.sa_mask);
		sigprocmask(SIG_SETMASK, &action.sa_mask, NULL);
		sigaction(SIGSEGV, &action, NULL);
		__asm__ volatile("fninit\n\tfldpi\n\tvzeroall\n\tmov $0x1122334455667788, %%rax\n\tmovq %%rax, %%xmm3\n\t"
				 "mov $3, %%eax\n\tmov $5, %%ebx\n\tmov $7, %%ecx\n\tmov $9, %%r15d\n\tmov $11, %%r8d\n\t"
				 "xor %%edx, %%edx\n\tstc\n\tmovl %%eax, (%0)"
				 :
				 : "D"(fault_at)
				 : "rax", "rbx", "rcx", "rdx", "r8", "r15", "xmm3", "memory");
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

static struct options options = { .cpu = "x86-64-v3", .vcpus = 1 };

static struct task *make_task(void)
{
	struct process *process = calloc(1, sizeof(*process));
	struct task *task = aligned_alloc(64, (sizeof(*task) + 63) & ~63ul);

	memset(task, 0, sizeof(*task));
	process->options = &options;
	process->tasks = process->current = task;
	fault_install(); /* for copies */
	space_init(&process->space);
	space_mmap(&process->space, stack_base, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	task->process = process;
	task->cpu.model = cpu_model_find(options.cpu);
	task->signals.altstack = (stack_t){ .ss_sp = (void *)stack_base, .ss_size = STACK };
	fpstate_reset(&task->cpu);
	return task;
}

static void known_registers(struct cpu *cpu)
{
	for (unsigned i = 0; i < GPR_COUNT; i++)
		cpu->r[i] = 0;
	cpu->r[RAX] = 3;
	cpu->r[RBX] = 5;
	cpu->r[RCX] = 7;
	cpu->r[R15] = 9;
	cpu->r[R8] = 11;
	cpu->r[RDI] = fault_at;
	cpu->r[RSP] = 0x20000000;
	cpu->v[3].u64[0] = 0x1122334455667788;
	rflags_set(cpu, RFLAGS_CF | RFLAGS_PF | RFLAGS_ZF);
	cpu->exception = (struct exception){ .vector = VECTOR_PF, .error = 6, .address = fault_at };
}

static struct seen fault_emulated(struct task *task)
{
	struct guest_sigaction action = { handler, SA_SIGINFO | SA_ONSTACK | SA_RESTORER, restorer, 0 };
	struct seen seen;
	siginfo_t info;

	known_registers(&task->cpu);
	signal_exception(task);
	ck_assert_int_eq(signal_dequeue(task, ~0ULL, &info), SIGSEGV);
	ck_assert(signal_frame_push(task, &info, &action, task->signals.mask));
	ck_assert_uint_eq(task->cpu.r[RDI], SIGSEGV);
	ck_assert_uint_eq(task->cpu.rip, handler);
	ck_assert_uint_eq(*(uint64_t *)task->cpu.r[RSP], restorer);
	/* The kernel's ucontext ends with 8 bytes of mask: what follows in libc's is not compared. */
	memcpy(&seen.context, (void *)task->cpu.r[RDX], offsetof(ucontext_t, uc_sigmask) + sizeof(uint64_t));
	memcpy(&seen.info, (void *)task->cpu.r[RSI], sizeof(seen.info));
	memcpy(seen.fpstate, seen.context.uc_mcontext.fpregs, sizeof(seen.fpstate));
	seen.stack_pointer = task->cpu.r[RSP];
	return seen;
}

START_TEST(frame_is_the_hosts)
{
	static const int compared[] = { REG_R8, REG_R15, REG_RDI, REG_RBX, REG_RDX, REG_RAX, REG_RCX, REG_EFL, REG_CSGSFS, REG_ERR,
		REG_TRAPNO, REG_OLDMASK, REG_CR2 };
	struct seen ours;

	fault_natively();
	ours = fault_emulated(make_task());
	ck_assert_uint_eq(ours.context.uc_flags, native->context.uc_flags);
	ck_assert_ptr_eq(ours.context.uc_stack.ss_sp, native->context.uc_stack.ss_sp);
	ck_assert_int_eq(ours.context.uc_stack.ss_flags, native->context.uc_stack.ss_flags);
	ck_assert_uint_eq(ours.context.uc_stack.ss_size, native->context.uc_stack.ss_size);
	for (size_t i = 0; i < sizeof(compared) / sizeof(compared[0]); i++)
		ck_assert_msg(ours.context.uc_mcontext.gregs[compared[i]] == native->context.uc_mcontext.gregs[compared[i]],
			"gregs[%d]: %#llx, on the host %#llx", compared[i], ours.context.uc_mcontext.gregs[compared[i]],
			native->context.uc_mcontext.gregs[compared[i]]);
	ck_assert_int_eq(ours.info.si_signo, native->info.si_signo);
	ck_assert_int_eq(ours.info.si_code, native->info.si_code);
	ck_assert_ptr_eq(ours.info.si_addr, native->info.si_addr);
	ck_assert_int_eq(
		memcmp(ours.fpstate + offsetof(struct xsave_area, xmm), native->fpstate + offsetof(struct xsave_area, xmm), 16 * 16), 0);
	/* the places of the parts depend on the size of the host's FP state, but their relations do not */
	ck_assert_uint_eq(ours.stack_pointer % 16, native->stack_pointer % 16);
	ck_assert_uint_eq((uint64_t)ours.context.uc_mcontext.fpregs % 64, (uint64_t)native->context.uc_mcontext.fpregs % 64);
}
END_TEST

START_TEST(fp_state_describes_itself)
{
	const struct {
		uint32_t magic1, extended_size;
		uint64_t features;
		uint32_t xstate_size;
	} * words;
	struct seen ours = fault_emulated(make_task());
	uint32_t magic2;

	words = (const void *)(ours.fpstate + offsetof(struct xsave_area, software));
	ck_assert_uint_eq(words->magic1, 0x46505853); /* FP_XSTATE_MAGIC1 */
	ck_assert_uint_eq(words->features, XSAVE_X87 | XSAVE_SSE | XSAVE_YMM);
	ck_assert_uint_eq(words->extended_size, words->xstate_size + sizeof(magic2));
	memcpy(&magic2, ours.fpstate + words->xstate_size, sizeof(magic2));
	ck_assert_uint_eq(magic2, 0x46505845); /* FP_XSTATE_MAGIC2 */
}
END_TEST

/* As the restorer calls rt_sigreturn: the return address has been popped. */
static bool return_from(struct task *task)
{
	task->cpu.r[RSP] += sizeof(uint64_t);
	return signal_frame_pop(task);
}

START_TEST(sigreturn_restores_all)
{
	struct task *task = make_task();
	struct cpu before;

	known_registers(&task->cpu);
	task->cpu.rip = 0x401234;
	task->cpu.v[15].u64[3] = 42;
	task->cpu.x87.control = 0x27f;
	task->cpu.mxcsr = 0x3f80;
	task->signals.mask = 0xf000;
	memcpy(&before, &task->cpu, sizeof(before));
	fault_emulated(task);
	ck_assert_uint_eq(task->cpu.mxcsr, MXCSR_INIT);
	ck_assert(return_from(task));
	for (unsigned i = 0; i < GPR_COUNT; i++)
		ck_assert_uint_eq(task->cpu.r[i], before.r[i]);
	ck_assert_uint_eq(task->cpu.v[3].u64[0], 0x1122334455667788);
	ck_assert_uint_eq(task->cpu.mxcsr, 0x3f80);
	ck_assert_uint_eq(task->cpu.x87.control, 0x27f);
	ck_assert_uint_eq(task->cpu.v[15].u64[3], 42);
	ck_assert_uint_eq(rflags_get(&task->cpu), rflags_get(&before));
	ck_assert_uint_eq(task->signals.mask, 0xf000);
}
END_TEST

START_TEST(sigreturn_refuses_what_iret_would)
{
	struct task *task = make_task();

	fault_emulated(task);
	((ucontext_t *)task->cpu.r[RDX])->uc_mcontext.gregs[REG_CSGSFS] = 0x10;
	ck_assert(!return_from(task));
}
END_TEST

START_TEST(sigreturn_refuses_reserved_mxcsr)
{
	struct task *task = make_task();

	fault_emulated(task);
	((ucontext_t *)task->cpu.r[RDX])->uc_mcontext.fpregs->mxcsr = 0x80000000;
	ck_assert(!return_from(task));
}
END_TEST

START_TEST(sigreturn_refuses_unreadable_frame)
{
	struct task *task = make_task();

	task->cpu.r[RSP] = 0x30000000;
	ck_assert(!signal_frame_pop(task));
}
END_TEST

START_TEST(frame_must_fit_alternate_stack)
{
	struct guest_sigaction action = { handler, SA_ONSTACK | SA_RESTORER, restorer, 0 };
	siginfo_t info = { .si_signo = SIGUSR1 };
	struct task *task = make_task();

	task->signals.altstack.ss_sp = (void *)(stack_base + STACK - 512);
	task->signals.altstack.ss_size = 512;
	ck_assert(!signal_frame_push(task, &info, &action, 0));
}
END_TEST

START_TEST(queue_order_is_the_kernels)
{
	const int sent[] = { SIGUSR2, SIGRTMIN + 1, SIGTERM, SIGUSR2, SIGRTMIN + 1, SIGSEGV };
	const int taken[] = { SIGSEGV, SIGUSR2, SIGTERM, SIGRTMIN + 1, SIGRTMIN + 1, 0 };
	struct task *task = make_task();

	task->signals.mask = ~0ULL;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++)
		signal_send_task(task, &(siginfo_t){ .si_signo = sent[i], .si_code = SI_QUEUE });
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		siginfo_t info;

		ck_assert_int_eq(signal_dequeue(task, ~0ULL, &info), taken[i]);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("frames");

	tcase_add_test(tests, frame_is_the_hosts);
	tcase_add_test(tests, fp_state_describes_itself);
	tcase_add_test(tests, sigreturn_restores_all);
	tcase_add_test(tests, sigreturn_refuses_what_iret_would);
	tcase_add_test(tests, sigreturn_refuses_reserved_mxcsr);
	tcase_add_test(tests, sigreturn_refuses_unreadable_frame);
	tcase_add_test(tests, frame_must_fit_alternate_stack);
	tcase_add_test(tests, queue_order_is_the_kernels);
	return run_suite("signal frames", tests);
}
