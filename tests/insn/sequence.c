/* Cases of several instructions, for errors that show only between them: dead or undefined flags, fused pairs, state that is kept in
 * another form from one instruction to the next. Memory operands are near R15, which no instruction changes. */
#include <stdlib.h>
#include <string.h>

#include "emu/op/form.h"
#include "tests/insn/case.h"
#include "tests/insn/rules.h"
#include "tests/insn/values.h"

enum subject { INTEGER, BRANCH, COMPARE, CONDITION, X87, SSE, AVX, SUBJECTS };

static struct {
	const struct test_form **form;
	unsigned count;
} subjects[SUBJECTS];
static const struct form_index *rows;

/* Returns true for instructions that need special registers or memory, that end any sequence, or that store what cannot be compared,
 * since another instruction might load it. */
static bool is_unfit(const struct decoded *decoded)
{
	/* clang-format off */
	static const uint16_t unfit[] = {
		OP_XLAT, OP_MASKMOVQ, OP_MASKMOVDQU, OP_VMASKMOVDQU, OP_ENTER, OP_LEAVE, OP_RET, OP_POPF, OP_POPFQ, OP_INT1,
		OP_INT3, OP_UD0, OP_UD1, OP_UD2, OP_HLT, OP_CLI, OP_STI, OP_IN, OP_OUT, OP_INS, OP_OUTS, OP_WRFSBASE,
		OP_WRGSBASE, OP_LDMXCSR, OP_VLDMXCSR, OP_STD, OP_MOVDIR64B,
	};
	/* clang-format on */
	struct unseen unseen[UNSEEN_MAX];
	enum op op = decoded->op;

	for (unsigned k = 0; k < sizeof(unfit) / sizeof(unfit[0]); k++) {
		if (unfit[k] == op)
			return true;
	}
	if ((op == OP_JMP || op == OP_CALL) && decoded->operand[0].kind != OPERAND_IMM)
		return true;
	if (op >= OP_BT && op <= OP_BTS && decoded->operand[0].kind == OPERAND_MEM)
		return true;
	if (rules_approximate(decoded) || rules_unseen_memory(decoded, unseen))
		return true;
	return (op >= OP_MOVS && op <= OP_OUTS) || (op >= OP_FXRSTOR && op <= OP_XSETBV && op != OP_STMXCSR);
}

static enum subject subject_of(const struct decoded *decoded)
{
	enum op op = decoded->op;

	if (op >= OP_JO && op <= OP_JNLE)
		return BRANCH;
	if (op >= OP_SETO && op <= OP_CMOVNLE)
		return CONDITION;
	if (op == OP_CMP || op == OP_TEST)
		return COMPARE;
	for (int k = 0; k < decoded->operands && k < 5; k++) {
		if (decoded->operand[k].kind == OPERAND_MMX)
			return X87;
	}
	if (op >= OP_F2XM1 && op <= OP_FYL2XP1)
		return X87;
	if (decoded->vex)
		return decoded->operand[0].kind == OPERAND_GPR ? INTEGER : AVX;
	return op >= OP_ADDPD ? SSE : INTEGER;
}

void case_prepare(const struct test_forms *forms, const struct form_index *index)
{
	rows = index;
	for (unsigned k = 0; k < SUBJECTS; k++) {
		free(subjects[k].form);
		subjects[k].form = calloc(forms->count, sizeof(*subjects[k].form));
		subjects[k].count = 0;
		if (!subjects[k].form)
			abort();
	}
	for (unsigned k = 0; k < forms->count; k++) {
		const struct test_form *form = &forms->form[k];
		enum subject subject = subject_of(&form->sample);

		if (!is_unfit(&form->sample))
			subjects[subject].form[subjects[subject].count++] = form;
	}
}

static const struct test_form *choose(struct random *random, enum subject main)
{
	enum subject subject = main;
	unsigned kind = (unsigned)random_below(random, 100);

	if (kind < 12)
		subject = BRANCH;
	else if (kind < 24)
		subject = COMPARE;
	else if (kind < 34)
		subject = CONDITION;
	else if (kind < 42)
		subject = (enum subject)random_below(random, SUBJECTS);
	if (main != INTEGER && random_percent(random, 75))
		subject = main;
	if (!subjects[subject].count)
		return NULL;
	return subjects[subject].form[random_below(random, subjects[subject].count)];
}

static uint64_t to_rflags(flags_t flags)
{
	return ((flags >> 8) & RFLAGS_STATUS & 0xff) | (flags & FLAG_OF ? RFLAGS_OF : 0);
}

