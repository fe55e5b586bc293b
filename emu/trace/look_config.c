/* The CONFIG record in words. */
#include <jansson.h>
#include <string.h>

#include "emu/trace/look.h"

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

void look_put_config(struct strace_line *line, const struct trace_record *record)
{
	static const char *const shown[] = { "clock", "cpu", "cpus", "seed", "directory", "tick86" };
	json_t *config = json_loadb((const char *)record->data, record->size, 0, NULL), *word;
	size_t k;

	strace_put(line, "recording of [");
	json_array_foreach(json_object_get(config, "argv"), k, word) {
		strace_put(line, k ? ", " : "");
		put_text(line, word);
	}
	strace_put(line, "]");
	for (k = 0; k < sizeof(shown) / sizeof(shown[0]); k++)
		put_member(line, config, shown[k]);
	json_decref(config);
}
