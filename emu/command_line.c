/* Reads command lines by rows of commands and options, and prints their help and the messages about what is wrong. */
#include "emu/command_line.h"

#include <stdarg.h>
#include <string.h>

bool option_fail(struct parse *parse, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parse->error, sizeof(parse->error), format, args);
	va_end(args);
	return false;
}

bool option_keep(struct parse *parse, const char *text)
{
	*(const char **)parse->into = text;
	return true;
}

static bool is_last(const struct option_row *row)
{
	return !row->name && !row->shown;
}

/* --- what was meant? ------------------------------------------------------------------------------------ */

enum { WORD_MAX = 32, SLIPS_MAX = 2 };

static void lower(unsigned *least, unsigned value)
{
	if (value < *least)
		*least = value;
}

/* The number of letters to insert, remove, change or exchange with the next one between two words (Damerau and Levenshtein). */
static unsigned slips(const char *a, const char *b)
{
	unsigned distance[WORD_MAX + 1][WORD_MAX + 1];
	size_t rows = strlen(a), columns = strlen(b);

	if (rows > WORD_MAX || columns > WORD_MAX)
		return SLIPS_MAX + 1;
	for (size_t i = 0; i <= rows; i++) {
		for (size_t k = 0; k <= columns; k++) {
			unsigned *least = &distance[i][k];

			*least = i && k ? distance[i - 1][k - 1] + (a[i - 1] != b[k - 1]) : (unsigned)(i + k);
			if (i && k) {
				lower(least, distance[i - 1][k] + 1);
				lower(least, distance[i][k - 1] + 1);
			}
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				lower(least, distance[i - 2][k - 2] + 1);
		}
	}
	return distance[rows][columns];
}

/* Keeps `name` in *best if it is nearer to `word` than what is there. */
static void keep_nearer(const char *word, const char *name, const char **best, unsigned *distance)
{
	unsigned found = slips(word, name);

	if (found < *distance && found < strlen(name) / 2) {
		*best = name;
		*distance = found;
	}
}

