/* What cannot be compared, with the reasons. */
#ifndef TICK86_TESTS_INSN_RULES_H
#define TICK86_TESTS_INSN_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/decode.h"
#include "tests/insn/state.h"

/* Returns why the instruction is not run here, or NULL. */
const char *rules_denied(const struct decoded *decoded);

/* Returns the RFLAGS bits that the SDM leaves undefined after the instruction. `machine` is the state before it if it is known (for
 * shift counts); NULL: any. */
uint64_t rules_undefined_flags(const struct decoded *decoded, const struct machine *machine);
/* Returns the emulator's values of undefined flags: those of `in`, for instructions that keep them, or 0. */
uint64_t rules_chosen_flags(const struct decoded *decoded, uint64_t in);

/* Returns true if the result itself is undefined, so that the case is useless. */
bool rules_undefined_result(const struct decoded *decoded, const struct machine *machine);

/* Bytes stored by an instruction that differ from CPU to CPU: MXCSR_MASK, and the pointers to the last x87 instruction. (AMD's CPUs save
 * these only while an exception is pending, newer ones of Intel only for instructions that raised one.) */
struct unseen {
	uint16_t at, size; /* at: from the operand's address */
};
enum { UNSEEN_MAX = 2 };
unsigned rules_unseen_memory(const struct decoded *decoded, struct unseen unseen[UNSEEN_MAX]);

/* Returns how far apart two reports of a #PF's address may be. If an operand that is stored, masked, or an image of state is on two
 * pages, the CPU chooses which one it reports. */
unsigned rules_address_slack(const struct decoded *decoded);

/* Returns true if a fault of the instruction may leave the x87 state as it was, or already changed to MMX. Intel's CPUs set TOP to 0
 * before an MMX store faults, AMD's do not. */
bool rules_x87_at_fault(const struct decoded *decoded);

/* Returns true if a fault of the instruction leaves a half of a vector register as the CPU's maker has chosen. For a gather these are
 * the mask (elements that are not loaded yet keep their sign; Intel's CPUs also write their other bits), and the destination above its
 * 16 bytes (Intel's clear it). */
bool rules_vector_at_fault(const struct decoded *decoded, unsigned reg, bool upper);

/* Returns true if the result is an approximation that depends on the CPU's maker, with an error up to 1.5 * 2^-12 (SDM vol. 2, RCPPS). */
bool rules_approximate(const struct decoded *decoded);

#endif
