/* The options of a run except those of the clock and of saving, and what holds between several options. */
#include "emu/options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "emu/cpu/model.h"
#include "emu/command_line.h"
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
	return true;
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

static bool option_quiet(struct parse *parse, const char *text)
{
	(void)text;
	parse->options->log = LOG_ERROR;
	return true;
}

static bool option_status(struct parse *parse, const char *text)
{
	(void)text;
	return parse->options->status = true;
}

static bool option_sysroot(struct parse *parse, const char *text)
{
	struct stat status;

	parse->options->sysroot = text;
	if (stat(text, &status) == 0 && S_ISDIR(status.st_mode))
		return true;
	return option_fail(parse, "-L: '%s' is not a directory", text);
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

const struct option_row run_option_rows[] = {
	OPTION_HEADING("Machine"),
	OPTION("--cpus", VALUE_NEEDED, "N", option_cpus, "virtual CPUs (default 1)", .often = true),
	OPTION("--cpu", VALUE_NEEDED, "MODEL", option_cpu, "what CPUID says: x86-64, x86-64-v2, x86-64-v3 (default)"),
	OPTION("--seed", VALUE_NEEDED, "N", option_seed, "of AT_RANDOM, and of getrandom under icount (default 1)", .often = true),
	OPTION("--serial", VALUE_NONE, NULL, option_serial, "processes run one at a time, with ids from 10000, as under icount"),
	OPTION("--hostile", VALUE_NEEDED, "LIST", option_hostile, "for tests: tiny blocks, caches, budgets (block=N,arena=BYTES,...)"),
	OPTION("--interpret", VALUE_NONE, NULL, option_interpret, "translate nothing (slower; nothing else differs)"),
	OPTION("--verify", VALUE_NONE, NULL, option_verify, "run everything translated and not, and compare (slow)"),
	OPTION_HEADING("Program"),
	OPTION("-E", VALUE_NEEDED, "NAME=VALUE", option_setenv, "set a variable of the program's environment"),
	OPTION("-U", VALUE_NEEDED, "NAME", option_unsetenv, "remove one"),
	OPTION("-L", VALUE_NEEDED, "PREFIX", option_sysroot, "look for the ELF interpreter and libraries below PREFIX first"),
	OPTION_END,
};

const struct option_row report_option_rows[] = {
	OPTION_HEADING("Reports"),
	OPTION("--strace", VALUE_OPTIONAL, "FILE", option_strace, "print system calls", .often = true),
	OPTION("--stats", VALUE_OPTIONAL, "FILE", option_stats, "print counts and times at the end, as JSON", .often = true),
	OPTION("--dump-code", VALUE_OPTIONAL, "FILE", option_dump_code, "print hot instructions and the code that is made of them"),
	OPTION("--trace-insns", VALUE_OPTIONAL, "FILE", option_trace_insns, "print every instruction (slow)"),
	OPTION("--status", VALUE_NONE, NULL, option_status, "exit with 128 + N where the program dies of signal N"),
	OPTION("--quiet", VALUE_NONE, NULL, option_quiet, "say what is an error only: --log=error"),
	OPTION("--log", VALUE_NEEDED, "error|warning|info|debug", option_log, "how much tick86 says (default warning)"),
	OPTION_END,
};

const struct option_row record_option_rows[] = {
	OPTION_HEADING("Recording"),
	OPTION("-o", VALUE_NEEDED, "FILE", option_output, "the file to write (default PROGRAM.t86)"),
	OPTION_END,
};

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

/* Starts from the defaults. Returns false if out of memory. */
static bool set_defaults(struct options *options, size_t words)
{
	size_t variables = environment_count(environ);

	*options = (struct options){ .log = LOG_WARNING, .cpu = "x86-64-v3", .vcpus = 1, .seed = 1, .pin = -1, .save_at = UINT64_MAX };
	options->clock = tk_config_default();
	options->clock.mode = TK_HOST;
	options->envp = calloc(variables + words + 1, sizeof(*options->envp));
	if (options->envp)
		memcpy(options->envp, environ, variables * sizeof(*environ));
	return options->envp;
}

/* Takes the options before the program's name; `help` if one of them asks for help. */
static bool take_options(struct parse *parse, char ***argv, bool *help)
{
	for (; **argv && ***argv == '-' && strcmp(**argv, "-");) {
		*help = is_help(**argv);
		if (*help)
			return true;
		if (!strcmp(**argv, "--")) {
			(*argv)++;
			return true;
		}
		if (!option_take(parse, argv))
			return false;
	}
	return true;
}

static bool take_words(struct parse *parse, char **argv)
{
	if (!*argv)
		return option_fail(parse, "no %s; usage: tick86 %s [options] %s",
			parse->command->most == 1 ? "file to restore" : "program to run", parse->command->name, parse->command->words);
	parse->options->argv = argv;
	return !argv[1] || parse->command->most != 1 || option_fail(parse, "'%s': the saved program has its arguments", argv[1]);
}

bool options_parse(struct options *options, const struct command_row *command, char **argv, int *status)
{
	struct parse parse = { .command = command, .options = options };
	bool help = false, good = set_defaults(options, environment_count(argv)) || option_fail(&parse, "out of memory");

	good = good && take_options(&parse, &argv, &help);
	if (good && help) {
		command_help(stdout, command);
		*status = 0;
		return false;
	}
	if (good && take_words(&parse, argv) && finish(&parse))
		return true;
	fprintf(stderr, "tick86: %s\n", parse.error);
	*status = COMMAND_LINE_WRONG;
	return false;
}
