/* Reads the values of options (numbers, pairs, words), and reports errors in them. */
#include "emu/option_values.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool option_fail(struct parse *parse, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parse->error, parse->error_size, format, args);
	va_end(args);
	return false;
}

bool value_read(const char *text, bool is_signed, uint64_t *value)
{
	char digits[64];
	size_t n = 0;
	char *end;

	for (; *text && n < sizeof(digits) - 1; text++)
		if (*text != '_')
			digits[n++] = *text;
	digits[n] = '\0';
	if (*text || !n || (digits[0] == '-' && !is_signed) || isspace((unsigned char)digits[0]))
		return false;
	errno = 0;
	*value = is_signed ? (uint64_t)strtoll(digits, &end, 0) : strtoull(digits, &end, 0);
	return !*end && !errno;
}

bool value_number(struct parse *parse, const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
	if (value_read(text, false, value) && *value >= low && *value <= high)
		return true;
	return option_fail(parse, "%s: '%s' is not a number from %" PRIu64 " to %" PRIu64, parse->option, text, low, high);
}

bool value_word(struct parse *parse, const char *text, const struct word *words, int *value)
{
	char allowed[256] = "";

	for (const struct word *word = words; word->name; word++) {
		if (!strcmp(text, word->name)) {
			*value = word->value;
			return true;
		}
		strncat(allowed, word->name, sizeof(allowed) - strlen(allowed) - 1);
		if (word[1].name)
			strncat(allowed, word[2].name ? ", " : " or ", sizeof(allowed) - strlen(allowed) - 1);
	}
	return option_fail(parse, "%s: '%s' is not %s", parse->option, text, allowed);
}

bool value_signed(struct parse *parse, const char *text, int64_t *value)
{
	uint64_t raw;

	if (!value_read(text, true, &raw))
		return option_fail(parse, "%s: '%s' is not a number from %" PRId64 " to %" PRId64, parse->option, text, INT64_MIN,
			INT64_MAX);
	*value = (int64_t)raw;
	return true;
}

bool value_pair(struct parse *parse, const char *text, int64_t *first, int64_t *second)
{
	const char *colon = strchr(text, ':');
	char left[32];

	if (!colon || (size_t)(colon - text) >= sizeof(left))
		return option_fail(parse, "%s: '%s' is not NUMBER:NUMBER", parse->option, text);
	memcpy(left, text, (size_t)(colon - text));
	left[colon - text] = '\0';
	return value_signed(parse, left, first) && value_signed(parse, colon + 1, second);
}
