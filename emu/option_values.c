/* Reads the values of options (numbers, units, pairs, words), and reports errors in them. */
#include "emu/option_values.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* --- units ---------------------------------------------------------------------------------------------- */

struct unit {
	const char *name;
	uint64_t factor;
};

/* Reads a decimal number with a fraction, times the factor of the unit that follows it; the row without a name is for no unit. Digits behind
 * what the factor can tell are an error. */
static bool read_unit(const char *text, const struct unit *units, uint64_t *value)
{
	unsigned __int128 whole = 0, part = 0, scale = 1, sum;
	const char *at = text;

	for (; isdigit((unsigned char)*at) || (*at == '_' && at > text); at++)
		if (*at != '_' && (whole = whole * 10 + (unsigned)(*at - '0')) > UINT64_MAX)
			return false;
	if (at == text)
		return false;
	if (*at == '.') {
		for (at++; isdigit((unsigned char)*at) && scale < 1000000000000000000; at++, scale *= 10)
			part = part * 10 + (unsigned)(*at - '0');
		if (scale == 1 || isdigit((unsigned char)*at))
			return false;
	}
	while (units->name && strcmp(at, units->name) != 0)
		units++;
	if (!units->name || part * units->factor % scale)
		return false;
	sum = whole * units->factor + part * units->factor / scale;
	*value = (uint64_t)sum;
	return sum <= UINT64_MAX;
}

#define SECONDS(N) (N * UINT64_C(1000000000))

static const struct unit spans[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", SECONDS(1) }, { "m", SECONDS(60) },
	{ "min", SECONDS(60) }, { "h", SECONDS(3600) }, { "d", SECONDS(86400) }, { "w", SECONDS(604800) }, { "y", SECONDS(31536000) },
	{ "", 1 }, { NULL, 0 } };

bool value_read_span(const char *text, bool needs_unit, int64_t *ns)
{
	bool negative = *text == '-';
	uint64_t value;

	text += *text == '-' || *text == '+';
	if (needs_unit && !text[strspn(text, "0123456789_")])
		return false;
	if (!read_unit(text, spans, &value) || value > (uint64_t)INT64_MAX + negative)
		return false;
	*ns = (int64_t)(negative ? -value : value);
	return true;
}

bool value_span(struct parse *parse, const char *text, int64_t *ns)
{
	uint64_t raw;

	if (value_read_span(text, false, ns))
		return true;
	if (value_read(text, true, &raw)) { /* hexadecimal */
		*ns = (int64_t)raw;
		return true;
	}
	return option_fail(parse,
		"%s: '%s' is no time within 292 years: a number of ns, or with a unit such as 250ms, 1.5s, -10m, 1h, 2d, 16y",
		parse->option, text);
}

/* Splits "A:B" in a copy of A and B. */
static bool split(struct parse *parse, const char *text, char *left, size_t size, const char **right)
{
	const char *colon = strchr(text, ':');

	if (!colon || (size_t)(colon - text) >= size)
		return option_fail(parse, "%s: '%s' is not TIME:TIME", parse->option, text);
	snprintf(left, size, "%.*s", (int)(colon - text), text);
	*right = colon + 1;
	return true;
}

bool value_spans(struct parse *parse, const char *text, int64_t *first, int64_t *second)
{
	const char *right = NULL;
	char left[32];

	return split(parse, text, left, sizeof(left), &right) && value_span(parse, left, first) && value_span(parse, right, second);
}

bool value_khz(struct parse *parse, const char *text, uint64_t high, uint64_t *khz)
{
	static const struct unit units[] = { { "", 1 }, { "kHz", 1 }, { "khz", 1 }, { "MHz", 1000 }, { "mhz", 1000 }, { "GHz", 1000000 },
		{ "ghz", 1000000 }, { NULL, 0 } };

	if ((read_unit(text, units, khz) || value_read(text, false, khz)) && *khz >= 1 && *khz <= high)
		return true;
	return option_fail(parse, "%s: '%s' is not a number from 1 to %" PRIu64 " in kHz, also with kHz, MHz or GHz", parse->option, text,
		high);
}

bool value_size(struct parse *parse, const char *text, uint64_t low, uint64_t high, uint64_t *bytes)
{
	static const struct unit units[] = { { "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 }, { NULL, 0 } };

	if ((read_unit(text, units, bytes) || value_read(text, false, bytes)) && *bytes >= low && *bytes <= high)
		return true;
	return option_fail(parse, "%s: '%s' is not a number from %" PRIu64 " to %" PRIu64 ", also with K, M or G", parse->option, text, low,
		high);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

bool value_fraction(struct parse *parse, const char *text, uint64_t most, uint64_t *num, uint64_t *den)
{
	enum { DECIMALS = 1000000000 };
	static const struct unit billionths[] = { { "", DECIMALS }, { NULL, 0 } };
	const char *slash = strchr(text, '/');
	char first[32];
	uint64_t divisor, raw;

	*den = 1;
	if (slash && (size_t)(slash - text) < sizeof(first)) {
		snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
		return value_number(parse, first, 1, most, num) && value_number(parse, slash + 1, 1, most, den);
	}
	if (!strchr(text, '.'))
		return value_number(parse, text, 1, most, num);
	if (!read_unit(text, billionths, &raw) || !raw)
		return option_fail(parse, "%s: '%s' is not a number above 0, or a fraction", parse->option, text);
	divisor = common_divisor(raw, DECIMALS);
	*num = raw / divisor;
	*den = DECIMALS / divisor;
	if (*num <= most && *den <= most)
		return true;
	return option_fail(parse, "%s: '%s' is %" PRIu64 "/%" PRIu64 ", and neither may be over %" PRIu64, parse->option, text, *num, *den,
		most);
}