const char *nearest_option(const struct command_row *row, const char *word)
{
	const char *best = NULL;
	unsigned distance = SLIPS_MAX + 1;
	char name[WORD_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	for (unsigned k = 0; k < OPTION_LISTS && row->options[k]; k++)
		for (const struct option_row *option = row->options[k]; !is_last(option); option++)
			if (option->name && option->name[1] == '-')
				keep_nearer(name, option->name, &best, &distance);
	return best;
}

const char *nearest_command(const char *word)
{
	const char *best = NULL;
	unsigned distance = SLIPS_MAX + 1;

	for (const struct command_row *const *row = command_rows; *row; row++)
		keep_nearer(word, (*row)->name, &best, &distance);
	return best;
}

/* --- options -------------------------------------------------------------------------------------------- */

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

static const struct option_row *find_option(const struct command_row *command, const char *word, const char **value)
{
	for (unsigned k = 0; k < OPTION_LISTS && command->options[k]; k++)
		for (const struct option_row *row = command->options[k]; !is_last(row); row++)
			if (matches(row, word, value))
				return row;
	return NULL;
}

/* An option that the command does not have: whose it is, or which one is meant. */
static bool fail_unknown(struct parse *parse, const char *word)
{
	const char *value, *near = nearest_option(parse->command, word);

	for (const struct command_row *const *row = command_rows; *row; row++) {
		const struct option_row *option = find_option(*row, word, &value);

		if (!option)
			continue;
		if (parse->command->refuses && (*row)->runs)
			return option_fail(parse, "%s: %s", option->name, parse->command->refuses);
		return option_fail(parse, "%s belongs to tick86 %s", option->name, (*row)->name);
	}
	if (near)
		return option_fail(parse, "unknown option '%s'; did you mean %s?", word, near);
	return option_fail(parse, "unknown option '%s'; tick86 help %s lists them", word, parse->command->name);
}

bool option_take(struct parse *parse, char ***argv)
{
	const char *value;
	const struct option_row *row = find_option(parse->command, **argv, &value);

	if (!row)
		return fail_unknown(parse, **argv);
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

bool option_skip(const struct command_row *command, char ***argv)
{
	const char *value;
	const struct option_row *row = find_option(command, **argv, &value);

	if (!row)
		return false;
	(*argv)++;
	if (row->value == VALUE_NEEDED && !value && row->name[1] != '-' && **argv)
		(*argv)++;
	return true;
}

/* --- commands ------------------------------------------------------------------------------------------- */

bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

int command_wrong(const struct command_row *row, const char *error)
{
	fprintf(stderr, "tick86: %s: %s\n", row->name, error);
	return COMMAND_LINE_WRONG;
}

static bool read_words(struct parse *parse, char **argv, char **word)
{
	bool options = true;
	unsigned words = 0;

	argv++;
	while (*argv) {
		if (options && !strcmp(*argv, "--")) {
			options = false;
			argv++;
		} else if (options && **argv == '-' && (*argv)[1]) {
			if (!option_take(parse, &argv))
				return false;
		} else if (words == parse->command->most) {
			return option_fail(parse, "'%s' is one word too many; usage: tick86 %s %s", *argv, parse->command->name,
				parse->command->words);
		} else {
			word[words++] = *argv++;
		}
	}
	word[words] = NULL;
	return words >= parse->command->least || option_fail(parse, "usage: tick86 %s %s", parse->command->name, parse->command->words);
}

bool command_read(const struct command_row *row, char **argv, void *into, char **word, int *status)
{
	struct parse parse = { .command = row, .into = into };

	*status = 0;
	for (char **at = argv + 1; *at && strcmp(*at, "--") != 0; at++) {
		if (is_help(*at)) {
			command_help(stdout, row);
			return false;
		}
	}
	if (read_words(&parse, argv, word))
		return true;
	*status = command_wrong(row, parse.error);
	return false;
}

/* --- help ----------------------------------------------------------------------------------------------- */

enum { HELP_COLUMN = 30, HELP_WIDTH = 80 };

static int columns_of(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += (*text & 0xc0) != 0x80; /* continuation bytes of UTF-8 take no column */
	return columns;
}

/* Prints text that stands in a column from `left` on, broken between words. The cursor is at `left`. */
static void print_wrapped(FILE *out, const char *text, int left)
{
	int room = HELP_WIDTH - left;

	while (columns_of(text) > room) {
		int length = room;

		while (length > 0 && text[length] != ' ')
			length--;
		if (!length)
			break;
		fprintf(out, "%.*s\n%*s", length, text, left, "");
		text += length + 1;
	}
	fprintf(out, "%s\n", text);
}

void option_help(FILE *out, const struct option_row *row)
{
	char left[160];
	int columns;

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
	columns = columns_of(left);
	fprintf(out, columns >= HELP_COLUMN ? "  %s\n%*s" : "  %s%*s", left,
		columns >= HELP_COLUMN ? HELP_COLUMN + 3 : HELP_COLUMN + 1 - columns, "");
	print_wrapped(out, row->help, HELP_COLUMN + 3);
}

void command_help(FILE *out, const struct command_row *row)
{
	fprintf(out, "usage: tick86 %s %s%s\n\n", row->name, row->options[0] ? "[options] " : "", row->words);
	print_wrapped(out, row->does, 0);
	if (row->options[0] && row->options[0]->name)
		fprintf(out, "\nOptions:\n");
	for (unsigned k = 0; k < OPTION_LISTS && row->options[k]; k++)
		for (const struct option_row *option = row->options[k]; !is_last(option); option++)
			option_help(out, option);
	if (row->notes)
		fprintf(out, "\n%s", row->notes);
	fprintf(out, "\nExit status:\n%s\nExample:\n  %s\n", row->statuses, row->example);
}
