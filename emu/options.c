#include "emu/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "emu/cpu/model.h"

extern char **environ;

struct parse {
	struct options *options;
	const char *option; /* as it was typed, for messages */
	char *error;
	size_t error_size;
};

static bool fail(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct parse *parse, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parse->error, parse->error_size, format, args);
	va_end(args);
	return false;
}

/* --- values ----------------------------------------------------------------------------------------- */

/* A number: decimal, 0x hex, with _ between digits, and a sign if `is_signed`. */
static bool read_number(const char *text, bool is_signed, uint64_t *value)
{
	char digits[64];
	size_t n = 0;
	char *end;

	for (; *text && n < sizeof digits - 1; text++)
		if (*text != '_')
			digits[n++] = *text;
	digits[n] = '\0';
	if (*text || !n || (digits[0] == '-' && !is_signed) || digits[0] == ' ')
		return false;
	errno = 0;
	*value = is_signed ? (uint64_t)strtoll(digits, &end, 0) : strtoull(digits, &end, 0);
	return !*end && !errno;
}

static bool number(struct parse *parse, const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
	if (read_number(text, false, value) && *value >= low && *value <= high)
		return true;
	return fail(parse, "%s: '%s' is not a number from %" PRIu64 " to %" PRIu64, parse->option, text, low, high);
}

struct word {
	const char *name;
	int value;
};

/* One of the words, which end with a NULL name. */
static bool choose(struct parse *parse, const char *text, const struct word *words, int *value)
{
	char allowed[256] = "";

	for (const struct word *word = words; word->name; word++) {
		if (!strcmp(text, word->name)) {
			*value = word->value;
			return true;
		}
		strncat(allowed, word->name, sizeof allowed - strlen(allowed) - 1);
		if (word[1].name)
			strncat(allowed, word[2].name ? ", " : " or ", sizeof allowed - strlen(allowed) - 1);
	}
	return fail(parse, "%s: '%s' is not %s", parse->option, text, allowed);
}

static bool signed_number(struct parse *parse, const char *text, int64_t *value)
{
	uint64_t raw;

	if (!read_number(text, true, &raw))
		return fail(parse, "%s: '%s' is not a number", parse->option, text);
	*value = (int64_t)raw;
	return true;
}

/* "A:B", both numbers. */
static bool number_pair(struct parse *parse, const char *text, int64_t *first, int64_t *second)
{
	const char *colon = strchr(text, ':');
	char left[32];

	if (!colon || (size_t)(colon - text) >= sizeof left)
		return fail(parse, "%s: '%s' is not NUMBER:NUMBER", parse->option, text);
	memcpy(left, text, (size_t)(colon - text));
	left[colon - text] = '\0';
	return signed_number(parse, left, first) && signed_number(parse, colon + 1, second);
}

/* --- options of the clock ----------------------------------------------------------------------------- */

static bool set_mode(struct parse *parse, enum tk_mode mode)
{
	struct options *options = parse->options;

	if (options->clock_given && options->clock.mode != mode)
		return fail(parse, "%s: the clock mode is already another: name one of host, offset and icount", parse->option);
	options->clock.mode = mode;
	options->clock_given = true;
	return true;
}

static bool option_clock(struct parse *parse, const char *text)
{
	static const struct word modes[] = { { "host", TK_HOST }, { "offset", TK_OFFSET }, { "icount", TK_ICOUNT }, { NULL, 0 } };
	int mode;

	return choose(parse, text, modes, &mode) && set_mode(parse, (enum tk_mode)mode);
}

static bool on_off(struct parse *parse, const char *text, bool *value)
{
	static const struct word words[] = { { "on", 1 }, { "off", 0 }, { NULL, 0 } };
	int chosen;

	if (!choose(parse, text, words, &chosen))
		return false;
	*value = chosen;
	return true;
}

static bool icount_shift(struct parse *parse, const char *text)
{
	struct tk_config *clock = &parse->options->clock;
	uint64_t shift;

	if (!strcmp(text, "auto")) {
		clock->rate = TK_RATE_AUTO;
		return true;
	}
	if (!read_number(text, false, &shift) || shift > TK_MAX_SHIFT)
		return fail(parse, "%s: the shift '%s' is not a number from 0 to %d, or auto", parse->option, text, TK_MAX_SHIFT);
	clock->rate = TK_RATE_SHIFT;
	clock->shift = (unsigned)shift;
	return true;
}

