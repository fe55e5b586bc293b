/* Rows of options, and functions that read values. */
#ifndef TICK86_EMU_OPTION_VALUES_H
#define TICK86_EMU_OPTION_VALUES_H

#include "emu/options.h"

struct parse {
	struct options *options;
	enum command command;
	const char *option; /* the option as typed, for messages */
	char *error;
	size_t error_size;
};

enum value { VALUE_NONE, VALUE_OPTIONAL, VALUE_NEEDED };

/* A row. Without a name it is a heading, in `shown`, for the rows that follow. A list ends with a row of NULLs. */
struct option_row {
	const char *name; /* a long option has its value after =, a one-letter option as the next word or directly after the letter */
	enum value value;
	const char *shown; /* the value's description for --help */
	bool (*set)(struct parse *parse, const char *text);
	const char *help; /* one line */
};

extern const struct option_row clock_option_rows[];                       /* options_clock.c */
extern const struct option_row save_option_rows[], restore_option_rows[]; /* options_save.c */

/* Keeps an error and returns false, for `return option_fail(...)`. So do the readers below for wrong values. */
bool option_fail(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads a number: decimal, octal with 0, hexadecimal with 0x, with _ between digits, and a sign if `is_signed`. No message. */
bool value_read(const char *text, bool is_signed, uint64_t *value);

/* Read a number from `low` to `high`; a signed number. */
bool value_number(struct parse *parse, const char *text, uint64_t low, uint64_t high, uint64_t *value);
bool value_signed(struct parse *parse, const char *text, int64_t *value);
/* Reads "A:B". */
bool value_pair(struct parse *parse, const char *text, int64_t *first, int64_t *second);

struct word {
	const char *name;
	int value;
};

/* Reads one of the words; a NULL name ends the list. */
bool value_word(struct parse *parse, const char *text, const struct word *words, int *value);

#endif
