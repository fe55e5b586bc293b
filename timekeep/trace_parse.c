/* Parses the lines of a trace into events. */
#include <string.h>

#include "timekeep/trace.h"

struct cursor {
	const char *at;
	const char *end;
};

struct word {
	const char *text;
	unsigned length;
};

/* --- messages ------------------------------------------------------------------------------------- */

/* Returns part of the line for a message: not too long, and without control characters. */
static const char *shown(struct word word, char buffer[48])
{
	unsigned length = word.length < 40 ? word.length : 40;

	for (unsigned i = 0; i < length; i++)
		buffer[i] = word.text[i] >= ' ' && word.text[i] <= '~' ? word.text[i] : '?';
	strcpy(buffer + length, word.length > 40 ? "..." : "");
	return buffer;
}

static int wrong(struct trace *trace, const char *format, struct word word)
{
	char buffer[48];

	return refuse(trace->error, sizeof(trace->error), format, shown(word, buffer));
}

static int not_a_key(struct trace *trace, const char *event, struct word word, uint64_t allowed, const char *what)
{
	char buffer[48];
	size_t used;

	refuse(trace->error, sizeof(trace->error), "%s has no %s '%s' (it has", event, what, shown(word, buffer));
	for (unsigned key = 0; key < KEYS; key++) {
		used = strlen(trace->error);
		if (allowed & BIT(key))
			snprintf(trace->error + used, sizeof(trace->error) - used, " %s", key_rows[key].name);
	}
	used = strlen(trace->error);
	snprintf(trace->error + used, sizeof(trace->error) - used, "%s)", allowed ? "" : " none");
	return -1;
}

static int not_a_word(struct trace *trace, unsigned key, struct word word)
{
	char buffer[48];
	size_t used;

	refuse(trace->error, sizeof(trace->error), "%s=%s: allowed are", key_rows[key].name, shown(word, buffer));
	for (unsigned i = 0; key_rows[key].words[i]; i++) {
		used = strlen(trace->error);
		snprintf(trace->error + used, sizeof(trace->error) - used, " %s", key_rows[key].words[i]);
	}
	if (key_rows[key].type == TYPE_WORD_OR_UNSIGNED)
		strncat(trace->error, " or a number", sizeof(trace->error) - strlen(trace->error) - 1);
	return -1;
}

/* --- names ---------------------------------------------------------------------------------------- */

enum { SLOTS = sizeof(((struct names *)0)->slot) / sizeof(((struct names *)0)->slot[0]) };

static unsigned hash(const char *text, unsigned length)
{
	unsigned sum = length;

	for (unsigned i = 0; i < length; i++)
		sum = sum * 31 + (unsigned char)text[i];
	return sum % SLOTS;
}

static void name_add(struct names *names, const char *name, unsigned number)
{
	unsigned slot = hash(name, (unsigned)strlen(name));

	while (names->slot[slot].name)
		slot = (slot + 1) % SLOTS;
	names->slot[slot].name = name;
	names->slot[slot].number = (int)number;
}

void names_fill(struct trace *trace)
{
	for (unsigned i = 0; i < KEYS; i++)
		name_add(&trace->keys, key_rows[i].name, i);
	for (unsigned i = 0; i < EVENTS; i++)
		name_add(&trace->events, event_rows[i].name, i);
}

static bool is_name(struct word word, const char *name)
{
	for (unsigned i = 0; i < word.length; i++)
		if (name[i] != word.text[i] || name[i] == '\0')
			return false;
	return name[word.length] == '\0';
}

/* Returns the name's number, or -1. */
static int name_find(const struct names *names, struct word word)
{
	for (unsigned slot = hash(word.text, word.length); names->slot[slot].name; slot = (slot + 1) % SLOTS)
		if (is_name(word, names->slot[slot].name))
			return names->slot[slot].number;
	return -1;
}

/* --- numbers -------------------------------------------------------------------------------------- */

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (unsigned)((c | 0x20) - 'a') + 10;
	return 16;
}

/* Parses digits with `_` between them. */
static bool parse_digits(struct cursor *cursor, unsigned base, uint64_t *number)
{
	const uint64_t most = UINT64_MAX / base;
	const char *start = cursor->at, *at = start;
	uint64_t sum = 0;
	unsigned digit;

	for (; at < cursor->end; at++) {
		if (*at == '_' && at > start && at + 1 < cursor->end && digit_value(at[1]) < base)
			at++;
		digit = digit_value(*at);
		if (digit >= base)
			break;
		if (sum > most || sum * base > UINT64_MAX - digit)
			return false;
		sum = sum * base + digit;
	}
	*number = sum;
	cursor->at = at;
	return at > start;
}

/* Parses a number; negative ones come as two's complement. */
static bool parse_number(struct cursor *cursor, uint64_t *number)
{
	bool negative = cursor->at < cursor->end && *cursor->at == '-';
	unsigned base = 10;

	if (negative)
		cursor->at++;
	if (cursor->end - cursor->at > 2 && cursor->at[0] == '0' && cursor->at[1] == 'x') {
		base = 16;
		cursor->at += 2;
	}
	if (!parse_digits(cursor, base, number))
		return false;
	if (negative && *number > UINT64_C(1) << 63)
		return false;
	*number = negative ? 0 - *number : *number;
	return true;
}

static bool parse_whole(struct word word, uint64_t *number)
{
	struct cursor cursor = { word.text, word.text + word.length };

	return parse_number(&cursor, number) && cursor.at == cursor.end;
}

