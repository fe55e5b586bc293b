/* Random code in both tiers of the emulator, in lockstep (emu/translate/verify.h): no host CPU is asked, so nothing is left out. */
#ifndef TICK86_TESTS_INSN_TIERS_H
#define TICK86_TESTS_INSN_TIERS_H

#include <stdio.h>

#include "emu/translate/verify.h"
#include "tests/insn/emulated.h"
#include "tests/insn/encode.h"

enum { TIERS_INSNS_MIN = 2, TIERS_INSNS_MAX = 40 };

struct tiers {
	struct emulated emulated;
	struct verify *verify;
	const struct test_forms *forms;
	uint64_t cases, instructions, faults;
};

/* Maps the memory. fault_install must have been called. `forms` are those to choose from. */
void tiers_init(struct tiers *tiers, const struct test_forms *forms);

/* One case: the state from one seed, an instruction from each of the others. Branches go forwards and backwards, loops run until their budget
 * ends, operands meet edges of memory and the code itself; behind a fault it goes on elsewhere. Returns false where the tiers differ. */
bool tiers_run(struct tiers *tiers, uint64_t state, const uint32_t *insns, unsigned count, FILE *report);

/* The same with bytes that need not be instructions, at most TIERS_BYTES_MAX. */
enum { TIERS_BYTES_MAX = 1024 };
bool tiers_run_bytes(struct tiers *tiers, uint64_t state, const uint8_t *code, unsigned size, FILE *report);

#endif