/* Notes which flags are undefined after the instruction. Returns false if it reads a flag that is undefined before it. */
static bool follow_flags(struct test_case *test, const struct decoded *decoded, bool branched)
{
	const struct form *row = form_find(rows, decoded);

	if (!row || (to_rflags(row->reads) & test->undefined_flags))
		return false;
	/* code that a branch may have skipped, and shifts by a count of zero, do not write flags for certain */
	if (!branched && !(row->attributes & FORM_PRESERVES))
		test->undefined_flags &= ~to_rflags(row->writes);
	test->undefined_flags |= rules_undefined_flags(decoded, NULL);
	test->undefined_flags_anywhere |= test->undefined_flags;
	return true;
}

static bool append(struct random *random, struct test_case *test, const struct test_form *form, bool branched)
{
	uint64_t address = test->in.rip + test->length;
	struct encoded encoded;

	if (test->length + DECODE_MAX_LENGTH > CASE_CODE_MAX
		|| !encode_random(random, form, address, (struct encode_limits){ .tame = true }, &encoded) || rules_denied(&encoded.decoded)
		|| rules_undefined_result(&encoded.decoded, NULL) || !follow_flags(test, &encoded.decoded, branched))
		return false;
	if (encoded.disp_at) {
		uint64_t target = DATA_LOW + random_below(random, DATA_SIZE);
		uint32_t displacement = (uint32_t)(target - (encoded.rip_relative ? address + encoded.length : 0));

		if (!encoded.rip_relative)
			return false;
		memcpy(encoded.bytes + encoded.disp_at, &displacement, 4);
	}
	memcpy(test->code + test->length, encoded.bytes, encoded.length);
	test->at[test->insns] = test->length;
	test->decoded[test->insns++] = encoded.decoded;
	test->length += encoded.length;
	return true;
}

/* Points every relative branch at a later instruction, or at the end. */
static bool aim_branches(struct random *random, struct test_case *test)
{
	for (unsigned k = 0; k < test->insns; k++) {
		unsigned size = encode_relative_size(&test->decoded[k], test->code + test->at[k]);
		unsigned to = k + 1 + (unsigned)random_below(random, test->insns - k);
		unsigned end = test->at[k] + test->decoded[k].length;
		unsigned target = to == test->insns ? test->length : test->at[to];
		int32_t displacement = (int32_t)(target - end);

		if (!size)
			continue;
		if (size == 1 && displacement > 127)
			displacement = 0;
		memcpy(test->code + end - size, &displacement, size);
	}
	for (unsigned k = 0; k < test->insns; k++) {
		if (decode(test->code + test->at[k], DECODE_MAX_LENGTH, test->in.rip + test->at[k], &test->decoded[k]) != DECODE_OK)
			return false;
	}
	return true;
}

bool case_sequence(struct test_case *test, uint64_t seed, uint64_t address)
{
	static const enum subject main_subjects[] = { INTEGER, INTEGER, INTEGER, X87, SSE, AVX };
	struct random random = { seed };
	enum subject main = main_subjects[random_below(&random, 6)];
	unsigned insns = 2 + (unsigned)random_below(&random, CASE_INSNS_MAX - 1);
	bool branched = false;

	test->seed = seed;
	test->insns = test->length = test->unseens = 0;
	test->undefined_flags = test->undefined_flags_anywhere = 0;
	test->data_address = DATA_LOW;
	values_machine(&random, &test->in);
	values_fill(&random, test->data, DATA_SIZE);
	test->in.rip = address;
	test->in.r[R15] = DATA_LOW + DATA_SIZE / 2 + (random_below(&random, 2048) & ~63ULL) - 1024;
	test->in.r[R14] = random_below(&random, 16) * 16 - 128;
	test->in.r[RSP] = DATA_LOW + 2048 + (random_below(&random, 4096) & ~7ULL);
	if (random_percent(&random, 70)) { /* otherwise most draws end at the first exception */
		test->in.fp.fcw |= 0x3f;
		test->in.fp.fsw &= 0x7f7f;
		test->in.fp.mxcsr |= 0x1f80;
	}
	for (unsigned attempt = 0; test->insns < insns && attempt < 60; attempt++) {
		const struct test_form *form = choose(&random, main);

		if (form && append(&random, test, form, branched))
			branched |= encode_relative_size(&test->decoded[test->insns - 1], test->code + test->at[test->insns - 1]) != 0;
	}
	return test->insns >= 2 && aim_branches(&random, test);
}
