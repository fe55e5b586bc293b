/* Encodes and decodes records: kinds, fields, bytes. */
#include "emu/trace/format.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <xxhash.h>

#define COUNT(...) (sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))
#define ROW(NAME, WORD, DATA, ...) [TRACE_##NAME] = { WORD, DATA, COUNT(__VA_ARGS__), { __VA_ARGS__ } },
const struct trace_kind_row trace_kinds[TRACE_KINDS] = { TRACE_KIND_LIST(ROW) };
#undef ROW

enum { NUMBER_MAX = 10 };

#define EXIT(NAME, WORD) [TRACE_EXIT_##NAME] = WORD,
const char *const trace_exit_names[TRACE_EXITS] = { TRACE_EXIT_LIST(EXIT) };
#undef EXIT

bool trace_field_signed(const char *name)
{
	return !strcmp(name, "guest_ns") || !strcmp(name, "host_ns") || !strcmp(name, "code") || !strcmp(name, "result");
}

bool trace_status_possible(uint64_t status)
{
	int number = WTERMSIG((int)status);

	if (status > 0xffff || WIFSTOPPED((int)status) || number >= NSIG)
		return false;
	if (number == 0)
		return !WCOREDUMP((int)status);
	return status <= 0xff && number != SIGSTOP && number != SIGTSTP && number != SIGTTIN && number != SIGTTOU && number != SIGCHLD
		&& number != SIGCONT && number != SIGURG && number != SIGWINCH;
}

size_t trace_encoded_max(size_t size)
{
	return 1 + (TRACE_FIELDS_MAX + 1) * NUMBER_MAX + size;
}

size_t trace_put_number(uint8_t *to, uint64_t value)
{
	size_t n = 0;

	for (; value > 0x7f; value >>= 7)
		to[n++] = (uint8_t)(value | 0x80);
	to[n++] = (uint8_t)value;
	return n;
}

size_t trace_get_number(const uint8_t *from, size_t size, uint64_t *value)
{
	*value = 0;
	for (size_t n = 0; n < size && n < NUMBER_MAX; n++) {
		*value |= (uint64_t)(from[n] & 0x7f) << (7 * n);
		if (!(from[n] & 0x80))
			return n == NUMBER_MAX - 1 && from[n] > 1 ? 0 : n + 1;
	}
	return 0;
}

static size_t number_size(uint64_t value)
{
	size_t n = 1;

	for (; value > 0x7f; value >>= 7)
		n++;
	return n;
}

size_t trace_encoded_size(const struct trace_record *record)
{
	const struct trace_kind_row *row = &trace_kinds[record->kind];
	size_t n = 1;

	for (unsigned i = 0; i < row->fields; i++)
		n += number_size(record->field[i]);
	return row->data ? n + number_size(record->size) + record->size : n;
}

size_t trace_encode(const struct trace_record *record, uint8_t *to)
{
	const struct trace_kind_row *row = &trace_kinds[record->kind];
	size_t n = 0;

	to[n++] = record->kind;
	for (unsigned i = 0; i < row->fields; i++)
		n += trace_put_number(to + n, record->field[i]);
	if (!row->data)
		return n;
	n += trace_put_number(to + n, record->size);
	if (record->size)
		memcpy(to + n, record->data, record->size);
	return n + record->size;
}

size_t trace_decode(const uint8_t *from, size_t size, struct trace_record *record)
{
	const struct trace_kind_row *row;
	size_t n = 1, taken;
	uint64_t length;

	if (size == 0 || from[0] == TRACE_NONE || from[0] >= TRACE_KINDS)
		return 0;
	*record = (struct trace_record){ .kind = from[0] };
	row = &trace_kinds[record->kind];
	for (unsigned i = 0; i < row->fields; i++) {
		taken = trace_get_number(from + n, size - n, &record->field[i]);
		if (!taken)
			return 0;
		n += taken;
	}
	if (!row->data)
		return n;
	taken = trace_get_number(from + n, size - n, &length);
	n += taken;
	if (!taken || length > TRACE_DATA_MAX || length > size - n)
		return 0;
	record->data = from + n;
	record->size = length;
	return n + length;
}

uint64_t trace_checksum(const struct trace_frame *frame, const uint8_t *packed)
{
	return XXH64(packed, frame->packed_size, XXH64(frame, offsetof(struct trace_frame, checksum), 0));
}
