/* The numbers of a structure by name, as JSON: what files hold of structures whose layout is nobody's business. */
#ifndef TICK86_EMU_TRACE_FIELDS_H
#define TICK86_EMU_TRACE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct field {
	const char *name;
	size_t offset;
	unsigned size, count; /* of each element; elements */
	bool is_bool;
	bool is_late;         /* files of earlier versions do not have it */
};

#define FIELD_ROW(TYPE, MEMBER, LATE) \
	{ #MEMBER, offsetof(TYPE, MEMBER), sizeof(((TYPE *)0)->MEMBER), 1, _Generic(((TYPE *)0)->MEMBER, bool: true, default: false), LATE }
#define FIELD_ARRAY_ROW(TYPE, MEMBER, LATE) \
	{ #MEMBER, offsetof(TYPE, MEMBER), sizeof(((TYPE *)0)->MEMBER[0]), sizeof(((TYPE *)0)->MEMBER) / sizeof(((TYPE *)0)->MEMBER[0]), \
	  false, LATE }
#define FIELD(TYPE, MEMBER) FIELD_ROW(TYPE, MEMBER, false)
#define FIELD_ARRAY(TYPE, MEMBER) FIELD_ARRAY_ROW(TYPE, MEMBER, false)
#define LATE_FIELD(TYPE, MEMBER) FIELD_ROW(TYPE, MEMBER, true)
#define LATE_FIELD_ARRAY(TYPE, MEMBER) FIELD_ARRAY_ROW(TYPE, MEMBER, true)
#define FIELDS_END { NULL, 0, 0, 0, false, false }

/* A number of 64 bits as JSON's signed ones; more than one as an array, without the zeros at its end. */
json_t *fields_array(uint64_t (*get)(const void *context, unsigned index), const void *context, unsigned count);

/* An object with every field of the table. Owned by the caller. */
json_t *fields_write(const struct field *table, const void *structure);
/* Sets every field, but leaves a late one alone that `object` does not have. NULL, or the name of the first that is missing otherwise, or
 * does not fit. */
const char *fields_read(const struct field *table, const json_t *object, void *structure);

/* The element `index` of what fields_array has made of `count`. False: it is no such thing. */
bool fields_element(const json_t *value, unsigned count, unsigned index, uint64_t *element);

#endif
