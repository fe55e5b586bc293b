/* The options of the clock: the program's time, and faults that are injected into the clock. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "emu/option_values.h"
#include "emu/options.h"

static bool set_mode(struct parse *parse, enum tk_mode mode)
{
	struct options *options = parse->options;

	if (options->clock_given && options->clock.mode != mode)
		return option_fail(parse, "%s: the clock mode is already another: name one of host, offset and icount", parse->option);
	options->clock.mode = mode;
	options->clock_given = true;
	return true;
}

static const struct word modes[] = { { "host", TK_HOST }, { "offset", TK_OFFSET }, { "icount", TK_ICOUNT }, { NULL, 0 } };

const char *options_mode_name(enum tk_mode mode)
{
	const struct word *word = modes;

	while (word->value != (int)mode)
		word++;
	return word->name;
}

static bool option_clock(struct parse *parse, const char *text)
{
	int mode;

	return value_word(parse, text, modes, &mode) && set_mode(parse, (enum tk_mode)mode);
}

static bool on_off(struct parse *parse, const char *text, bool *value)
{
	static const struct word words[] = { { "on", 1 }, { "off", 0 }, { NULL, 0 } };
	int chosen;

	if (!value_word(parse, text, words, &chosen))
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
	if (!value_read(text, false, &shift) || shift > TK_MAX_SHIFT)
		return option_fail(parse, "%s: the shift '%s' is not a number from 0 to %d, or auto", parse->option, text, TK_MAX_SHIFT);
	clock->rate = TK_RATE_SHIFT;
	clock->shift = (unsigned)shift;
	return true;
}

static bool icount_word(struct parse *parse, const char *word)
{
	struct tk_config *clock = &parse->options->clock;
	bool on;

	if (!strncmp(word, "shift=", 6))
		return icount_shift(parse, word + 6);
	if (!strncmp(word, "ns-per-insn=", 12)) {
		clock->rate = TK_RATE_FRACTION;
		return value_fraction(parse, word + 12, UINT32_MAX, &clock->ns_num, &clock->ns_den);
	}
	if (!strncmp(word, "sleep=", 6)) {
		if (!on_off(parse, word + 6, &on))
			return false;
		parse->options->sleep_given = true;
		clock->sleep_off = !on;
		return true;
	}
	if (!strncmp(word, "align=", 6))
		return on_off(parse, word + 6, &clock->align);
	if (strchr(word, '='))
		return option_fail(parse, "%s: '%s' is none of N, shift=, ns-per-insn=, sleep= and align=", parse->option, word);
	return icount_shift(parse, word);
}

static bool option_icount(struct parse *parse, const char *text)
{
	char copy[128], *save, *word;
	unsigned rates = 0;

	if (!set_mode(parse, TK_ICOUNT))
		return false;
	if (!*text)
		return option_fail(parse, "%s needs a value: a shift from 0 to %d, auto, or ns-per-insn=P/Q", parse->option, TK_MAX_SHIFT);
	if (strlen(text) >= sizeof(copy))
		return option_fail(parse, "%s: too long", parse->option);
	strcpy(copy, text);
	for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (!icount_word(parse, word))
			return false;
		if (strncmp(word, "sleep=", 6) && strncmp(word, "align=", 6) && ++rates > 1)
			return option_fail(parse, "%s: '%s' is a second rate: give one of N, shift= and ns-per-insn=", parse->option, word);
	}
	return true;
}

static bool option_tsc_khz(struct parse *parse, const char *text)
{
	return value_khz(parse, text, UINT32_MAX, &parse->options->clock.guest_khz);
}

static bool option_tsc_start(struct parse *parse, const char *text)
{
	return value_number(parse, text, 0, UINT64_MAX, &parse->options->clock.tsc_start);
}

static bool option_tsc_offset(struct parse *parse, const char *text)
{
	parse->options->tsc_offset_given = true;
	return set_mode(parse, TK_OFFSET) && value_signed(parse, text, &parse->options->tsc_offset);
}

/* A fraction of a second and the zone, as at the end of 12:30:00.25+02:00; without a zone it is UTC. */
static bool read_fraction_and_zone(const char *text, int64_t *ns)
{
	int64_t scale = 1000000000;
	int hours, minutes, end = 0;

	*ns = 0;
	if (*text == '.' && !(text[1] >= '0' && text[1] <= '9'))
		return false;
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9' && scale > 1; text++)
			*ns += (*text - '0') * (scale /= 10);
	if (!*text || !strcmp(text, "Z"))
		return true;
	if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &end) < 2 || text[1 + end] || !strchr("+-", *text) || hours > 14
		|| minutes > 59)
		return false;
	*ns -= (*text == '-' ? -1 : 1) * (hours * 60 + minutes) * INT64_C(60000000000);
	return true;
}

