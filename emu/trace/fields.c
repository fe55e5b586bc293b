/* Writes structures as JSON objects of numbers, and reads them. */
#include "emu/trace/fields.h"

#include <string.h>

json_t *fields_array(uint64_t (*get)(const void *context, unsigned index), const void *context, unsigned count)
{
	json_t *array;

	if (count == 1)
		return json_integer((json_int_t)get(context, 0));
	while (count > 0 && get(context, count - 1) == 0)
		count--;
	array = json_array();
	for (unsigned index = 0; index < count; index++)
		json_array_append_new(array, json_integer((json_int_t)get(context, index)));
	return array;
}

bool fields_element(const json_t *value, unsigned count, unsigned index, uint64_t *element)
{
	if (count > 1) {
		if (!json_is_array(value) || json_array_size(value) > count)
			return false;
		if (index >= json_array_size(value)) {
			*element = 0;
			return true;
		}
		value = json_array_get(value, index);
	}
	*element = (uint64_t)json_integer_value(value);
	return json_is_integer(value);
}

struct place {
	const struct field *field;
	const char *structure;
};

static uint64_t get_element(const void *context, unsigned index)
{
	const struct place *place = context;
	uint64_t value = 0;

	memcpy(&value, place->structure + place->field->offset + index * place->field->size, place->field->size);
	return value;
}

json_t *fields_write(const struct field *table, const void *structure)
{
	json_t *object = json_object();

	for (const struct field *field = table; field->name; field++)
		json_object_set_new(object, field->name, fields_array(get_element, &(struct place){ field, structure }, field->count));
	return object;
}

static bool fits(const struct field *field, uint64_t element)
{
	return field->is_bool ? element <= 1 : field->size == sizeof(element) || !(element >> 8 * field->size);
}

static bool read_field(const struct field *field, const json_t *value, char *structure)
{
	uint64_t element;

	for (unsigned index = 0; index < field->count; index++) {
		if (!fields_element(value, field->count, index, &element) || !fits(field, element))
			return false;
		memcpy(structure + field->offset + index * field->size, &element, field->size);
	}
	return true;
}

const char *fields_read(const struct field *table, const json_t *object, void *structure)
{
	for (const struct field *field = table; field->name; field++) {
		const json_t *value = json_object_get(object, field->name);

		if (!(field->is_late && !value) && !read_field(field, value, structure))
			return field->name;
	}
	return NULL;
}
