/* What cannot be compared, each with its reason. */
#ifndef TICK86_TESTS_INSN_RULES_H
#define TICK86_TESTS_INSN_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/decode.h"
#include "tests/insn/state.h"

/* Why the instruction is not run here, or NULL. */
const char *rules_denied(const struct decoded *decoded);

/* RFLAGS bits that the SDM leaves undefined after the instruction; `machine` is the state before it when it is known
 * (shift counts), NULL when any value must be expected. */
uint64_t rules_undefined_flags(const struct decoded *decoded, const struct machine *machine);
/* What the emulator makes of flags that are undefined: `in`, for instructions that leave them as they were, or 0. */
uint64_t rules_chosen_flags(const struct decoded *decoded, uint64_t in);

/* Whether the result itself is undefined, so that the case says nothing. */
bool rules_undefined_result(const struct decoded *decoded, const struct machine *machine);

/* Bytes of what the instruction stores that differ from CPU to CPU: the pointers to the last x87 instruction (AMD's CPUs
 * save them only while an exception is pending, newer ones of Intel only for instructions that raised one), MXCSR_MASK. */
struct unseen {
	uint16_t at, size; /* from the operand's address */
};
enum { UNSEEN_MAX = 2 };
unsigned rules_unseen_memory(const struct decoded *decoded, struct unseen unseen[UNSEEN_MAX]);

/* How far apart two reports of a #PF's address may be: in an operand that is stored, masked or an image of state, and lies on
 * two pages, which of them is reported is the CPU's choice. */
unsigned rules_address_slack(const struct decoded *decoded);

/* Whether a fault of the instruction leaves the x87 state as it was or has gone over to MMX already: Intel's CPUs set TOP to 0 before an
 * MMX store faults, AMD's do not. */
bool rules_x87_at_fault(const struct decoded *decoded);

/* Whether a fault of the instruction leaves a half of a vector register as the CPU's maker chose: of a gather, the mask (elements that are
 * not loaded yet keep their sign; Intel's CPUs write their other bits, too) and what is above the destination's 16 bytes (Intel's clear it). */
bool rules_vector_at_fault(const struct decoded *decoded, unsigned reg, bool upper);

/* Whether the result is an approximation, which the CPU's maker chooses: good to 1.5 * 2^-12 (SDM vol. 2, RCPPS). */
bool rules_approximate(const struct decoded *decoded);

#endif
