/* The host CPU is the oracle: runs random instructions on it and in the emulator, and compares all that a program can see.
 *   insn [--op=NAME] [--cases=N] [--sequences=N] [--soak=SECONDS] [--first=N] [--seed=S] [--reports=N] [--list-missing]
 *        [--bases-by-kernel] [--without=ISA] [--translated] [--tiers=N]
 * --cases is for each form. The same seed gives the same cases, with --op or without; --list-missing lists the forms that
 * the decoder knows and the table of forms does not. --bases-by-kernel does as on a host without FSGSBASE, --without as on one that
 * lacks an instruction set (the number in enum isa). --translated translates everything, not every other case. --tiers runs random
 * sequences of 2 to 40 instructions with both tiers in lockstep (tiers.h), and nothing else. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emu/mem/fault.h"
#include "emu/op/form.h"
#include "tests/insn/case.h"
#include "tests/insn/compare.h"
#include "tests/insn/emulated.h"
#include "tests/insn/native.h"
#include "tests/insn/rules.h"
#include "tests/insn/soak.h"
#include "tests/insn/tiers.h"

struct options {
	const char *op;
	uint64_t seed, cases, sequences, reports, soak, first, without, tiers;
	bool translated, list_missing, bases_by_kernel;
};

struct runner {
	struct emulated emulated;
	struct form_index *rows;
	unsigned slot;
	uint64_t reports_left;
	bool translated; /* everything, not every other slot */
	unsigned long run, failed, lacking, unasked;
};

/* Returns the next free code slot. The code in every other slot is translated at once, in the rest never. */
static unsigned next_slot(struct runner *runner)
{
	if (++runner->slot == CODE_SLOTS) {
		runner->slot = 0;
		emulated_forget_code(&runner->emulated);
	}
	emulated_make_hot(&runner->emulated, runner->translated || runner->slot & 1);
	return runner->slot;
}

static void hide_unseen(const struct test_case *test, struct result *result)
{
	for (unsigned k = 0; k < test->unseens; k++)
		memset(result->data + test->unseen[k].at, 0, test->unseen[k].size);
}

static void run_both(struct runner *runner, const struct test_case *test, struct result *native, struct result *emulated)
{
	void *data = (void *)test->data_address;

	memory_put_code(runner->slot, test->code, test->length);
	memcpy(data, test->data, DATA_SIZE);
	native_run(&test->in, &native->out, &native->outcome);
	memcpy(native->data, data, DATA_SIZE);
	memcpy(data, test->data, DATA_SIZE);
	emulated_run(&runner->emulated, &test->in, &emulated->out, &emulated->outcome);
	memcpy(emulated->data, data, DATA_SIZE);
	hide_unseen(test, native);
	hide_unseen(test, emulated);
}

/* Returns whether both sides agree. */
static bool run_case(struct runner *runner, const struct test_case *test)
{
	struct result native, emulated;

	if (!native_can_set(&test->in)) {
		runner->unasked++;
		return true;
	}
	run_both(runner, test, &native, &emulated);
	runner->run++;
	if (native.outcome.vector == VECTOR_UD && emulated.outcome.vector != VECTOR_UD) {
		runner->lacking++; /* the host's CPU does not have the instruction */
		return true;
	}
	if (!compare_results(test, &native, &emulated, NULL))
		return true;
	runner->failed++;
	if (runner->reports_left) {
		runner->reports_left--;
		printf("mismatch:\n");
		compare_describe(test, stdout);
		compare_results(test, &native, &emulated, stdout);
	}
	return false;
}

static bool run_single(struct runner *runner, struct test_case *test, const struct test_form *form, uint64_t seed)
{
	unsigned slot = next_slot(runner);

	if (!case_single(test, seed, form, memory_code_address(slot)))
		return true;
	if (!form_find(runner->rows, &test->decoded[0])) /* maybe because it has a 32-bit address */
		return true;
	return run_case(runner, test);
}

static void run_forms(struct runner *runner, const struct test_forms *forms, const struct options *options)
{
	struct test_case test;
	char text[100];

	for (unsigned k = 0; k < forms->count; k++) {
		const struct test_form *form = &forms->form[k];
		unsigned long run = runner->run, lacking = runner->lacking;
		unsigned failures = 0;

		for (uint64_t n = 0; n < options->cases && failures < 2; n++)
			failures += !run_single(runner, &test, form, random_mix(options->seed + form->key) + n);
		encode_form_text(&form->sample, text, sizeof(text));
		if (failures)
			printf("FAILS %s\n", text);
		else if (runner->run == run && options->cases >= 10)
			printf("no case could be made for %s\n", text);
		else if (lacking != runner->lacking && runner->lacking - lacking != runner->run - run)
			printf("the host raised #UD for some cases of %s\n", text);
	}
}

static void run_sequences(struct runner *runner, const struct options *options)
{
	struct test_case test;

	for (uint64_t n = 0; n < options->sequences; n++) {
		unsigned slot = next_slot(runner);

		if (case_sequence(&test, random_mix(options->seed) + n, memory_code_address(slot)))
			run_case(runner, &test);
	}
}

