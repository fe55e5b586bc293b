/* Guest memory as handlers access it. A guest address is a host address: a compare keeps it in the user half, another one out of the
 * emulator's window, and there the host's page protection raises the faults. The signal handler in emu/mem/fault.c finds the instruction by cpu->at. */
#ifndef TICK86_EMU_ACCESS_H
#define TICK86_EMU_ACCESS_H

#include "emu/cpu/cpu.h"
#include "emu/mem/layout.h"

#define compiler_barrier() __asm__ volatile("" ::: "memory")
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Announces an access of up to WINDOW_GUARD bytes at `address` by the record `i`, and returns the host pointer for it. The barriers are
 * needed: no guest state may change before an access that may fault. A refused access ends in a trap, since a call here would cost every
 * handler a stack frame. */
static inline __attribute__((always_inline)) void *guest_pointer(struct cpu *cpu, const struct insn *i, uint64_t address)
{
	cpu->at = i;
	if (unlikely(address_refused(address))) {
		cpu->fault_address = address;
		compiler_barrier();
		__builtin_trap();
	}
	compiler_barrier();
	return (void *)address;
}

/* Faults exactly if a store to the announced byte would, and changes nothing. */
static inline void probe_write(void *byte)
{
	__asm__ volatile("lock orb $0, %0" : "+m"(*(uint8_t *)byte));
}

/* Loads and stores of one operand. TYPE is an integer type. The host handles unaligned addresses. */
#define DEFINE_GUEST_ACCESS(TYPE, BITS)                                                                                                    \
	typedef TYPE __attribute__((aligned(1), may_alias)) guest_u##BITS;                                                                 \
	static inline __attribute__((always_inline)) TYPE guest_load##BITS(struct cpu *cpu, const struct insn *i, uint64_t address)        \
	{                                                                                                                                  \
		TYPE value = *(volatile guest_u##BITS *)guest_pointer(cpu, i, address);                                                    \
		compiler_barrier();                                                                                                        \
		return value;                                                                                                              \
	}                                                                                                                                  \
	static inline                                                                                                                      \
		__attribute__((always_inline)) void guest_store##BITS(struct cpu *cpu, const struct insn *i, uint64_t address, TYPE value) \
	{                                                                                                                                  \
		*(volatile guest_u##BITS *)guest_pointer(cpu, i, address) = value;                                                         \
		compiler_barrier();                                                                                                        \
	}
DEFINE_GUEST_ACCESS(uint8_t, 8)
DEFINE_GUEST_ACCESS(uint16_t, 16)
DEFINE_GUEST_ACCESS(uint32_t, 32)
DEFINE_GUEST_ACCESS(uint64_t, 64)

#endif
