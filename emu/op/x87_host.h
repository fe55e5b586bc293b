/* x87 instructions that run on the host's own x87 unit, which holds the guest's state meanwhile (emu/cpu/x87_live.h). Pending exceptions
 * and memory faults arrive as the host's signals.
 * The pointers to the last instruction and its operand are the guest's (SDM vol. 1, 8.1.8). The opcode is 0, or what FXRSTOR, FRSTOR or
 * FLDENV loaded, as on CPUs that keep it for unmasked exceptions only (8.1.9.1); selectors are 0 (CPUID's zero_fcs_fds). */
#ifndef TICK86_EMU_X87_HOST_H
#define TICK86_EMU_X87_HOST_H

#include "emu/op/address.h"
#include "emu/op/dispatch.h"

/* Handlers that move the state and then run the record again. */
HANDLER(x87_make_live);
HANDLER(x87_make_parked);

/* X87_LIVE comes before an instruction for the host's unit, X87_PARKED before code that uses struct x87. */
#define X87_LIVE()                                    \
	do {                                          \
		cpu->at = i;                          \
		compiler_barrier();                   \
		if (unlikely(!cpu->x87.live))         \
			return x87_make_live(cpu, i); \
	} while (0)

#define X87_PARKED()                                    \
	do {                                            \
		if (unlikely(cpu->x87.live))            \
			return x87_make_parked(cpu, i); \
	} while (0)

/* The instruction of two bytes. */
#define X87_FIXED(first, second) __asm__ volatile(".byte " #first ", " #second : : : "memory")

/* The instruction of byte `first` and opcode extension `digit` with the record's memory operand. ModRM: [RSI] */
#define X87_MEMORY(first, digit) \
	__asm__ volatile(".byte " #first ", " #digit " * 8 + 6" : : "S"(guest_pointer(cpu, i, address_based(cpu, i))) : "memory")

/* An instruction of two bytes with ST(n); `second` is the byte for ST(0). There are eight copies, and a jump to the right one. */
#define X87_LADDER(first, second)                                                               \
	"lea 1f(%%rip), %[target]\n\tlea (%[target], %[n], 4), %[target]\n\tjmp *%[target]\n\t" \
	".balign 4\n1:\t.set .Lst, 0\n\t.rept 8\n\t.org 1b + 4 * .Lst, 0xcc\n\t"                \
	".byte " #first ", " #second " + .Lst\n\tjmp 2f\n\t.set .Lst, .Lst + 1\n\t.endr\n2:\n\t"

#define X87_REGISTER(first, second, number)                                                                                     \
	do {                                                                                                                    \
		uint64_t target_;                                                                                               \
		__asm__ volatile(X87_LADDER(first, second) : [target] "=&r"(target_) : [n] "r"((uint64_t)(number)) : "memory"); \
	} while (0)

/* The same with the guest's EFLAGS: OF is set by an addition that overflows, the rest by SAHF. */
#define X87_REGISTER_FLAGS(first, second, number)                                                             \
	do {                                                                                                  \
		uint64_t target_;                                                                             \
		uint32_t flags_ = cpu->flags;                                                                 \
		__asm__ volatile("addb $0x7f, %%al\n\tsahf\n\t" X87_LADDER(first, second) "seto %%al\n\tlahf" \
				 : [target] "=&r"(target_), "+a"(flags_)                                      \
				 : [n] "r"((uint64_t)(number))                                                \
				 : "memory", "cc");                                                           \
		cpu->flags = (flags_t)flags_;                                                                 \
	} while (0)

/* Comes after an instruction that is not a control instruction: FORM_KEEPS_ADDRESS has put its address into the record. */
#define X87_DONE() (cpu->x87.ip = i->imm)

/* Makes a handler that runs one of the instructions above on the host's unit. */
#define X87_HANDLER(name, instruction) \
	static HANDLER(name)           \
	{                              \
		X87_LIVE();            \
		instruction;           \
		NEXT();                \
	}

#endif
