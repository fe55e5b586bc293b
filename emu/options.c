/* The options except those of the clock and of saving: rows, the parser, --help. */
#include "emu/options.h"

#include <stdlib.h>
#include <string.h>

#include "emu/cpu/model.h"
#include "emu/option_values.h"

extern char **environ;

/* --- all options but the clock's ---------------------------------------------------------------------------------- */

static bool option_cpus(struct parse *parse, const char *text)
{
	uint64_t vcpus;

	if (!value_number(parse, text, 1, TK_MAX_VCPUS, &vcpus))
		return false;
	parse->options->vcpus = parse->options->clock.vcpus = (unsigned)vcpus;
	return true;
}

static bool option_cpu(struct parse *parse, const char *text)
{
	char names[256];

	parse->options->cpu = text;
	if (cpu_model_find(text))
		return true;
	cpu_model_names(names, sizeof(names));
	return option_fail(parse, "%s: '%s' is not one of: %s", parse->option, text, names);
}

static bool option_serial(struct parse *parse, const char *text)
{
	(void)text;
	return parse->options->one_at_a_time = true;
}

static bool option_seed(struct parse *parse, const char *text)
{
	return value_number(parse, text, 0, UINT64_MAX, &parse->options->seed);
}

static bool option_interpret(struct parse *parse, const char *text)
{
	(void)text;
	return parse->options->interpret = true;
}

static bool option_verify(struct parse *parse, const char *text)
{
	(void)text;
	return parse->options->verify = parse->options->one_at_a_time = true;
}

/* Some of "block=1,arena=65536,hot=1,budget=1,code=65536,unlinked=1,wrong=1". */
static bool option_hostile(struct parse *parse, const char *text)
{
	static const char *const names[] = { "block", "arena", "hot", "budget", "code", "unlinked", "wrong", NULL };
	uint64_t *const values[] = { &parse->options->hostile.block_insns, &parse->options->hostile.arena_bytes,
		&parse->options->hostile.hot_after, &parse->options->hostile.budget, &parse->options->hostile.code_bytes,
		&parse->options->hostile.unlinked, &parse->options->hostile.wrong };
	char *list = strdup(text), *rest = list, *value;
	bool good = list;

	while (good && *rest) {
		int k = getsubopt(&rest, (char *const *)names, &value);

		good = k >= 0 && value && value_number(parse, value, 1, UINT32_MAX, values[k]);
	}
	free(list);
	return good
		|| option_fail(parse, "%s: '%s' is not a list of block=N, arena=BYTES, hot=N, budget=N, code=BYTES, unlinked=1, wrong=N",
			parse->option, text);
}

static bool option_strace(struct parse *parse, const char *text)
{
	parse->options->strace = true;
	parse->options->strace_path = text;
	return true;
}

static bool option_stats(struct parse *parse, const char *text)
{
	parse->options->stats = true;
	parse->options->stats_path = text;
	return true;
}

static bool option_dump_code(struct parse *parse, const char *text)
{
	parse->options->dump_code = true;
	parse->options->dump_code_path = text;
	return true;
}

static bool option_trace_insns(struct parse *parse, const char *text)
{
	parse->options->trace_insns = true;
	parse->options->trace_insns_path = text;
	return true;
}

static bool option_output(struct parse *parse, const char *text)
{
	parse->options->record_path = text;
	return parse->options->record || option_fail(parse, "-o belongs to tick86 record");
}

