/* Reads the values of options. Each reader returns false after option_fail() for a wrong value, and says what is allowed. */
#ifndef TICK86_EMU_OPTION_VALUES_H
#define TICK86_EMU_OPTION_VALUES_H

#include <stdint.h>

#include "emu/command_line.h"

/* Reads a number: decimal, octal with 0, hexadecimal with 0x, with _ between digits, and a sign if `is_signed`. No message. */
bool value_read(const char *text, bool is_signed, uint64_t *value);

/* Read a number from `low` to `high`; a signed number. */
bool value_number(struct parse *parse, const char *text, uint64_t low, uint64_t high, uint64_t *value);
bool value_signed(struct parse *parse, const char *text, int64_t *value);
/* Reads "A:B". */
bool value_pair(struct parse *parse, const char *text, int64_t *first, int64_t *second);

/* Reads a span of time in ns: a number with a fraction and a unit (ns, us, ms, s, m, h, d, w, y of 365 days), such as -1.5s; without a unit it is
 * in ns. The second form has no message. */
bool value_span(struct parse *parse, const char *text, int64_t *ns);
bool value_read_span(const char *text, bool needs_unit, int64_t *ns);
/* Reads "A:B", both spans of time. */
bool value_spans(struct parse *parse, const char *text, int64_t *first, int64_t *second);
/* Reads a frequency in kHz: 2100000, 2100000kHz, 2.1GHz, 500MHz. */
bool value_khz(struct parse *parse, const char *text, uint64_t high, uint64_t *khz);
/* Reads a number of bytes, also with K, M or G (powers of 1024). */
bool value_size(struct parse *parse, const char *text, uint64_t low, uint64_t high, uint64_t *bytes);
/* Reads the fraction "P/Q", "P" or a decimal number, both parts from 1 to `most`, in lowest terms for decimals. */
bool value_fraction(struct parse *parse, const char *text, uint64_t most, uint64_t *num, uint64_t *den);

struct word {
	const char *name;
	int value;
};

/* Reads one of the words; a NULL name ends the list. */
bool value_word(struct parse *parse, const char *text, const struct word *words, int *value);

#endif