/* "P/Q" or "P". */
static bool fraction(struct parse *parse, const char *text, uint64_t high, uint64_t *numerator, uint64_t *denominator)
{
	const char *slash = strchr(text, '/');
	char left[32];

	*denominator = 1;
	if (slash && (size_t)(slash - text) < sizeof left) {
		memcpy(left, text, (size_t)(slash - text));
		left[slash - text] = '\0';
		return number(parse, left, 1, high, numerator) && number(parse, slash + 1, 1, high, denominator);
	}
	return number(parse, text, 1, high, numerator);
}

static bool icount_word(struct parse *parse, const char *word)
{
	struct tk_config *clock = &parse->options->clock;
	bool on;

	if (!strncmp(word, "shift=", 6))
		return icount_shift(parse, word + 6);
	if (!strncmp(word, "ns-per-insn=", 12)) {
		clock->rate = TK_RATE_FRACTION;
		return fraction(parse, word + 12, UINT32_MAX, &clock->ns_num, &clock->ns_den);
	}
	if (!strncmp(word, "sleep=", 6)) {
		if (!on_off(parse, word + 6, &on))
			return false;
		clock->sleep_off = !on;
		return true;
	}
	if (!strncmp(word, "align=", 6))
		return on_off(parse, word + 6, &clock->align);
	return icount_shift(parse, word);
}

static bool option_icount(struct parse *parse, const char *text)
{
	char copy[128], *save, *word;

	if (!set_mode(parse, TK_ICOUNT))
		return false;
	if (strlen(text) >= sizeof copy)
		return fail(parse, "%s: too long", parse->option);
	strcpy(copy, text);
	for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save))
		if (!icount_word(parse, word))
			return false;
	return true;
}

static bool option_tsc_khz(struct parse *parse, const char *text)
{
	return number(parse, text, 1, UINT32_MAX, &parse->options->clock.guest_khz);
}

static bool option_tsc_start(struct parse *parse, const char *text)
{
	return number(parse, text, 0, UINT64_MAX, &parse->options->clock.tsc_start);
}

static bool option_tsc_offset(struct parse *parse, const char *text)
{
	parse->options->tsc_offset_given = true;
	return set_mode(parse, TK_OFFSET) && signed_number(parse, text, &parse->options->tsc_offset);
}

/* Seconds since 1970 or ISO 8601, in UTC: 2024-02-29, 2024-02-29T12:30:00, with or without a Z. */
static bool option_epoch(struct parse *parse, const char *text)
{
	static const char *const formats[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d" };
	uint64_t seconds;

	parse->options->epoch_given = true;
	if (read_number(text, true, &seconds) && (int64_t)seconds < INT64_MAX / 1000000000
	    && (int64_t)seconds >= 0) {
		parse->options->clock.epoch_ns = (int64_t)seconds * 1000000000;
		return true;
	}
	for (unsigned k = 0; k < sizeof formats / sizeof *formats; k++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, formats[k], &tm);

		if (end && (!*end || !strcmp(end, "Z")) && tm.tm_year >= 70 && tm.tm_year < 300) {
			parse->options->clock.epoch_ns = (int64_t)timegm(&tm) * 1000000000;
			return true;
		}
	}
	return fail(parse, "%s: '%s' is neither seconds since 1970 nor a date like 2024-02-29T12:30:00Z (UTC)", parse->option, text);
}

static bool option_tsc_guard(struct parse *parse, const char *text)
{
	static const struct word words[] = {
		{ "none", TK_GUARD_NONE }, { "clamp", TK_GUARD_CLAMP }, { "strict", TK_GUARD_STRICT },
		{ "catchup", TK_GUARD_CATCHUP }, { "table", TK_GUARD_TABLE }, { NULL, 0 },
	};
	int guard;

	if (!choose(parse, text, words, &guard))
		return false;
	parse->options->clock.guard = (enum tk_guard)guard;
	return true;
}

