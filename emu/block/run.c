/* The run loop: finds or builds the block at rip, enters it, and acts on the reason for which it ended. */
#include <signal.h>
#include <string.h>
#include <xmmintrin.h>

#include "emu/block/alignment.h"
#include "emu/block/cache.h"
#include "emu/block/tier.h"
#include "emu/block/operands.h"
#include "emu/block/plan.h"
#include "emu/cpu/fatal.h"
#include "emu/cpu/x87_live.h"
#include "emu/mem/fault.h"
#include "emu/op/dispatch.h"

/* Runs records until a handler ends the run. With tail calls, one call runs them all. */
static void run_records(struct cpu *cpu, const struct insn *i)
{
	while (i)
		i = i->run(cpu, i);
}

/* Of an unused entry: it is looked up, and as nothing can be mapped at address 1, the lookup faults. */
enum { UNUSED_RIP = 1 };
static const struct stub unused = { .run = stub_record, .rip = UNUSED_RIP };

/* The jump cache and the list of returns point into blocks that are gone. */
static void forget_jumps(struct cpu *cpu)
{
	for (unsigned k = 0; k < JUMP_CACHE_SIZE; k++)
		cpu->jump_cache[k] = (struct jump_cache_entry){ UNUSED_RIP, (const struct insn *)&unused };
	for (unsigned k = 0; k < RETURNS_SIZE; k++)
		cpu->returns[k] = (struct return_entry){ UNUSED_RIP, (const struct insn *)&unused };
}

/* Subtracts the executed instructions of the block that holds cpu->at, and sets rip to that record's instruction. */
static void charge_to_record(struct cpu *cpu, const struct blocks *blocks)
{
	struct block *block = cache_locate(blocks, cpu->at);
	struct place place;

	if (!block) {
		if (blocks->tier)
			blocks->tier->calls->settle(blocks->tier, cpu, cpu->at);
		return;
	}
	place = block->place[cpu->at - block->insn];
	cpu->rip = block->rip + place.offset;
	cpu->budget -= place.insns;
}

/* Returns true if the record at cpu->at has not run, or not to its end. */
static bool stopped_before(enum cpu_exit exit)
{
	return exit == EXIT_STOP || exit == EXIT_EXCEPTION || exit == EXIT_WORLD || exit == EXIT_AGAIN;
}

/* Makes code for the block at cpu->at. */
static void make_hot(struct cpu *cpu, struct blocks *blocks)
{
	struct block *block = cache_entered(blocks, cpu->at);

	CHECK(block->insn == cpu->at);
	cpu->rip = block->rip;
	if (!blocks->tier->calls->make(blocks->tier, cpu, blocks, block)) {
		blocks_clear(blocks);
		forget_jumps(cpu);
	}
}

/* Sets rip and the budget if the handler that ended the run has not. */
static void settle(struct cpu *cpu, struct blocks *blocks)
{
	if (cpu->exit == EXIT_BUDGET)
		cpu->rip = cache_locate(blocks, cpu->at)->rip;
	else if (cpu->exit == EXIT_HOT)
		make_hot(cpu, blocks);
	else if (stopped_before(cpu->exit))
		charge_to_record(cpu, blocks);
	if (cpu->exit == EXIT_AGAIN)
		cpu->budget--;
}

static uint64_t budget_left(const struct cpu *cpu)
{
	return (uint64_t)(cpu->budget + BUDGET_RESERVE);
}

struct run {
	struct cpu *cpu;
	struct blocks *blocks;
	struct fault_frame frame;
	bool alone;     /* the next instruction must run in a block that holds nothing else */
	int64_t held;   /* the part of the budget that is withheld, so that one instruction runs */
	bool recovered; /* translated code was interrupted: cpu has the guest's state, with rip and the budget */
};

/* A write has changed decoded code. If it is the running block's, returns true: the rest of the block is out of date, so the write is
 * repeated in a block that holds nothing else. */
