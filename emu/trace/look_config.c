/* Prints the CONFIG record. */
#include <jansson.h>
#include <string.h>

#include "emu/trace/look.h"

static json_t *parse(const struct trace_record *record)
{
	return json_loadb((const char *)record->data, record->size, 0, NULL);
}

static void put_text(struct strace_line *line, const json_t *json)
{
	const char *text = json_string_value(json);

	strace_put_quoted(line, (const uint8_t *)(text ? text : "?"), text ? strlen(text) : 1, false);
}

static void put_member(struct strace_line *line, const json_t *config, const char *key)
{
	const json_t *value = json_object_get(config, key);

	if (!value)
		return;
	strace_put(line, ", %s ", key);
	if (json_is_integer(value))
		strace_put(line, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		put_text(line, value);
}

static void put_saved(struct strace_line *line, const json_t *config)
{
	strace_put(line, "saved program ");
	put_text(line, json_object_get(config, "program"));
	put_member(line, config, "insns");
}

static void put_words(struct strace_line *line, const json_t *words)
{
	const json_t *word;
	size_t k;

	strace_put(line, "recording of [");
	json_array_foreach(words, k, word)
	{
		strace_put(line, k ? ", " : "");
		put_text(line, word);
	}
	strace_put(line, "]");
}

void look_put_config(struct strace_line *line, const struct trace_record *record)
{
	static const char *const shown[] = { "clock", "cpu", "cpus", "seed", "directory", "tick86" };
	json_t *config = parse(record);

	if (json_object_get(config, "kind"))
		put_saved(line, config);
	else
		put_words(line, json_object_get(config, "argv"));
	for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++)
		put_member(line, config, shown[k]);
	json_decref(config);
}

/* Prints the members of `a` that `b` lacks or has with another value; with `missing`, only those that it lacks. */
static void put_differences(struct strace_line *line, json_t *a, json_t *b, bool missing)
{
	const char *key;
	json_t *value;

	json_object_foreach(a, key, value)
	{
		const json_t *other = json_object_get(b, key);

		if (missing ? !other : !json_equal(value, other))
			strace_put(line, " %s", key);
	}
}

void look_put_config_differences(struct strace_line *line, const struct trace_record *a, const struct trace_record *b)
{
	json_t *config[2] = { parse(a), parse(b) };

	put_differences(line, config[0], config[1], false);
	put_differences(line, config[1], config[0], true);
	json_decref(config[0]);
	json_decref(config[1]);
}
