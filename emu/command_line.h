/* Commands and their options as rows: one parser, one help, one form of message for all of them. */
#ifndef TICK86_EMU_COMMAND_LINE_H
#define TICK86_EMU_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct options;
struct command_row;

/* Status of a command line that cannot be understood. */
enum { COMMAND_LINE_WRONG = 2 };

struct parse {
	const struct command_row *command;
	struct options *options; /* run, record, restore: the options of a run */
	void *into;              /* other commands: what their rows set */
	const char *option;      /* the option as typed, for messages */
	char error[512];         /* one sentence: what is wrong and what is allowed */
};

enum value { VALUE_NONE, VALUE_OPTIONAL, VALUE_NEEDED };

/* A row. Without a name it is a heading, in `shown`, for the rows that follow. A list ends with a row of NULLs. */
struct option_row {
	const char *name; /* a long option has its value after =, a one-letter option as the next word or directly after the letter */
	enum value value;
	const char *shown; /* the value's description for help */
	bool (*set)(struct parse *parse, const char *text);
	const char *help; /* one line */
	bool often;       /* `tick86 help` shows it among the most used */
};

#define OPTION(NAME, VALUE, SHOWN, SET, ...)                                                  \
	{                                                                                     \
		.name = NAME, .value = VALUE, .shown = SHOWN, .set = SET, .help = __VA_ARGS__ \
	}
#define OPTION_HEADING(TEXT)  \
	{                     \
		.shown = TEXT \
	}
#define OPTION_END           \
	{                    \
		.name = NULL \
	}

enum { OPTION_LISTS = 6 };

struct command_row {
	const char *name;                               /* one word, or two: "clock plot" */
	const char *words;                              /* behind the options, as in "[--] PROGRAM [ARG...]" */
	const char *does;                               /* one line */
	const struct option_row *options[OPTION_LISTS]; /* NULL: no more */
	const char *refuses;                            /* why it does not take the options of other commands; NULL: no special reason */
	const char *notes;                              /* further lines of its help, each ended; or NULL */
	const char *statuses;                           /* exit statuses: lines, each ended */
	const char *example;                            /* a command line */
	unsigned least, most;                           /* number of words that command_read accepts */
	bool runs;                                      /* options of a run may stand before its name */
	/* argv[0] is the command's name (its last word). Returns the exit status. */
	int (*run)(char **argv);
};

/* All commands, in the order in which help shows them; NULL ends them. commands.c */
extern const struct command_row *const command_rows[];

/* Keeps an error and returns false, for `return option_fail(...)`. */
bool option_fail(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For rows of a command whose `into` is a const char *: keeps the text there. */
bool option_keep(struct parse *parse, const char *text);

/* Takes the option at *argv, with its value if that is the next word, and moves *argv on. Returns false after option_fail(). */
bool option_take(struct parse *parse, char ***argv);
/* Moves *argv behind one option of a run and its value without taking it. Returns false if there is no such option. */
bool option_skip(const struct command_row *command, char ***argv);

/* Reads the options and words behind argv[0], in any order; behind "--" there are words only. `word` has room for row->most + 1 words
 * and is ended by NULL. Returns false if there is nothing to do, because help was asked for or after one line about the error; `status` is then the
 * exit status. */
bool command_read(const struct command_row *row, char **argv, void *into, char **word, int *status);

/* Prints one line on standard error, "tick86: COMMAND: ...; tick86 help COMMAND tells more", and returns COMMAND_LINE_WRONG. */
int command_wrong(const struct command_row *row, const char *error);

/* Is `word` "--help" or "-h"? */
bool is_help(const char *word);
/* Prints all about one command: usage, options, exit statuses, an example. */
void command_help(FILE *out, const struct command_row *row);
/* Prints a row of help. */
void option_help(FILE *out, const struct option_row *row);

/* Return the name that a slip of the finger or two would have made into `word`; NULL if none is near. */
const char *nearest_option(const struct command_row *row, const char *word);
const char *nearest_command(const char *word);

#endif