static bool parse_fraction(struct word word, struct value *value)
{
	struct cursor cursor = { word.text, word.text + word.length };

	value->denominator = 1;
	if (!parse_digits(&cursor, 10, &value->number))
		return false;
	if (cursor.at < cursor.end && *cursor.at == '/') {
		cursor.at++;
		if (!parse_digits(&cursor, 10, &value->denominator))
			return false;
	}
	return cursor.at == cursor.end;
}

/* Parses CPU:OFFSET,CPU:OFFSET... into trace->table. */
int trace_parse_table(struct trace *trace, struct value text)
{
	struct cursor cursor = { text.text, text.text + text.length };
	uint64_t cpu, offset;

	memset(trace->table, 0, sizeof(trace->table));
	for (;;) {
		if (!parse_number(&cursor, &cpu) || cursor.at == cursor.end || *cursor.at++ != ':' || !parse_number(&cursor, &offset))
			return wrong(trace, "table=%s is not CPU:OFFSET,CPU:OFFSET...", (struct word){ text.text, text.length });
		if (cpu >= TK_MAX_HOST_CPUS)
			return wrong(trace, "table=%s: host CPUs are 0 to 1023", (struct word){ text.text, text.length });
		trace->table[cpu] = (int64_t)offset;
		if (cursor.at == cursor.end)
			return 0;
		if (*cursor.at++ != ',')
			return wrong(trace, "table=%s is not CPU:OFFSET,CPU:OFFSET...", (struct word){ text.text, text.length });
	}
}

/* --- values --------------------------------------------------------------------------------------- */

static bool parse_word(unsigned key, struct word word, struct value *value)
{
	for (unsigned i = 0; key_rows[key].words[i]; i++) {
		if (is_name(word, key_rows[key].words[i])) {
			value->number = i;
			value->is_word = true;
			return true;
		}
	}
	return false;
}

static int parse_value(struct trace *trace, unsigned key, struct word word, struct value *value)
{
	char message[64];

	value->text = word.text;
	value->length = word.length;
	value->is_word = false;
	switch (key_rows[key].type) {
	case TYPE_WORD: return parse_word(key, word, value) ? 0 : not_a_word(trace, key, word);
	case TYPE_WORD_OR_UNSIGNED:
		return parse_word(key, word, value) || parse_whole(word, &value->number) ? 0 : not_a_word(trace, key, word);
	case TYPE_UNSIGNED:
	case TYPE_SIGNED:
		if (parse_whole(word, &value->number))
			return 0;
		snprintf(message, sizeof(message), "%s=%%s is not an integer of 64 bits", key_rows[key].name);
		return wrong(trace, message, word);
	case TYPE_FRACTION:
		if (parse_fraction(word, value))
			return 0;
		snprintf(message, sizeof(message), "%s=%%s is not a fraction P/Q", key_rows[key].name);
		return wrong(trace, message, word);
	case TYPE_TABLE:
	case TYPE_LIST: return 0;
	}
	return -1;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

static struct word next_word(struct cursor *cursor)
{
	struct word word;

	while (cursor->at < cursor->end && is_space(*cursor->at))
		cursor->at++;
	word.text = cursor->at;
	while (cursor->at < cursor->end && !is_space(*cursor->at))
		cursor->at++;
	word.length = (unsigned)(cursor->at - word.text);
	return word;
}

static int parse_key(struct trace *trace, struct event *event, struct word word, bool expected)
{
	const struct event_row *row = &event_rows[event->kind];
	uint64_t allowed = expected ? row->results : row->keys;
	const char *equals = memchr(word.text, '=', word.length);
	struct word name = { word.text, equals ? (unsigned)(equals - word.text) : word.length };
	struct value *value;
	int key;

	if (!equals)
		return wrong(trace, "'%s' is not of the form key=value", word);
	key = name_find(&trace->keys, name);
	if (key < 0 || !(allowed & BIT(key)))
		return not_a_key(trace, row->name, name, allowed, expected ? "result" : "key");
	value = expected ? &event->expectation[key] : &event->value[key];
	if (expected) {
		for (unsigned i = 0; i < event->expectations; i++)
			if (event->expected[i] == key)
				return wrong(trace, "'%s' is expected twice", name);
		event->expected[event->expectations++] = (uint8_t)key;
	} else {
		if (event->given & BIT(key))
			return wrong(trace, "'%s' is given twice", name);
		event->given |= BIT(key);
	}
	return parse_value(trace, (unsigned)key, (struct word){ equals + 1, word.length - name.length - 1 }, value);
}

int trace_parse(struct trace *trace, char *text, size_t length, struct event *event)
{
	const char *comment = memchr(text, '#', length);
	struct cursor cursor = { text, comment ? comment : text + length };
	struct word word = next_word(&cursor);
	bool expected = false;
	int kind;

	if (!word.length)
		return 0;
	kind = name_find(&trace->events, word);
	if (kind < 0)
		return wrong(trace, "unknown event '%s'", word);
	event->kind = (enum event_kind)kind;
	event->given = 0;
	event->expectations = 0;
	for (word = next_word(&cursor); word.length; word = next_word(&cursor)) {
		if (is_name(word, "=>")) {
			if (expected)
				return wrong(trace, "a second '%s'", word);
			expected = true;
		} else if (parse_key(trace, event, word, expected)) {
			return -1;
		}
	}
	if (expected && !event->expectations)
		return wrong(trace, "'%s' without an expectation after it", (struct word){ "=>", 2 });
	return 1;
}