/* Both tiers in lockstep. Ends at the first difference, since what follows would come from a state that is not known. */
static bool run_tiers(const struct test_forms *forms, const struct options *options)
{
	uint32_t insns[TIERS_INSNS_MAX];
	struct tiers tiers;

	tiers_init(&tiers, forms);
	for (uint64_t n = options->first; n < options->first + options->tiers; n++) {
		struct random random = { random_mix(options->seed) + n };
		unsigned count = TIERS_INSNS_MIN + (unsigned)random_below(&random, TIERS_INSNS_MAX - TIERS_INSNS_MIN + 1);

		for (unsigned k = 0; k < count; k++)
			insns[k] = (uint32_t)random_u64(&random);
		if (!tiers_run(&tiers, random_u64(&random), insns, count, stdout)) {
			printf("the tiers differ in case %lu of seed %lu\n", n, options->seed);
			return false;
		}
	}
	printf("%lu sequences in both tiers, %lu instructions, %lu exceptions\n", tiers.cases, tiers.instructions, tiers.faults);
	return true;
}

static void list_missing(const struct test_forms *all, const struct form_index *rows)
{
	unsigned missing = 0;
	char text[100];

	for (unsigned k = 0; k < all->count; k++) {
		if (form_find(rows, &all->form[k].sample) || rules_denied(&all->form[k].sample))
			continue;
		encode_form_text(&all->form[k].sample, text, sizeof(text));
		puts(text);
		missing++;
	}
	printf("%u of %u forms have no row\n", missing, all->count);
}

/* Returns the feature that the host lacks for the instruction, or NULL. */
static const char *missing_on_host(const struct decoded *decoded, const struct options *options)
{
	if (decoded->isa == ISA_FSGSBASE && !native_has_fsgsbase())
		return "fsgsbase";
	if (options->without && decoded->isa == options->without)
		return "what --without names";
	return cpu_isa_missing_on_host(decoded->isa);
}

/* Returns the forms that can be run and were asked for. Prints those that the host lacks. */
static struct test_forms choose_forms(const struct test_forms *all, const struct form_index *rows, const struct options *options)
{
	struct test_forms chosen = { .form = calloc(all->count, sizeof(*all->form)) };
	const char *missing = NULL, *last = NULL;
	unsigned left_out = 0;

	if (!chosen.form)
		abort();
	for (unsigned k = 0; k < all->count; k++) {
		const struct decoded *sample = &all->form[k].sample;

		if (!form_find(rows, sample) || rules_denied(sample) || (options->op && strcasecmp(options->op, op_name(sample->op)) != 0))
			continue;
		missing = missing_on_host(sample, options);
		if (!missing)
			chosen.form[chosen.count++] = all->form[k];
		left_out += missing != NULL;
		last = missing ? missing : last;
	}
	if (left_out)
		printf("left out: %u forms, because this host lacks %s\n", left_out, last);
	return chosen;
}

static struct options parse_options(int argc, char **argv)
{
	/* clang-format off */
	static const struct option names[] = {
		{ "op", required_argument, NULL, 'o' }, { "cases", required_argument, NULL, 'c' },
		{ "sequences", required_argument, NULL, 'q' }, { "seed", required_argument, NULL, 's' }, { "reports", required_argument, NULL, 'r' },
		{ "soak", required_argument, NULL, 'k' },
		{ "first", required_argument, NULL, 'f' }, { "list-missing", no_argument, NULL, 'm' }, { "translated", no_argument, NULL, 't' },
		{ "tiers", required_argument, NULL, 'i' },
		{ "bases-by-kernel", no_argument, NULL, 'b' }, { "without", required_argument, NULL, 'w' }, { NULL, 0, NULL, 0 },
	};
	/* clang-format on */
	struct options options = { .seed = 1, .cases = 40, .sequences = 200000, .reports = 10 };
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'o': options.op = optarg; break;
		case 'c': options.cases = strtoull(optarg, NULL, 0); break;
		case 'q': options.sequences = strtoull(optarg, NULL, 0); break;
		case 's': options.seed = strtoull(optarg, NULL, 0); break;
		case 'r': options.reports = strtoull(optarg, NULL, 0); break;
		case 'k': options.soak = strtoull(optarg, NULL, 0); break;
		case 'f': options.first = strtoull(optarg, NULL, 0); break;
		case 'b': options.bases_by_kernel = true; break;
		case 'w': options.without = strtoull(optarg, NULL, 0); break;
		case 'm': options.list_missing = true; break;
		case 'i': options.tiers = strtoull(optarg, NULL, 0); break;
		case 't': options.translated = true; break;
		default: exit(2);
		}
	}
	return options;
}

int main(int argc, char **argv)
{
	struct options options = parse_options(argc, argv);
	static struct runner runner;
	struct test_forms all, forms;
	bool soaked;

	encode_enumerate(&all);
	runner.reports_left = options.reports;
	runner.translated = options.translated;
	runner.rows = form_index_create();
	if (!runner.rows)
		abort();
	if (options.list_missing) {
		list_missing(&all, runner.rows);
		return 0;
	}
	if (options.tiers) {
		fault_install();
		forms = choose_forms(&all, runner.rows, &options);
		return run_tiers(&forms, &options) ? 0 : 1;
	}
	soaked = !options.soak || soak(&all, options.seed, options.first, (unsigned)options.soak);
	emulated_init(&runner.emulated);
	memory_map(&runner.emulated.space);
	fault_install();
	native_install(options.bases_by_kernel);
	forms = choose_forms(&all, runner.rows, &options);
	case_prepare(&forms, runner.rows);
	run_forms(&runner, &forms, &options);
	run_sequences(&runner, &options);
	printf("%lu cases of %u forms, %lu not on this CPU", runner.run, forms.count, runner.lacking);
	if (!native_has_fsgsbase())
		printf(", bases of FS and GS by arch_prctl (%lu cases not asked)", runner.unasked);
	printf(", %lu mismatches, seed %lu\n", runner.failed, options.seed);
	return runner.failed || !runner.run || !soaked ? 1 : 0;
}
