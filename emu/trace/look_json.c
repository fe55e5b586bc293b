/* tick86 dump --json: an event as a JSON object. */
#include "emu/trace/look_json.h"

#include <stdlib.h>
#include <string.h>

/* json_object_set_new fails for a NULL value, which a failed allocation makes. */
static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	set(object, key, json_integer((json_int_t)value));
}

static void set_position(json_t *object, const struct look_position *at)
{
	set_number(object, "record", at->record);
	set_number(object, "event", at->event);
	set_number(object, "insns", at->insns);
	set_number(object, "process_insns", at->process_insns);
	set_number(object, "guest_ns", (uint64_t)at->guest_ns);
	set_number(object, "host_ns", (uint64_t)at->host_ns);
	set_number(object, "pid", (uint64_t)at->pid);
	set_number(object, "tid", (uint64_t)at->tid);
}

static json_t *hex(const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * size + 1);
	json_t *json;

	if (!text)
		return NULL;
	for (size_t k = 0; k < size; k++) {
		text[2 * k] = digits[bytes[k] >> 4];
		text[2 * k + 1] = digits[bytes[k] & 15];
	}
	json = json_stringn(text, 2 * size);
	free(text);
	return json;
}

static json_t *fields_of(const struct trace_record *record)
{
	const struct trace_kind_row *row = &trace_kinds[record->kind];
	json_t *fields = json_object();

	for (unsigned k = 0; k < row->fields; k++) {
		bool is_signed = trace_field_signed(row->field[k]);

		set_number(fields, row->field[k], is_signed ? (uint64_t)trace_unzigzag(record->field[k]) : record->field[k]);
	}
	if (row->data)
		set(fields, "data", hex(record->data, record->size));
	return fields;
}

static json_t *syscall_of(const struct look_event *event)
{
	const struct look_call *call = event->call;
	json_t *object = json_object(), *args = json_array();

	set_number(object, "number", call->number);
	set(object, "name", call->row ? json_string(call->row->name) : json_null());
	for (unsigned k = 0; k < 6; k++)
		json_array_append_new(args, json_integer((json_int_t)call->arg[k]));
	set(object, "args", args);
	if (event->phase == LOOK_UNFINISHED || call->result == SYSCALL_NO_RESULT)
		return object;
	set_number(object, "result", (uint64_t)call->result);
	if (call->result < 0 && call->result >= -4095 && strerrorname_np((int)-call->result))
		set(object, "errno", json_string(strerrorname_np((int)-call->result)));
	return object;
}

static json_t *changes_of(const struct look_call *call)
{
	json_t *object = json_object();

	for (unsigned k = 0; k < TRACE_REGISTERS; k++)
		if (call->registers.r[k] != call->after.r[k])
			set_number(object, trace_register_names[k], call->after.r[k]);
	return object;
}

json_t *look_json_text(const struct strace_line *line)
{
	json_t *text = json_stringn(line->text, line->length);
	char ascii[sizeof(line->text)];

	if (text)
		return text;
	for (size_t k = 0; k < line->length; k++)
		ascii[k] = (signed char)line->text[k] < 0 ? '?' : line->text[k];
	return json_stringn(ascii, line->length);
}

json_t *look_json(const struct look_event *event)
{
	static const char *const phases[] = { [LOOK_WHOLE] = "whole", [LOOK_UNFINISHED] = "unfinished", [LOOK_RESUMED] = "resumed" };
	struct strace_line line = { .length = 0 };
	json_t *object = json_object();

	set(object, "kind", json_string(look_word(look_number(event))));
	set_position(object, &event->at);
	if (event->record) {
		set(object, "fields", fields_of(event->record));
	} else if (event->exit == TRACE_EXIT_SYSCALL) {
		set(object, "phase", json_string(phases[event->phase]));
		set(object, "syscall", syscall_of(event));
		set_number(object, "end_guest_ns", (uint64_t)event->end.guest_ns);
		set_number(object, "end_host_ns", (uint64_t)event->end.host_ns);
	} else if (event->call) {
		set(object, "changes", changes_of(event->call));
	} else {
		set_number(object, "rip", event->rip);
	}
	look_put_event(&line, event);
	set(object, "text", look_json_text(&line));
	return object;
}