/* "auto" or "CPU:TICKS,CPU:TICKS...". */
static bool option_tsc_table(struct parse *parse, const char *text)
{
	struct options *options = parse->options;
	char copy[4096], *save, *word;

	options->clock.guard = TK_GUARD_TABLE;
	if (!strcmp(text, "auto"))
		return options->table_auto = true;
	if (strlen(text) >= sizeof copy)
		return fail(parse, "%s: too long", parse->option);
	strcpy(copy, text);
	for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		int64_t cpu, ticks;

		if (!number_pair(parse, word, &cpu, &ticks))
			return false;
		if (cpu < 0 || cpu >= TK_MAX_HOST_CPUS)
			return fail(parse, "%s: host CPU %" PRId64 " is not 0 to %d", parse->option, cpu, TK_MAX_HOST_CPUS - 1);
		options->table[cpu] = ticks;
		if (options->clock.table_length <= (uint64_t)cpu)
			options->clock.table_length = (unsigned)cpu + 1;
	}
	options->clock.table = options->table;
	return true;
}

static bool option_tsc_sync(struct parse *parse, const char *text)
{
	static const struct word words[] = {
		{ "1s", TK_SYNC_1S }, { "2010", TK_SYNC_2010 }, { "exact", TK_SYNC_EXACT }, { "max", TK_SYNC_MAX }, { NULL, 0 },
	};
	int sync;

	if (!choose(parse, text, words, &sync))
		return false;
	parse->options->clock.sync = (enum tk_sync)sync;
	return true;
}

static bool option_tsc_policy(struct parse *parse, const char *text)
{
	static const struct word words[] = {
		{ "default", TK_POLICY_DEFAULT }, { "always-emulate", TK_POLICY_ALWAYS_EMULATE },
		{ "never-emulate", TK_POLICY_NEVER_EMULATE }, { "apparent", TK_POLICY_APPARENT }, { NULL, 0 },
	};
	int policy;

	if (!choose(parse, text, words, &policy))
		return false;
	parse->options->clock.policy = (enum tk_policy)policy;
	return true;
}

/* Words with a minus in front turn a switch off: --tsc-trap=exiting,-scaling. */
static bool option_tsc_trap(struct parse *parse, const char *text)
{
	static const struct word words[] = {
		{ "exiting", TK_EXITING }, { "offsetting", TK_OFFSETTING }, { "scaling", TK_SCALING }, { "rdtscp", TK_RDTSCP }, { NULL, 0 },
	};
	char copy[128], *save, *word;
	int bit;

	if (strlen(text) >= sizeof copy)
		return fail(parse, "%s: too long", parse->option);
	strcpy(copy, text);
	for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (!choose(parse, word + (*word == '-'), words, &bit))
			return false;
		if (*word == '-')
			parse->options->clock.traps &= ~(unsigned)bit;
		else
			parse->options->clock.traps |= (unsigned)bit;
	}
	return true;
}

static bool option_no_rdtscp(struct parse *parse, const char *text)
{
	(void)text;
	parse->options->clock.traps &= ~(unsigned)TK_RDTSCP;
	return true;
}

static bool option_clock_rate(struct parse *parse, const char *text)
{
	struct tk_config *clock = &parse->options->clock;

	return fraction(parse, text, 1 << 16, &clock->rate_num, &clock->rate_den);
}

static bool option_pin(struct parse *parse, const char *text)
{
	uint64_t cpu;

	if (!number(parse, text, 0, TK_MAX_HOST_CPUS - 1, &cpu))
		return false;
	parse->options->pin = (int)cpu;
	return true;
}

static bool inject(struct parse *parse, struct injection injection)
{
	struct options *options = parse->options;

	if (options->injections == INJECTIONS_MAX)
		return fail(parse, "%s: at most %d faults can be injected", parse->option, INJECTIONS_MAX);
	options->injection[options->injections++] = injection;
	return true;
}