static bool code_written(void *context, const ucontext_t *uc)
{
	struct run *run = context;
	const struct block *block = run->cpu->at ? cache_locate(run->blocks, run->cpu->at) : NULL;
	const struct tier *tier = run->blocks->tier;

	if (tier && tier->calls->holds(tier, uc))
		return tier->calls->dropped(tier, uc);
	if (block)
		return block->dead;
	return tier && tier->calls->called_dropped(tier, run->cpu->at);
}

/* Ahead of leaving for the run loop. */
static void recover(void *context, const ucontext_t *uc)
{
	struct run *run = context;
	const struct tier *tier = run->blocks->tier;

	run->recovered = tier && tier->calls->recover(tier, run->cpu, uc);
}

/* Returns the block at rip, or NULL and sets cpu's exception. Notes it in the link that led here and in the jump cache. */
static struct block *next_block(struct cpu *cpu, struct blocks *blocks)
{
	struct block *block = cache_find(blocks, cpu->rip);
	uint64_t generation = blocks->generation;
	struct draft draft;

	if (!block) {
		if (!build_draft(cpu, blocks, cpu->rip, blocks->config.max_insns, &draft))
			return NULL;
		block = cache_add(blocks, &draft, true);
		if (generation != blocks->generation)
			forget_jumps(cpu);
	}
	if (cpu->link && generation == blocks->generation)
		*cpu->link = block->insn;
	cpu->link = NULL;
	*jump_cache_entry(cpu, cpu->rip) = (struct jump_cache_entry){ cpu->rip, block->insn };
	return block;
}

static void enter(struct cpu *cpu, const struct block *block)
{
	cpu->exit = EXIT_NONE;
	run_records(cpu, block->insn);
}

/* Returns must not use the stubs of a block that is removed. */
static void forget_returns_into(struct cpu *cpu, const struct block *block)
{
	for (unsigned k = 0; k < RETURNS_SIZE; k++)
		for (unsigned exit = 0; exit < block->exits; exit++)
			if (cpu->returns[k].first == (const struct insn *)&block->stub[exit][1])
				cpu->returns[k] = (struct return_entry){ UNUSED_RIP, (const struct insn *)&unused };
}

/* Runs the first `insns` instructions of the block at rip, which is longer, as a temporary block that is not listed. */
static bool enter_short(struct cpu *cpu, struct blocks *blocks, unsigned insns)
{
	uint64_t generation = blocks->generation;
	struct draft draft;
	struct block *block;

	if (!build_draft(cpu, blocks, cpu->rip, insns, &draft))
		return false;
	block = cache_add(blocks, &draft, false);
	if (generation != blocks->generation)
		forget_jumps(cpu);
	enter(cpu, block);
	settle(cpu, blocks);
	cpu->at = NULL;
	cpu->link = NULL;
	forget_returns_into(cpu, block);
	cache_forget(blocks, block);
	return true;
}

/* Runs the block at rip, or its beginning if it is longer than the budget. Returns false if the code cannot be fetched. */
static bool enter_next(struct cpu *cpu, struct blocks *blocks)
{
	struct block *block = next_block(cpu, blocks);

	if (!block)
		return false;
	if (block->insns > budget_left(cpu))
		return enter_short(cpu, blocks, (unsigned)budget_left(cpu));
	enter(cpu, block);
	settle(cpu, blocks);
	return true;
}

static void release_budget(struct run *run)
{
	run->cpu->budget += run->held;
	run->cpu->limit += run->held;
	run->held = 0;
}

/* Runs the instruction at rip and nothing after it: with no budget left, it does not enter a known block either. */
static bool enter_one(struct run *run)
{
	struct cpu *cpu = run->cpu;
	bool entered;

	run->held = (int64_t)budget_left(cpu) - 1;
	cpu->budget -= run->held;
	cpu->limit -= run->held;
	entered = enter_short(cpu, run->blocks, 1);
	release_budget(run);
	return entered;
}

/* Returns true if an instruction that began with TF set is followed by a trap (SDM vol. 3, 17.3.1.4). Not after SYSCALL, which clears TF
 * through FMASK, nor after an exception, nor if the instruction was left to the world and has not run. */
static bool traps_after(enum cpu_exit exit)
{
	return exit != EXIT_EXCEPTION && exit != EXIT_SYSCALL && exit != EXIT_WORLD;
}