static bool option_log(struct parse *parse, const char *text)
{
	/* clang-format off */
	static const struct word levels[] = {
		{ "error", LOG_ERROR }, { "warning", LOG_WARNING }, { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { NULL, 0 },
	};
	/* clang-format on */
	int level;

	if (!value_word(parse, text, levels, &level))
		return false;
	parse->options->log = (enum log_level)level;
	return true;
}

static bool option_status(struct parse *parse, const char *text)
{
	(void)text;
	return parse->options->status = true;
}

static bool option_sysroot(struct parse *parse, const char *text)
{
	parse->options->sysroot = text;
	return true;
}

static size_t environment_count(char **envp)
{
	size_t count = 0;

	while (envp[count])
		count++;
	return count;
}

static void environment_remove(char **envp, const char *name, size_t length)
{
	char **to = envp;

	for (; *envp; envp++)
		if (strncmp(*envp, name, length) || (*envp)[length] != '=')
			*to++ = *envp;
	*to = NULL;
}

static bool option_setenv(struct parse *parse, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t count;

	if (!equals || equals == text)
		return option_fail(parse, "-E: '%s' is not NAME=VALUE", text);
	environment_remove(parse->options->envp, text, (size_t)(equals - text));
	count = environment_count(parse->options->envp);
	parse->options->envp[count] = (char *)text; /* options_parse has made room */
	parse->options->envp[count + 1] = NULL;
	return true;
}

static bool option_unsetenv(struct parse *parse, const char *text)
{
	if (!*text || strchr(text, '='))
		return option_fail(parse, "-U: '%s' is not the NAME of a variable", text);
	environment_remove(parse->options->envp, text, strlen(text));
	return true;
}

/* --- the table ------------------------------------------------------------------------------------------ */

static const struct option_row run_rows[] = {
	{ NULL, VALUE_NONE, "Machine", NULL, NULL },
	{ "--cpus", VALUE_NEEDED, "N", option_cpus, "virtual CPUs (default 1)" },
	{ "--cpu", VALUE_NEEDED, "MODEL", option_cpu, "what CPUID says: x86-64, x86-64-v2, x86-64-v3 (default)" },
	{ "--seed", VALUE_NEEDED, "N", option_seed, "of AT_RANDOM, and of getrandom under icount (default 1)" },
	{ "--serial", VALUE_NONE, NULL, option_serial, "processes run one at a time, with ids from 10000, as under icount" },
	{ "--hostile", VALUE_NEEDED, "LIST", option_hostile, "for tests: tiny blocks, caches, budgets (block=N,arena=BYTES,...)" },
	{ "--interpret", VALUE_NONE, NULL, option_interpret, "translate nothing (slower; nothing else differs)" },
	{ "--verify", VALUE_NONE, NULL, option_verify, "run all twice, translated and not, and compare (slow; implies --serial)" },
	{ NULL, VALUE_NONE, "Program", NULL, NULL },
	{ "-E", VALUE_NEEDED, "NAME=VALUE", option_setenv, "set a variable of the program's environment" },
	{ "-U", VALUE_NEEDED, "NAME", option_unsetenv, "remove one" },
	{ "-L", VALUE_NEEDED, "PREFIX", option_sysroot, "look for the ELF interpreter and libraries below PREFIX first" },
	{ NULL, VALUE_NONE, NULL, NULL, NULL },
};

static const struct option_row report_rows[] = {
	{ NULL, VALUE_NONE, "Reports", NULL, NULL },
	{ "--strace", VALUE_OPTIONAL, "FILE", option_strace, "print system calls" },
	{ "--stats", VALUE_OPTIONAL, "FILE", option_stats, "print counts and times at the end, as JSON" },
	{ "--dump-code", VALUE_OPTIONAL, "FILE", option_dump_code, "print hot instructions and the code that is made of them" },
	{ "--trace-insns", VALUE_OPTIONAL, "FILE", option_trace_insns, "print every instruction (slow)" },
	{ "--status", VALUE_NONE, NULL, option_status, "exit with 128 + N where the program dies of signal N" },
	{ "-o", VALUE_NEEDED, "FILE", option_output, "with record: the file to write (default PROGRAM.t86)" },
	{ "--log", VALUE_NEEDED, "error|warning|info|debug", option_log, "how much tick86 says (default warning)" },
	{ NULL, VALUE_NONE, NULL, NULL, NULL },
};

/* A restored program keeps the options with which it was started, so they cannot be given again. */
static const struct option_list {
	const struct option_row *rows;
	bool begins, restores; /* valid for programs that are started; for those that are restored */
} lists[] = {
	{ clock_option_rows, true, false },
	{ run_rows, true, false },
	{ save_option_rows, true, true },
	{ restore_option_rows, false, true },
	{ report_rows, true, true },
	{ NULL, false, false },
};

static bool is_last(const struct option_row *row)
{
	return !row->name && !row->shown;
}

enum { HELP_COLUMN = 30 };

static void help_row(FILE *out, const struct option_row *row)
{
	char left[128];
	int columns = 0;

	if (!row->name) {
		fprintf(out, "\n%s:\n", row->shown);
		return;
	}
	snprintf(left, sizeof(left),
		row->value == VALUE_NONE               ? "%s"
			: row->name[1] != '-'          ? "%s %s"
			: row->value == VALUE_OPTIONAL ? "%s[=%s]"
						       : "%s=%s",
		row->name, row->shown);
	for (const char *c = left; *c; c++)
		columns += (*c & 0xc0) != 0x80; /* continuation bytes of UTF-8 take no column */
	fprintf(out, columns > HELP_COLUMN ? "  %s\n%*s%s\n" : "  %s%*s%s\n", left,
		columns > HELP_COLUMN ? HELP_COLUMN + 3 : HELP_COLUMN + 1 - columns, "", row->help);
}

void options_help(FILE *out)
{
	fprintf(out,
		"usage: tick86 [run] [options] [--] PROGRAM [ARG...]\n"
		"       tick86 record [-o FILE] [options] [--] PROGRAM [ARG...]\n"
		"       tick86 replay|dump|diff|stat|export|plot FILE ...\n"
		"       tick86 save [-o FILE] PID\n"
		"       tick86 restore [options] FILE\n"
		"       tick86 clock replay|record|plot ...\n"
		"\n"
		"Runs an x86-64 Linux program and decides what every clock tells it.\n");
	for (const struct option_list *list = lists; list->rows; list++)
		for (const struct option_row *row = list->rows; !is_last(row); row++)
			help_row(out, row);
	fprintf(out, "\nOther:\n  %-*s %s\n  %-*s %s\n", HELP_COLUMN, "--help, -h", "this text", HELP_COLUMN, "--version, -V",
		"the version");
}

/* Returns true if `word` is the row's option. `value` is what follows directly in the word, or NULL. */
static bool matches(const struct option_row *row, const char *word, const char **value)
{
	size_t length = row->name ? strlen(row->name) : 0;

	*value = NULL;
	if (!length || strncmp(word, row->name, length))
		return false;
	if (!word[length])
		return true;
	if (row->name[1] != '-')
		*value = word + length;
	else if (word[length] == '=')
		*value = word + length + 1;
	return *value;
}

static const struct option_row *find_row(const char *word, const char **value, const struct option_list **found)
{
	for (const struct option_list *list = lists; list->rows; list++) {
		*found = list;
		for (const struct option_row *row = list->rows; !is_last(row); row++)
			if (matches(row, word, value))
				return row;
	}
	return NULL;
}

/* Takes the option at *argv, with its value if that is the next word. */
static bool take_option(struct parse *parse, char ***argv)
{
	const char *value;
	const struct option_list *list;
	const struct option_row *row = find_row(**argv, &value, &list);

	if (!row)
		return option_fail(parse, "unknown option '%s'; tick86 --help lists them", **argv);
	if (parse->command == COMMAND_RESTORE && !list->restores)
		return option_fail(parse, "%s: a saved program goes on as it was begun, which this option would change", row->name);
	if (parse->command != COMMAND_RESTORE && !list->begins)
		return option_fail(parse, "%s belongs to tick86 restore", row->name);
	parse->option = row->name;
	(*argv)++;
	if (row->value != VALUE_NEEDED && value && (row->value == VALUE_NONE || !*value))
		return option_fail(parse, row->shown ? "%s= needs a %s, or leave = out" : "%s takes no value", row->name, row->shown);
	if (row->value == VALUE_NEEDED && !value) {
		if (row->name[1] == '-' || !**argv)
			return option_fail(parse, "%s needs a value: %s%s%s", row->name, row->name, row->name[1] == '-' ? "=" : " ",
				row->shown);
		value = *(*argv)++;
	}
	return row->set(parse, value);
}

/* Waiting on the host makes a run depend on the host. So in mode icount time jumps over sleeps, unless another option makes the clock
 * follow the host. */
static void choose_sleep(struct options *options)
{
	struct tk_config *clock = &options->clock;

	if (!options->sleep_given)
		clock->sleep_off = clock->mode == TK_ICOUNT && !clock->align && clock->rate != TK_RATE_AUTO;
}

/* Checks that involve several options. */
static bool finish(struct parse *parse)
{
	struct options *options = parse->options;

	choose_sleep(options);
	if (options->epoch_given && options->clock.mode == TK_HOST)
		return option_fail(parse, "--epoch needs --clock=offset or --clock=icount: under host the wall clock is the host's");
	if (options->injections && options->clock.mode == TK_HOST)
		return option_fail(parse, "injected faults need --clock=offset or --clock=icount: under host the clock is read only");
	if (options->tsc_offset_given && options->clock.tsc_start)
		return option_fail(parse, "--tsc-offset and --tsc-start both set the TSC: give one of them");
	for (unsigned k = 0; k < options->injections; k++)
		if (options->injection[k].vcpu >= options->vcpus)
			return option_fail(parse, "vCPU %u does not exist: --cpus is %u", options->injection[k].vcpu, options->vcpus);
	return true;
}

enum options_result options_parse(struct options *options, char **argv, enum command command, char *error, size_t error_size)
{
	struct parse parse = { .options = options, .command = command, .error = error, .error_size = error_size };
	size_t variables = environment_count(environ), words = environment_count(argv);

	*options = (struct options){ .log = LOG_WARNING, .cpu = "x86-64-v3", .vcpus = 1, .seed = 1, .pin = -1, .save_at = UINT64_MAX };
	options->record = options->one_at_a_time = command == COMMAND_RECORD;
	options->clock = tk_config_default();
	options->clock.mode = TK_HOST;
	options->envp = calloc(variables + words + 1, sizeof(*options->envp));
	if (!options->envp) {
		option_fail(&parse, "out of memory");
		return OPTIONS_ERROR;
	}
	memcpy(options->envp, environ, variables * sizeof(*environ));
	while (*argv && **argv == '-' && strcmp(*argv, "-")) {
		if (!strcmp(*argv, "--help") || !strcmp(*argv, "-h"))
			return OPTIONS_HELP;
		if (!strcmp(*argv, "--version") || !strcmp(*argv, "-V"))
			return OPTIONS_VERSION;
		if (!strcmp(*argv, "--")) {
			argv++;
			break;
		}
		if (!take_option(&parse, &argv))
			return OPTIONS_ERROR;
	}
	if (!*argv) {
		option_fail(&parse, "%s",
			command == COMMAND_RESTORE ? "no file to restore; usage: tick86 restore [options] FILE"
						   : "no program to run; usage: tick86 [options] PROGRAM [ARG...]");
		return OPTIONS_ERROR;
	}
	options->argv = argv;
	if (command == COMMAND_RESTORE && argv[1]) {
		option_fail(&parse, "'%s': the saved program has its arguments", argv[1]);
		return OPTIONS_ERROR;
	}
	return finish(&parse) ? OPTIONS_RUN : OPTIONS_ERROR;
}