/* "VCPU:NUMBER". */
static bool inject_on_vcpu(struct parse *parse, const char *text, int kind)
{
	int64_t vcpu, by;

	if (!number_pair(parse, text, &vcpu, &by))
		return false;
	if (vcpu < 0 || vcpu >= TK_MAX_VCPUS)
		return fail(parse, "%s: vCPU %" PRId64 " is not 0 to %d", parse->option, vcpu, TK_MAX_VCPUS - 1);
	return inject(parse, (struct injection){ .kind = kind, .vcpu = (unsigned)vcpu, .by = by });
}

/* "AT:NUMBER", AT in ns of guest time. */
static bool inject_at(struct parse *parse, const char *text, int kind)
{
	int64_t at, by;

	return number_pair(parse, text, &at, &by) && inject(parse, (struct injection){ .kind = kind, .at = at, .by = by });
}

static bool option_tsc_skew(struct parse *parse, const char *text) { return inject_on_vcpu(parse, text, INJECT_SKEW); }
static bool option_tsc_drift(struct parse *parse, const char *text) { return inject_on_vcpu(parse, text, INJECT_DRIFT); }
static bool option_tsc_jump(struct parse *parse, const char *text) { return inject_at(parse, text, INJECT_JUMP); }
static bool option_clock_step(struct parse *parse, const char *text) { return inject_at(parse, text, INJECT_WALL_STEP); }

/* --- the other options ---------------------------------------------------------------------------------- */

static bool option_cpus(struct parse *parse, const char *text)
{
	uint64_t vcpus;

	if (!number(parse, text, 1, TK_MAX_VCPUS, &vcpus))
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
	cpu_model_names(names, sizeof names);
	return fail(parse, "%s: '%s' is not one of: %s", parse->option, text, names);
}

