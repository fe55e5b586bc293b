/* x87 instructions run by the host's own x87 unit. Between handlers that unit is as FNINIT leaves it; the guest's state is
 * in struct x87. A guest access that faults in the middle leaves a fresh unit too, for the kernel runs signal handlers with one.
 *
 * The pointers to the last instruction and its operand are not kept: they are 0, or what FXRSTOR, FRSTOR or FLDENV loaded. Linux on
 * AMD's CPUs loses them at any context switch, so no program can count on them. */
#ifndef TICK86_EMU_X87_HOST_H
#define TICK86_EMU_X87_HOST_H

#include "emu/op/address.h"
#include "emu/op/dispatch.h"

/* The instruction of bytes `first` (D8H..DFH) and `second` (C0H..FFH), as x87_run takes it. */
#define X87_REGISTER(first, second) (((first) - 0xd8u) * 64 + ((second) - 0xc0u))
/* The instruction of the byte `first` and the opcode extension `digit` that has a memory operand. */
#define X87_MEMORY(first, digit) (512 + ((first) - 0xd8u) * 8 + (digit))

/* Runs one instruction in the guest's whole state, stack faults, unmasked exceptions and EFLAGS included. `operand` is its operand in
 * the guest's memory, announced by guest_pointer(), or NULL. No exception may be pending. Nothing has changed when the access faults. */
void x87_run(struct cpu *cpu, unsigned instruction, void *operand);

#endif