/* A date as in ISO 8601: 2024-02-29, 2024-02-29T12:30:00.5+02:00. */
static bool read_date(const char *text, int64_t *ns)
{
	static const char *const formats[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d" };

	for (unsigned k = 0; k < sizeof(formats) / sizeof(*formats); k++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, formats[k], &tm);
		int day = tm.tm_mday;
		int64_t rest;

		if (end && read_fraction_and_zone(end, &rest) && !__builtin_mul_overflow((int64_t)timegm(&tm), 1000000000, ns)
			&& !__builtin_add_overflow(*ns, rest, ns) && tm.tm_mday == day) /* 30 February has become a day of March */
			return true;
	}
	return false;
}

/* Seconds since 1970, also after @ and with a fraction; a date; a span from the time at which the clock would start otherwise. */
static bool option_epoch(struct parse *parse, const char *text)
{
	struct options *options = parse->options;
	char seconds[64];

	options->epoch_given = true;
	options->epoch_relative = *text == '+' || (*text == '-' && strpbrk(text, "nmshdwy"));
	snprintf(seconds, sizeof(seconds), "%ss", text + (*text == '@'));
	if (options->epoch_relative ? value_read_span(text, true, &options->clock.epoch_ns)
				    : value_read_span(seconds, true, &options->clock.epoch_ns) || read_date(text, &options->clock.epoch_ns))
		return true;
	return option_fail(parse,
		"%s: '%s' is neither seconds since 1970 nor a date like 2024-02-29T12:30:00Z (UTC), nor a span like +16y or -10d;"
		" it must be in 1677 to 2262",
		parse->option, text);
}

static bool option_tsc_guard(struct parse *parse, const char *text)
{
	/* clang-format off */
	static const struct word words[] = {
		{ "none", TK_GUARD_NONE }, { "clamp", TK_GUARD_CLAMP }, { "strict", TK_GUARD_STRICT },
		{ "catchup", TK_GUARD_CATCHUP }, { "table", TK_GUARD_TABLE }, { NULL, 0 },
	};
	/* clang-format on */
	int guard;

	if (!value_word(parse, text, words, &guard))
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
	if (strlen(text) >= sizeof(copy))
		return option_fail(parse, "%s: too long", parse->option);
	strcpy(copy, text);
	for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		int64_t cpu, ticks;

		if (!value_pair(parse, word, &cpu, &ticks))
			return false;
		if (cpu < 0 || cpu >= TK_MAX_HOST_CPUS)
			return option_fail(parse, "%s: host CPU %" PRId64 " is not 0 to %d", parse->option, cpu, TK_MAX_HOST_CPUS - 1);
		options->table[cpu] = ticks;
		if (options->clock.table_length <= (uint64_t)cpu)
			options->clock.table_length = (unsigned)cpu + 1;
	}
	options->clock.table = options->table;
	return true;
}

static bool option_tsc_sync(struct parse *parse, const char *text)
{
	/* clang-format off */
	static const struct word words[] = {
		{ "1s", TK_SYNC_1S }, { "2010", TK_SYNC_2010 }, { "exact", TK_SYNC_EXACT }, { "max", TK_SYNC_MAX }, { NULL, 0 },
	};
	/* clang-format on */
	int sync;

	if (!value_word(parse, text, words, &sync))
		return false;
	parse->options->clock.sync = (enum tk_sync)sync;
	return true;
}

