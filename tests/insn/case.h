/* A test case: code, the state before it and the memory before it, made from a seed. */
#ifndef TICK86_TESTS_INSN_CASE_H
#define TICK86_TESTS_INSN_CASE_H

#include "emu/op/form.h"
#include "tests/insn/encode.h"
#include "tests/insn/memory.h"
#include "tests/insn/rules.h"
#include "tests/insn/state.h"

enum { CASE_CODE_MAX = 200, CASE_INSNS_MAX = 12 };

struct test_case {
	uint64_t seed;
	uint8_t code[CASE_CODE_MAX];
	unsigned length, insns;
	unsigned at[CASE_INSNS_MAX]; /* where each instruction begins */
	struct decoded decoded[CASE_INSNS_MAX];
	struct machine in;
	uint64_t undefined_flags; /* flags undefined at the end of the code, or, if it faults, at any point of it */
	uint64_t undefined_flags_anywhere;
	uint64_t data_address; /* DATA_LOW or DATA_HIGH */
	uint8_t data[DATA_SIZE];
	struct unseen unseen[UNSEEN_MAX]; /* offsets into data whose contents cannot be compared */
	unsigned unseens;
};

/* Makes one instruction of the form, at `address`. Returns false if this seed gives nothing to test. */
bool case_single(struct test_case *test, uint64_t seed, const struct test_form *form, uint64_t address);

/* Makes two to twelve instructions of the forms given to case_prepare, mostly from one subject. */
bool case_sequence(struct test_case *test, uint64_t seed, uint64_t address);

/* To be called before case_sequence: sorts the forms that can run into its subjects. The rows tell which flags an instruction reads, so
 * that none of these is undefined. Both arguments must stay valid. */
void case_prepare(const struct test_forms *forms, const struct form_index *index);

#endif
