/* x87 instructions run by the host's own x87 unit. Between handlers that unit is as FNINIT leaves it; the guest's state
 * is in struct x87. A guest access that faults in the middle leaves a fresh unit too, for the kernel runs signal handlers
 * with one.
 *
 * There are two ways to run one. x87_run loads the whole state, runs the instruction and saves the state, so it is exact
 * whatever happens, and slow. The short way is for what is common and plain: all exceptions masked, no stack fault ahead.
 * It loads the operands alone and merges the exceptions and condition codes that come of it.
 *
 * The pointers to the last instruction and its operand are not kept: they are 0, or what FXRSTOR, FRSTOR or FLDENV
 * loaded. Linux on AMD's CPUs loses them at any context switch, so no program can count on them. */
#ifndef TICK86_EMU_X87_HOST_H
#define TICK86_EMU_X87_HOST_H

#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/form.h"

/* --- any instruction in any state ------------------------------------------------------------------- */

/* The instruction of bytes `first` (D8H..DFH) and `second` (C0H..FFH), as x87_run takes it. */
#define X87_REGISTER(first, second) (((first) - 0xd8u) * 64 + ((second) - 0xc0u))
/* The instruction of the byte `first` and the opcode extension `digit` that has a memory operand. */
#define X87_MEMORY(first, digit) (512 + ((first) - 0xd8u) * 8 + (digit))

/* Runs one instruction in the guest's whole state, stack faults, unmasked exceptions and EFLAGS included. `operand` is
 * its operand in the guest's memory, announced by guest_pointer(), or NULL. No exception may be pending. Nothing has
 * changed when the access faults. */
void x87_run(struct cpu *cpu, unsigned instruction, void *operand);

/* Handlers but for the last argument. They raise #MF when an exception is pending. The memory operand is based. */
const struct insn *x87_run_register(struct cpu *cpu, const struct insn *i, unsigned instruction);
const struct insn *x87_run_memory(struct cpu *cpu, const struct insn *i, unsigned instruction);

/* --- the short way -------------------------------------------------------------------------------------- */

/* All exceptions are masked: none is pending and none will be. */
static inline bool x87_plain(const struct x87 *x87)
{
	return likely((x87->control & FSW_EXCEPTIONS) == FSW_EXCEPTIONS);
}

static inline bool x87_holds(const struct x87 *x87, unsigned i)
{
	return likely(x87->valid >> x87_physical(x87, i) & 1);
}

/* There is room for a push. */
static inline bool x87_room(const struct x87 *x87)
{
	return !(x87->valid >> x87_physical(x87, 7) & 1);
}

static inline union x87_register *x87_st(struct x87 *x87, unsigned i)
{
	return &x87->r[x87_physical(x87, i)];
}

static inline void x87_push(struct x87 *x87)
{
	x87->top = (x87->top - 1) & 7;
	x87->valid |= (uint8_t)(1 << x87->top);
}

static inline void x87_pop(struct x87 *x87)
{
	x87->valid &= (uint8_t)~(1 << x87->top);
	x87->top = (x87->top + 1) & 7;
}

/* In two parts, as FSTP stores and FLD loads them: a wider load would wait for the stores. */
static inline void x87_copy(union x87_register *to, const union x87_register *from)
{
	uint64_t mantissa = from->mantissa;
	uint16_t exponent = from->exponent;

	__asm__("" : "+r"(mantissa), "+r"(exponent));
	to->mantissa = mantissa;
	to->exponent = exponent;
}

static inline void x87_set_host_control(uint16_t control)
{
	__asm__ volatile("fldcw %0" : : "m"(control));
}

/* Ahead of and behind the instruction: rounding and precision are the guest's. */
static inline void x87_enter(const struct x87 *x87)
{
	if (unlikely(x87->control != FCW_INIT))
		x87_set_host_control(x87->control);
}

static inline void x87_leave(const struct x87 *x87)
{
	if (unlikely(x87->control != FCW_INIT))
		x87_set_host_control(FCW_INIT);
}

/* Takes the host's status word into AX and clears its exceptions, which costs more than to look whether there are any. */
#define X87_TAKE_STATUS "fnstsw %%ax\n\ttestb $0x3f, %%al\n\tjz 8f\n\tfnclex\n8:\n\t"

/* Adds the host's exceptions; of the condition codes those in `codes` are replaced. */
static inline void x87_merge(struct x87 *x87, uint16_t host, unsigned codes)
{
	x87->status = (uint16_t)((x87->status & ~codes) | (host & (codes | FSW_EXCEPTIONS)));
}

enum { X87_CODES = FSW_C0 | FSW_C1 | FSW_C2 | FSW_C3 };

/* What an instruction does to C1 when there is nothing to round. */
static inline void x87_clear_c1(struct x87 *x87)
{
	x87->status &= (uint16_t)~FSW_C1;
}

#endif