static bool option_tsc_policy(struct parse *parse, const char *text)
{
	static const struct word words[] = {
		{ "default", TK_POLICY_DEFAULT },
		{ "always-emulate", TK_POLICY_ALWAYS_EMULATE },
		{ "never-emulate", TK_POLICY_NEVER_EMULATE },
		{ "apparent", TK_POLICY_APPARENT },
		{ NULL, 0 },
	};
	int policy;

	if (!value_word(parse, text, words, &policy))
		return false;
	parse->options->clock.policy = (enum tk_policy)policy;
	return true;
}

/* A word with a minus turns a switch off: --tsc-trap=exiting,-scaling. */
static bool option_tsc_trap(struct parse *parse, const char *text)
{
	/* clang-format off */
	static const struct word words[] = {
		{ "exiting", TK_EXITING }, { "offsetting", TK_OFFSETTING }, { "scaling", TK_SCALING }, { "rdtscp", TK_RDTSCP }, { NULL, 0 },
	};
	/* clang-format on */
	char copy[128], *save, *word;
	int bit;

	if (strlen(text) >= sizeof(copy))
		return option_fail(parse, "%s: too long", parse->option);
	strcpy(copy, text);
	for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (!value_word(parse, word + (*word == '-'), words, &bit))
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

	return value_fraction(parse, text + (*text == 'x' && text[1]), 1 << 16, &clock->rate_num, &clock->rate_den);
}

static bool option_msr(struct parse *parse, const char *text)
{
	static const struct word words[] = { { "allow", 1 }, { "fault", 0 }, { NULL, 0 } };
	int allow;

	if (!value_word(parse, text, words, &allow))
		return false;
	parse->options->msr_allow = allow;
	return true;
}

static bool option_pvclock(struct parse *parse, const char *text)
{
	(void)text;
	return parse->options->pvclock = true;
}

static bool option_pin(struct parse *parse, const char *text)
{
	uint64_t cpu;

	if (!value_number(parse, text, 0, TK_MAX_HOST_CPUS - 1, &cpu))
		return false;
	parse->options->pin = (int)cpu;
	return true;
}

static bool inject(struct parse *parse, struct injection injection)
{
	struct options *options = parse->options;

	if (options->injections == INJECTIONS_MAX)
		return option_fail(parse, "%s: at most %d faults can be injected", parse->option, INJECTIONS_MAX);
	options->injection[options->injections++] = injection;
	return true;
}

enum { PPM_MAX = 1000000 };

/* "VCPU:NUMBER". */
static bool inject_on_vcpu(struct parse *parse, const char *text, int kind)
{
	int64_t vcpu, by;

	if (!value_pair(parse, text, &vcpu, &by))
		return false;
	if (vcpu < 0 || vcpu >= TK_MAX_VCPUS)
		return option_fail(parse, "%s: vCPU %" PRId64 " is not 0 to %d", parse->option, vcpu, TK_MAX_VCPUS - 1);
	if (kind == INJECT_DRIFT && (by < -PPM_MAX || by > PPM_MAX))
		return option_fail(parse, "%s: %" PRId64 " ppm is not -%d to %d", parse->option, by, PPM_MAX, PPM_MAX);
	return inject(parse, (struct injection){ .kind = kind, .vcpu = (unsigned)vcpu, .by = by });
}

/* "AT:BY", both spans of time; AT is guest time. */
static bool inject_at(struct parse *parse, const char *text, int kind)
{
	int64_t at, by;

	return value_spans(parse, text, &at, &by) && inject(parse, (struct injection){ .kind = kind, .at = at, .by = by });
}