static bool option_seed(struct parse *parse, const char *text)
{
	return number(parse, text, 0, UINT64_MAX, &parse->options->seed);
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

static bool option_trace_insns(struct parse *parse, const char *text)
{
	parse->options->trace_insns = true;
	parse->options->trace_insns_path = text;
	return true;
}

static bool option_log(struct parse *parse, const char *text)
{
	static const struct word levels[] = {
		{ "error", LOG_ERROR }, { "warning", LOG_WARNING }, { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { NULL, 0 },
	};
	int level;

	if (!choose(parse, text, levels, &level))
		return false;
	parse->options->log = (enum log_level)level;
	return true;
}

static bool option_msr(struct parse *parse, const char *text)
{
	static const struct word words[] = { { "allow", 1 }, { "fault", 0 }, { NULL, 0 } };
	int allow;

	if (!choose(parse, text, words, &allow))
		return false;
	parse->options->msr_allow = allow;
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
		return fail(parse, "-E: '%s' is not NAME=VALUE", text);
	environment_remove(parse->options->envp, text, (size_t)(equals - text));
	count = environment_count(parse->options->envp);
	parse->options->envp[count] = (char *)text; /* there is room: see options_parse */
	parse->options->envp[count + 1] = NULL;
	return true;
}

static bool option_unsetenv(struct parse *parse, const char *text)
{
	if (!*text || strchr(text, '='))
		return fail(parse, "-U: '%s' is not the NAME of a variable", text);
	environment_remove(parse->options->envp, text, strlen(text));
	return true;
}

/* --- the table ------------------------------------------------------------------------------------------ */

enum value { VALUE_NONE, VALUE_OPTIONAL, VALUE_NEEDED };

struct option_row {
	const char *name;  /* long ones take their value behind =, one-letter ones as the next word or glued on */
	enum value value;
	const char *shown; /* the value, for --help */
	bool (*set)(struct parse *parse, const char *text);
	const char *help;  /* one line; NULL ends a group with the heading in `shown` */
};

static const struct option_row rows[] = {
	{ NULL, VALUE_NONE, "Clock", NULL, NULL },
	{ "--clock", VALUE_NEEDED, "host|offset|icount", option_clock, "what every clock of the program follows (default host)" },
	{ "--icount", VALUE_NEEDED, "N|shift=N|shift=auto|ns-per-insn=P/Q[,sleep=on|off][,align=on|off]", option_icount,
	  "count instructions: 2^N ns each; implies --clock=icount" },
	{ "--tsc-khz", VALUE_NEEDED, "K", option_tsc_khz, "frequency of the program's TSC" },
	{ "--tsc-start", VALUE_NEEDED, "T", option_tsc_start, "TSC at the start" },
	{ "--tsc-offset", VALUE_NEEDED, "±T", option_tsc_offset, "host's TSC plus T; implies --clock=offset" },
	{ "--epoch", VALUE_NEEDED, "ISO8601|SECONDS", option_epoch, "wall clock at the start (icount: 2000-01-01)" },
	{ "--clock-rate", VALUE_NEEDED, "P[/Q]", option_clock_rate, "all clocks run P/Q times as fast" },
	{ "--tsc-guard", VALUE_NEEDED, "none|clamp|strict|catchup|table", option_tsc_guard, "against a host TSC that steps back" },
	{ "--tsc-table", VALUE_NEEDED, "auto|CPU:TICKS,...", option_tsc_table, "what to add on each host CPU" },
	{ "--tsc-sync", VALUE_NEEDED, "1s|2010|exact|max", option_tsc_sync, "how vCPUs are matched on a restore" },
	{ "--tsc-policy", VALUE_NEEDED, "default|always-emulate|never-emulate|apparent", option_tsc_policy, "how TSC reads are answered" },
	{ "--tsc-trap", VALUE_NEEDED, "[-]exiting,[-]offsetting,[-]scaling,[-]rdtscp", option_tsc_trap, "VMX-like switches" },
	{ "--no-rdtscp", VALUE_NONE, NULL, option_no_rdtscp, "RDTSCP and RDPID raise #UD" },
	{ "--msr", VALUE_NEEDED, "allow|fault", option_msr, "RDMSR and WRMSR of the time MSRs at CPL 3 (default fault)" },
	{ "--pin", VALUE_NEEDED, "CPU", option_pin, "run on this host CPU only" },
	{ NULL, VALUE_NONE, "Faults on purpose", NULL, NULL },
	{ "--tsc-skew", VALUE_NEEDED, "VCPU:±TICKS", option_tsc_skew, "this vCPU's TSC is off" },
	{ "--tsc-drift", VALUE_NEEDED, "VCPU:PPM", option_tsc_drift, "this vCPU's TSC drifts" },
	{ "--tsc-jump", VALUE_NEEDED, "AT:±NS", option_tsc_jump, "at guest time AT (ns) every clock jumps" },
	{ "--clock-step", VALUE_NEEDED, "AT:±NS", option_clock_step, "at guest time AT (ns) the wall clock is stepped" },
	{ NULL, VALUE_NONE, "Machine", NULL, NULL },
	{ "--cpus", VALUE_NEEDED, "N", option_cpus, "virtual CPUs (default 1)" },
	{ "--cpu", VALUE_NEEDED, "MODEL", option_cpu, "what CPUID says: x86-64, x86-64-v2, x86-64-v3 (default)" },
	{ "--seed", VALUE_NEEDED, "N", option_seed, "of AT_RANDOM, and of getrandom under icount (default 1)" },
	{ NULL, VALUE_NONE, "Program", NULL, NULL },
	{ "-E", VALUE_NEEDED, "NAME=VALUE", option_setenv, "set a variable of the program's environment" },
	{ "-U", VALUE_NEEDED, "NAME", option_unsetenv, "remove one" },
	{ "-L", VALUE_NEEDED, "PREFIX", option_sysroot, "look for the ELF interpreter and libraries below PREFIX first" },
	{ "--status", VALUE_NONE, NULL, option_status, "exit with 128 + N where the program dies of signal N" },
	{ NULL, VALUE_NONE, "Reports", NULL, NULL },
	{ "--strace", VALUE_OPTIONAL, "FILE", option_strace, "print system calls" },
	{ "--stats", VALUE_OPTIONAL, "FILE", option_stats, "print counts and times at the end, as JSON" },
	{ "--trace-insns", VALUE_OPTIONAL, "FILE", option_trace_insns, "print every instruction (slow)" },
	{ "--log", VALUE_NEEDED, "error|warning|info|debug", option_log, "how much tick86 says (default warning)" },
};

void options_help(FILE *out)
{
	fprintf(out,
	        "usage: tick86 [run] [options] [--] PROGRAM [ARG...]\n"
	        "       tick86 clock replay|record|plot ...\n"
	        "\n"
	        "Runs an x86-64 Linux program and decides what every clock tells it.\n");
	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		const struct option_row *row = &rows[k];
		char left[128];

		if (!row->name) {
			fprintf(out, "\n%s:\n", row->shown);
			continue;
		}
		snprintf(left, sizeof left, row->value == VALUE_NONE ? "%s" : row->name[1] != '-' ? "%s %s"
		         : row->value == VALUE_OPTIONAL ? "%s[=%s]" : "%s=%s", row->name, row->shown);
		fprintf(out, strlen(left) > 30 ? "  %s\n  %30s %s\n" : "  %-30s%s %s\n", left, "", row->help);
	}
	fprintf(out, "\nOther:\n  %-30s %s\n  %-30s %s\n", "--help, -h", "this text", "--version, -V", "the version");
}

static const struct option_row *find_row(const char *word, const char **value)
{
	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		size_t length = rows[k].name ? strlen(rows[k].name) : 0;

		if (!length || strncmp(word, rows[k].name, length))
			continue;
		*value = NULL;
		if (!word[length])
			return &rows[k];
		if (rows[k].name[1] != '-') {
			*value = word + length;
			return &rows[k];
		}
		if (word[length] == '=') {
			*value = word + length + 1;
			return &rows[k];
		}
	}
	return NULL;
}

