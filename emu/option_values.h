/* What the options' files share: a row for each option, and reading values. */
#ifndef TICK86_EMU_OPTION_VALUES_H
#define TICK86_EMU_OPTION_VALUES_H

#include "emu/options.h"

struct parse {
	struct options *options;
	enum command command;
	const char *option; /* as it was typed, for messages */
	char *error;
	size_t error_size;
};

enum value { VALUE_NONE, VALUE_OPTIONAL, VALUE_NEEDED };

/* An option; without a name: the heading, in `shown`, of the rows that follow. A list ends with a row of NULLs. */
struct option_row {
	const char *name;  /* long ones take their value behind =, one-letter ones as the next word or glued on */
	enum value value;
	const char *shown; /* the value, for --help */
	bool (*set)(struct parse *parse, const char *text);
	const char *help;  /* one line */
};

extern const struct option_row clock_option_rows[]; /* options_clock.c */
extern const struct option_row save_option_rows[], restore_option_rows[]; /* options_save.c */

/* Keeps the sentence and returns false, for `return option_fail(...)`. The readers below do so for wrong values. */
bool option_fail(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A number: decimal, octal with 0, hexadecimal with 0x, with _ between digits, and a sign if `is_signed`. No message. */
bool value_read(const char *text, bool is_signed, uint64_t *value);

/* A number from `low` to `high`; one with a sign. */
bool value_number(struct parse *parse, const char *text, uint64_t low, uint64_t high, uint64_t *value);
bool value_signed(struct parse *parse, const char *text, int64_t *value);
/* "A:B". */
bool value_pair(struct parse *parse, const char *text, int64_t *first, int64_t *second);

struct word {
	const char *name;
	int value;
};

/* One of the words, which end with a NULL name. */
bool value_word(struct parse *parse, const char *text, const struct word *words, int *value);

#endif
