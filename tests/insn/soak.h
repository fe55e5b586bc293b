/* Random code must not bring the emulator down. */
#ifndef TICK86_TESTS_INSN_SOAK_H
#define TICK86_TESTS_INSN_SOAK_H

#include "tests/insn/encode.h"

/* Runs random code in the emulator alone for some seconds: random bytes, and random instructions with operands that point anywhere, on
 * pages that the code may overwrite. Prints statistics. If the emulator crashes, hangs or runs more than its budget, prints the number
 * of the case, which `first` repeats. Returns true if all went well. */
bool soak(const struct test_forms *forms, uint64_t seed, uint64_t first, unsigned seconds);

#endif