/* Takes the option at *argv, and its value behind it where that stands apart. */
static bool take_option(struct parse *parse, char ***argv)
{
	const char *value;
	const struct option_row *row = find_row(**argv, &value);

	if (!row)
		return fail(parse, "unknown option '%s'; tick86 --help lists them", **argv);
	parse->option = row->name;
	(*argv)++;
	if (row->value == VALUE_NONE && value)
		return fail(parse, "%s takes no value", row->name);
	if (row->value == VALUE_NEEDED && !value) {
		if (row->name[1] == '-' || !**argv)
			return fail(parse, "%s needs a value: %s%s%s", row->name, row->name, row->name[1] == '-' ? "=" : " ", row->shown);
		value = *(*argv)++;
	}
	return row->set(parse, value);
}

/* What no single option can see. */
static bool finish(struct parse *parse)
{
	struct options *options = parse->options;

	if (options->epoch_given && options->clock.mode == TK_HOST)
		return fail(parse, "--epoch needs --clock=offset or --clock=icount: under host the wall clock is the host's");
	if (options->injections && options->clock.mode == TK_HOST)
		return fail(parse, "injected faults need --clock=offset or --clock=icount: under host the clock is read only");
	if (options->tsc_offset_given && options->clock.tsc_start)
		return fail(parse, "--tsc-offset and --tsc-start both set the TSC: give one of them");
	for (unsigned k = 0; k < options->injections; k++)
		if (options->injection[k].vcpu >= options->vcpus)
			return fail(parse, "vCPU %u does not exist: --cpus is %u", options->injection[k].vcpu, options->vcpus);
	return true;
}

enum options_result options_parse(struct options *options, char **argv, char *error, size_t error_size)
{
	struct parse parse = { .options = options, .error = error, .error_size = error_size };
	size_t variables = environment_count(environ), words = environment_count(argv);

	*options = (struct options){ .log = LOG_WARNING, .cpu = "x86-64-v3", .vcpus = 1, .seed = 1, .pin = -1 };
	options->clock = tk_config_default();
	options->clock.mode = TK_HOST;
	options->envp = calloc(variables + words + 1, sizeof *options->envp);
	if (!options->envp) {
		fail(&parse, "out of memory");
		return OPTIONS_ERROR;
	}
	memcpy(options->envp, environ, variables * sizeof *environ);
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
		fail(&parse, "no program to run; usage: tick86 [options] PROGRAM [ARG...]");
		return OPTIONS_ERROR;
	}
	options->argv = argv;
	return finish(&parse) ? OPTIONS_RUN : OPTIONS_ERROR;
}