/* One step of the loop. Returns the reason to end the run, or EXIT_NONE to go on. */
static enum cpu_exit step(struct run *run)
{
	struct cpu *cpu = run->cpu;
	bool trap = cpu->tf, one = trap || cpu->ac || run->alone, shadowed = cpu->shadow;

	if (budget_left(cpu) == 0)
		return EXIT_BUDGET;
	run->alone = false;
	cpu->shadow = false;
	cpu->at = NULL; /* a fault while a block is built is a fault of the fetch */
	if (cpu->ac && breaks_alignment(cpu, run->blocks)) {
		cpu->exception = (struct exception){ .vector = VECTOR_AC };
		return EXIT_EXCEPTION;
	}
	if (!(one ? enter_one(run) : enter_next(cpu, run->blocks)))
		return EXIT_EXCEPTION;
	cpu->shadow = cpu->shadow && trap && !shadowed; /* of two consecutive loads of SS, only the first one suppresses the trap */
	if (trap && !cpu->shadow && traps_after(cpu->exit)) {
		cpu->exception = (struct exception){ .vector = VECTOR_DB, .si_code = TRAP_TRACE };
		return EXIT_EXCEPTION;
	}
	switch (cpu->exit) {
	case EXIT_EXCEPTION:
	case EXIT_SYSCALL:
	case EXIT_PAUSE:
	case EXIT_AGAIN:
	case EXIT_RESUME:
	case EXIT_WORLD: return cpu->exit;
	default: return EXIT_NONE;
	}
}

/* A failed access, and the instruction that made it. */
struct access {
	const struct cpu *cpu;
	const struct form *form;
	struct decoded insn;
	uint64_t address;
	bool refused; /* by the limit check, which does not know the kind of the access; otherwise the host has told if it was a store */
};

/* Returns true if the instruction's row says that it uses the stack, and this was that access. A memory operand is told apart by its
 * address. */
static bool is_stack_access(const struct access *access)
{
	uint64_t rsp = access->cpu->r[RSP];

	if (!(access->form->attributes & (FORM_PUSHES | FORM_POPS)))
		return false;
	if (!has_memory(&access->insn))
		return true;
	return access->form->attributes & FORM_PUSHES ? rsp - 1 - access->address < 8 : access->address - rsp < 8;
}

/* ENTER also loads from the stack: not from below RSP, where it may store as many bytes. */
static bool stores_to_stack(const struct access *access)
{
	enum { ENTER_MAX = 65535 + 32 * 8 };

	return access->refused && access->form->attributes & FORM_PUSHES && access->cpu->r[RSP] - 1 - access->address < ENTER_MAX;
}

/* MOVS has two accesses; the store is the one at RDI. */
static bool stores_to_string(const struct access *access)
{
	uint32_t attributes = access->form->attributes;

	return access->refused && attributes & FORM_WRITES_RDI
		&& (!(attributes & FORM_READS_RSI) || access->address == access->cpu->r[RDI]);
}

/* Returns true if a CPU would report the failed access as a write. */
static bool writes_memory(const struct access *access)
{
	if (is_stack_access(access))
		return stores_to_stack(access);
	for (unsigned k = 0; k < access->insn.operands; k++)
		if (access->insn.operand[k].kind == OPERAND_MEM)
			return access->insn.operand[k].written;
	return stores_to_string(access);
}

/* Adds to the exception what only the instruction tells. First, handlers may read what they then write, but a CPU asks for write
 * permission at once. Second, the limit check knows neither writes nor the stack's segment, whose non-canonical addresses are #SS (SDM
 * vol. 1, 3.3.7.1). */
