/* Structures as JSON objects, each member a number under its name. Files of saved programs hold structures in this form, which does not
 * depend on their memory layout. */
#ifndef TICK86_EMU_TRACE_FIELDS_H
#define TICK86_EMU_TRACE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct field {
	const char *name;
	size_t offset;
	unsigned size, count; /* size of each element in bytes; number of elements */
	bool is_bool;
	bool is_late; /* files of earlier versions may lack it */
};

/* clang-format off */
#define FIELD_ROW(TYPE, MEMBER, NAME, LATE) \
	{ NAME, offsetof(TYPE, MEMBER), sizeof(((TYPE *)0)->MEMBER), 1, _Generic(((TYPE *)0)->MEMBER, bool: true, default: false), LATE }

#define FIELD_ARRAY_ROW(TYPE, MEMBER, NAME, LATE) \
	{ NAME, offsetof(TYPE, MEMBER), sizeof(((TYPE *)0)->MEMBER[0]), sizeof(((TYPE *)0)->MEMBER) / sizeof(((TYPE *)0)->MEMBER[0]), \
	  false, LATE }
/* clang-format on */
#define FIELD(TYPE, MEMBER) FIELD_ROW(TYPE, MEMBER, #MEMBER, false)
/* The file has another name for it: that of the member when files were first written. */
#define FIELD_AS(TYPE, MEMBER, NAME) FIELD_ROW(TYPE, MEMBER, #NAME, false)
#define FIELD_ARRAY(TYPE, MEMBER) FIELD_ARRAY_ROW(TYPE, MEMBER, #MEMBER, false)
#define FIELD_ARRAY_AS(TYPE, MEMBER, NAME) FIELD_ARRAY_ROW(TYPE, MEMBER, #NAME, false)
#define LATE_FIELD(TYPE, MEMBER) FIELD_ROW(TYPE, MEMBER, #MEMBER, true)
#define LATE_FIELD_ARRAY(TYPE, MEMBER) FIELD_ARRAY_ROW(TYPE, MEMBER, #MEMBER, true)
/* A member that is in no file, for the reason that is given beside it (tools/check-saved). */
#define TRANSIENT(TYPE, MEMBER) _Static_assert(sizeof(((TYPE *)0)->MEMBER) > 0, #MEMBER)
#define FIELDS_END                          \
	{                                   \
		NULL, 0, 0, 0, false, false \
	}

/* Returns `count` numbers of 64 bits as JSON's signed ones: a plain number if count is 1, otherwise an array, without the zeros at its
 * end. */
json_t *fields_array(uint64_t (*get)(const void *context, unsigned index), const void *context, unsigned count);

/* Returns an object with every field of the table. The caller owns it. */
json_t *fields_write(const struct field *table, const void *structure);
/* Sets every field of the structure; late fields that `object` lacks keep their values. Returns NULL, or the name of the first field
 * that is missing or does not fit. */
const char *fields_read(const struct field *table, const json_t *object, void *structure);

/* Gets element `index` of a value that fields_array made of `count` numbers. Returns false if the value has another form. */
bool fields_element(const json_t *value, unsigned count, unsigned index, uint64_t *element);

#endif
