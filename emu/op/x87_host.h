/* x87 instructions run by the host's own x87 unit, which holds the guest's state meanwhile (emu/cpu/x87_live.h). Pending
 * exceptions and faults in memory come as the host's signals.
 *
 * The pointers to the last instruction and its operand are not kept: they are 0, or what FXRSTOR, FRSTOR or FLDENV loaded. Linux on
 * AMD's CPUs loses them at any context switch, so no program can count on them. */
#ifndef TICK86_EMU_X87_HOST_H
#define TICK86_EMU_X87_HOST_H

#include "emu/op/address.h"
#include "emu/op/dispatch.h"

/* Handlers that move the state and run the record again. */
HANDLER(x87_make_live);
HANDLER(x87_make_parked);

/* Ahead of what the host's unit runs, and ahead of what works on struct x87. */
#define X87_LIVE()                                                             \
	do {                                                                   \
		cpu->at = i;                                                   \
		compiler_barrier();                                            \
		if (unlikely(!cpu->x87.live))                                  \
			return x87_make_live(cpu, i);                          \
	} while (0)

#define X87_PARKED()                                                           \
	do {                                                                   \
		if (unlikely(cpu->x87.live))                                   \
			return x87_make_parked(cpu, i);                        \
	} while (0)

/* The instruction of two bytes. */
#define X87_FIXED(first, second) __asm__ volatile(".byte " #first ", " #second : : : "memory")

/* The instruction of byte `first` and opcode extension `digit` with the record's memory operand. ModRM: [RSI] */
#define X87_MEMORY(first, digit)                                                                                 \
	__asm__ volatile(".byte " #first ", " #digit " * 8 + 6"                                                  \
	                 : : "S"(guest_pointer(cpu, i, address_based(cpu, i))) : "memory")

/* The instruction of two bytes, `second` for ST(0), with ST(n): eight copies, and a jump to the one wanted. */
#define X87_LADDER(first, second)                                                                                \
	"lea 1f(%%rip), %[target]\n\tlea (%[target], %[n], 4), %[target]\n\tjmp *%[target]\n\t"                  \
	".balign 4\n1:\t.set .Lst, 0\n\t.rept 8\n\t.org 1b + 4 * .Lst, 0xcc\n\t"                                  \
	".byte " #first ", " #second " + .Lst\n\tjmp 2f\n\t.set .Lst, .Lst + 1\n\t.endr\n2:\n\t"

#define X87_REGISTER(first, second, number)                                                                      \
	do {                                                                                                     \
		uint64_t target_;                                                                                \
		__asm__ volatile(X87_LADDER(first, second)                                                       \
		                 : [target] "=&r"(target_) : [n] "r"((uint64_t)(number)) : "memory");            \
	} while (0)

/* The same with the guest's EFLAGS, OF by an addition that overflows and the rest by SAHF. */
#define X87_REGISTER_FLAGS(first, second, number)                                                                \
	do {                                                                                                     \
		uint64_t target_;                                                                                \
		uint32_t flags_ = cpu->flags;                                                                    \
		__asm__ volatile("addb $0x7f, %%al\n\tsahf\n\t" X87_LADDER(first, second) "seto %%al\n\tlahf"    \
		                 : [target] "=&r"(target_), "+a"(flags_) : [n] "r"((uint64_t)(number))           \
		                 : "memory", "cc");                                                              \
		cpu->flags = (flags_t)flags_;                                                                    \
	} while (0)

/* A handler that has the host's unit run one of the instructions above. */
#define X87_HANDLER(name, instruction)                                         \
	static HANDLER(name)                                                   \
	{                                                                      \
		X87_LIVE();                                                    \
		instruction;                                                   \
		NEXT();                                                        \
	}

#endif
