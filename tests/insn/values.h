/* Values that find bugs: edges of each width, special floating-point numbers, and plain random bits. */
#ifndef TICK86_TESTS_INSN_VALUES_H
#define TICK86_TESTS_INSN_VALUES_H

#include <stddef.h>

#include "tests/insn/random.h"
#include "tests/insn/state.h"

uint64_t value_integer(struct random *random);

/* Fills memory with values of all kinds and widths. */
void values_fill(struct random *random, uint8_t *to, size_t size);

/* Sets random registers, flags, vectors, x87 state and MXCSR. Leaves rip alone and clears DF. The caller must correct registers that are
 * used as addresses. */
void values_machine(struct random *random, struct machine *machine);

#endif
