/* Compares the two results of a case. */
#ifndef TICK86_TESTS_INSN_COMPARE_H
#define TICK86_TESTS_INSN_COMPARE_H

#include <stdio.h>

#include "tests/insn/case.h"

struct result {
	struct machine out;
	struct outcome outcome;
	uint8_t data[DATA_SIZE];
};

/* Writes one line for each difference to `report`, unless it is NULL. Returns the number of differences. */
unsigned compare_results(const struct test_case *test, const struct result *native, const struct result *emulated, FILE *report);

/* Prints the case for people: code, and the state before it. */
void compare_describe(const struct test_case *test, FILE *report);

#endif