static bool option_tsc_skew(struct parse *parse, const char *text)
{
	return inject_on_vcpu(parse, text, INJECT_SKEW);
}
static bool option_tsc_drift(struct parse *parse, const char *text)
{
	return inject_on_vcpu(parse, text, INJECT_DRIFT);
}
static bool option_tsc_jump(struct parse *parse, const char *text)
{
	return inject_at(parse, text, INJECT_JUMP);
}
static bool option_clock_step(struct parse *parse, const char *text)
{
	return inject_at(parse, text, INJECT_WALL_STEP);
}

/* --- rows --------------------------------------------------------------------------------------------------- */

const struct option_row clock_option_rows[] = {
	OPTION_HEADING("Clock"),
	OPTION("--clock", VALUE_NEEDED, "host|offset|icount", option_clock, "what every clock of the program follows (default host)",
		.often = true),
	OPTION("--icount", VALUE_NEEDED, "N|shift=N|shift=auto|ns-per-insn=P/Q[,sleep=on|off][,align=on|off]", option_icount,
		"count instructions: 2^N ns each; implies --clock=icount", .often = true),
	OPTION("--tsc-khz", VALUE_NEEDED, "K", option_tsc_khz, "frequency of the program's TSC in kHz; also 2.5GHz, 800MHz"),
	OPTION("--tsc-start", VALUE_NEEDED, "T", option_tsc_start, "TSC at the start"),
	OPTION("--tsc-offset", VALUE_NEEDED, "±T", option_tsc_offset, "host's TSC plus T; implies --clock=offset"),
	OPTION("--epoch", VALUE_NEEDED, "ISO8601|[@]SECONDS|±SPAN", option_epoch,
		"wall clock at the start (icount: 2000-01-01); +16y, -10d: from there", .often = true),
	OPTION("--clock-rate", VALUE_NEEDED, "P[/Q]", option_clock_rate, "all clocks run P/Q times as fast; also 1.5, x10"),
	OPTION("--tsc-guard", VALUE_NEEDED, "none|clamp|strict|catchup|table", option_tsc_guard, "against a host TSC that steps back"),
	OPTION("--tsc-table", VALUE_NEEDED, "auto|CPU:TICKS,...", option_tsc_table, "what to add on each host CPU"),
	OPTION("--tsc-sync", VALUE_NEEDED, "1s|2010|exact|max", option_tsc_sync, "how vCPUs are matched on a restore"),
	OPTION("--tsc-policy", VALUE_NEEDED, "default|always-emulate|never-emulate|apparent", option_tsc_policy,
		"how TSC reads are answered"),
	OPTION("--tsc-trap", VALUE_NEEDED, "[-]exiting,[-]offsetting,[-]scaling,[-]rdtscp", option_tsc_trap, "VMX-like switches"),
	OPTION("--no-rdtscp", VALUE_NONE, NULL, option_no_rdtscp, "RDTSCP and RDPID raise #UD"),
	OPTION("--msr", VALUE_NEEDED, "allow|fault", option_msr, "RDMSR and WRMSR of the time MSRs at CPL 3 (default fault)"),
	OPTION("--pvclock", VALUE_NONE, NULL, option_pvclock, "a pvclock page for each vCPU, found by RDMSR 4b564d01H"),
	OPTION("--pin", VALUE_NEEDED, "CPU", option_pin, "run on this host CPU only"),
	OPTION_HEADING("Faults on purpose"),
	OPTION("--tsc-skew", VALUE_NEEDED, "VCPU:±TICKS", option_tsc_skew, "this vCPU's TSC is off"),
	OPTION("--tsc-drift", VALUE_NEEDED, "VCPU:PPM", option_tsc_drift, "this vCPU's TSC drifts"),
	OPTION("--tsc-jump", VALUE_NEEDED, "AT:±NS", option_tsc_jump, "at guest time AT every clock jumps; in ns, or 10s:-250ms"),
	OPTION("--clock-step", VALUE_NEEDED, "AT:±NS", option_clock_step, "at guest time AT the wall clock is stepped; in ns, or 1h:+2s"),
	OPTION_END,
};
