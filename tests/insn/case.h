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
	unsigned at[CASE_INSNS_MAX];        /* where each instruction begins */
	struct decoded decoded[CASE_INSNS_MAX];
	struct machine in;
	uint64_t undefined_flags;           /* at the end of the code, or at any point of it when it faults */
	uint64_t undefined_flags_anywhere;
	uint64_t data_address;              /* DATA_LOW or DATA_HIGH */
	uint8_t data[DATA_SIZE];
	struct unseen unseen[UNSEEN_MAX]; /* offsets into data, whose contents cannot be compared */
	unsigned unseens;
};

/* One instruction of the form, to stand at `address`. False when this seed gives nothing to test. */
bool case_single(struct test_case *test, uint64_t seed, const struct test_form *form, uint64_t address);

/* Two to twelve instructions out of the forms given to case_prepare, mostly from one subject. */
bool case_sequence(struct test_case *test, uint64_t seed, uint64_t address);

/* Sorts forms into the subjects that case_sequence draws from; to be called before it, with the forms that can run. The rows
 * say which flags an instruction reads: none that is undefined. Both must stay. */
void case_prepare(const struct test_forms *forms, const struct form_index *index);

#endif