static void refine_exception(struct cpu *cpu, const struct blocks *blocks)
{
	struct exception *exception = &cpu->exception;
	size_t size = space_fetchable(blocks->space, cpu->rip);
	struct access access = { .cpu = cpu };
	const struct plan *plan;
	struct plan room;

	plan = size ? plan_find(blocks->plans, cpu->model, cpu->rip, size < DECODE_MAX_LENGTH ? size : DECODE_MAX_LENGTH, &room) : NULL;
	if (!plan || !plan->form)
		return;
	access.form = plan->form;
	plan_decode(plan, cpu->rip, &access.insn);
	if (exception->vector == VECTOR_PF) {
		access.address = exception->address;
		access.refused = address_refused(exception->address);
		exception->error |= writes_memory(&access) ? PF_WRITE : 0;
	} else if (exception->vector == VECTOR_GP && cpu->fault_address) {
		access.address = cpu->fault_address;
		if (access.insn.mem.segment == SEG_SS || is_stack_access(&access))
			exception->vector = VECTOR_SS;
	}
}

/* A host signal has ended a handler. cpu->exception is set; cpu->at is the handler's record, or NULL if code could not be fetched. */
static void take_fault(struct run *run)
{
	struct cpu *cpu = run->cpu;
	struct blocks *blocks = run->blocks;

	if (cpu->at) {
		charge_to_record(cpu, blocks);
		refine_exception(cpu, blocks);
		cpu->fault_address = 0;
		return;
	}
	cpu->exception.address = cpu->exception.address ? cpu->exception.address : cpu->rip;
}

static enum cpu_exit run_until_event(struct run *run)
{
	enum cpu_exit reason;

	switch (sigsetjmp(run->frame.leave, 0)) {
	case FAULT_EXCEPTION:
		if (!run->recovered) {
			take_fault(run);
			return EXIT_EXCEPTION;
		}
		run->alone = true; /* the handler says which fault it is: of two, CPUs choose differently (CMPS) */
		break;
	case FAULT_CODE_WRITTEN:
		release_budget(run);
		if (!run->recovered)
			charge_to_record(run->cpu, run->blocks);
		run->alone = true;
		break;
	}
	do {
		reason = step(run);
	} while (reason == EXIT_NONE);
	return reason;
}

/* Writing MXCSR is slow, and most programs never change it. */
static void change_mxcsr(uint32_t from, uint32_t to)
{
	if (from != to)
		_mm_setcsr(to);
}

static enum cpu_exit run_with(struct cpu *cpu, struct blocks *blocks, uint64_t budget, bool alone)
{
	struct run run; /* static: it is large, and used for each system call */
	enum cpu_exit reason;
	uint32_t host_mxcsr = _mm_getcsr();

	run.cpu = cpu;
	run.blocks = blocks;
	run.alone = alone;
	run.held = 0;
	run.frame.cpu = cpu;
	run.frame.space = blocks->space;
	run.frame.code_written = code_written;
	run.frame.recover = recover;
	run.frame.context = &run;
	if (budget > CPU_RUN_MAX)
		budget = CPU_RUN_MAX;
	if (blocks->config.budget && budget > blocks->config.budget)
		budget = blocks->config.budget;
	cpu->limit = cpu->budget = (int64_t)budget - BUDGET_RESERVE;
	cpu->link = NULL;
	if (cpu->generation != blocks->generation)
		forget_jumps(cpu);
	fault_enter(&run.frame);
	change_mxcsr(host_mxcsr, cpu->mxcsr);
	reason = run_until_event(&run);
	x87_from_host(&cpu->x87);
	cpu->mxcsr = _mm_getcsr();
	change_mxcsr(cpu->mxcsr, host_mxcsr);
	fault_leave();
	cpu->generation = blocks->generation;
	cpu->link = NULL;
	cpu->exit = reason;
	CHECK(cpu_count(cpu, 0) <= budget);
	CHECK(reason != EXIT_BUDGET || cpu_count(cpu, 0) == budget);
	return reason;
}

enum cpu_exit cpu_run(struct cpu *cpu, struct blocks *blocks, uint64_t budget)
{
	return run_with(cpu, blocks, budget, false);
}

enum cpu_exit cpu_run_one(struct cpu *cpu, struct blocks *blocks)
{
	bool leave_world = blocks->config.leave_world;
	enum cpu_exit exit;

	blocks->config.leave_world = false;
	exit = run_with(cpu, blocks, 1, true);
	blocks->config.leave_world = leave_world;
	return exit;
}
