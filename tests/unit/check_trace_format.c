/* The format of recordings: traces/FORMAT.md says what format.h does; records come back as they went; others are refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/trace/format.h"
#include "emu/trace/registers.h"
#include "tests/unit/suite.h"

/* --- traces/FORMAT.md --------------------------------------------------------------------------------- */

enum { COLUMNS = 5, LINE_MAX_BYTES = 1024 };

/* Splits a row of a table into its columns, without the blanks around them. Returns how many. */
static unsigned split(char *line, char *column[COLUMNS])
{
	unsigned columns = 0;

	for (char *at = strchr(line, '|'); at && columns < COLUMNS; columns++) {
		char *end = strchr(++at, '|');

		if (!end)
			break;
		*end = 0;
		while (*at == ' ')
			at++;
		for (char *last = end; last > at && last[-1] == ' ';)
			*--last = 0;
		column[columns] = at;
		at = end;
	}
	return columns;
}

/* The rows behind the line that begins with `head`, one to a call. */
static bool next_row(FILE *file, const char *head, bool *inside, char line[LINE_MAX_BYTES], char *column[COLUMNS], unsigned *columns)
{
	while (fgets(line, LINE_MAX_BYTES, file)) {
		if (!*inside) {
			*inside = !strncmp(line, head, strlen(head));
			continue;
		}
		if (!strncmp(line, "|---", 4))
			continue;
		if (*line != '|')
			return false;
		*columns = split(line, column);
		return true;
	}
	return false;
}

static void check_fields(const struct trace_kind_row *row, char *text)
{
	unsigned fields = 0;

	for (char *name = strtok(text, ", "); name; name = strtok(NULL, ", "), fields++) {
		size_t length = strcspn(name, "\xc2"); /* ± */

		ck_assert_msg(fields < row->fields, "%s has too many fields", row->name);
		ck_assert_uint_eq(length, strlen(row->field[fields]));
		ck_assert_mem_eq(name, row->field[fields], length);
		ck_assert_msg(!strcmp(name + length, "\xc2\xb1") == trace_field_signed(row->field[fields]), "%s: %s", row->name, name);
	}
	ck_assert_uint_eq(fields, row->fields);
}

START_TEST(table_of_kinds)
{
	FILE *file = fopen("traces/FORMAT.md", "r");
	char line[LINE_MAX_BYTES], *column[COLUMNS];
	unsigned kind = 0, columns;
	bool inside = false;

	ck_assert_ptr_nonnull(file);
	while (next_row(file, "| | kind |", &inside, line, column, &columns)) {
		kind++;
		ck_assert_uint_eq(columns, COLUMNS);
		ck_assert_uint_lt(kind, TRACE_KINDS);
		ck_assert_int_eq(atoi(column[0]), (int)kind);
		ck_assert_str_eq(column[1], trace_kinds[kind].name);
		ck_assert_msg((*column[3] != 0) == trace_kinds[kind].data, "%s: data", column[1]);
		check_fields(&trace_kinds[kind], column[2]);
	}
	ck_assert_uint_eq(kind, TRACE_KINDS - 1);
	fclose(file);
}
END_TEST

START_TEST(table_of_exits)
{
	FILE *file = fopen("traces/FORMAT.md", "r");
	char line[LINE_MAX_BYTES], *column[COLUMNS];
	unsigned exit = 0, columns;
	bool inside = false;

	ck_assert_ptr_nonnull(file);
	while (next_row(file, "| | exit |", &inside, line, column, &columns)) {
		ck_assert_uint_lt(exit, TRACE_EXITS);
		ck_assert_int_eq(atoi(column[0]), (int)exit);
		ck_assert_str_eq(column[1], trace_exit_names[exit++]);
	}
	ck_assert_uint_eq(exit, TRACE_EXITS);
	fclose(file);
}
END_TEST

START_TEST(table_of_registers)
{
	FILE *file = fopen("traces/FORMAT.md", "r");
	char line[LINE_MAX_BYTES], *column[COLUMNS];
	unsigned number = 0, columns;
	bool inside = false;

	ck_assert_ptr_nonnull(file);
	while (next_row(file, "| | register |", &inside, line, column, &columns)) {
		ck_assert_int_eq(atoi(column[0]), (int)number);
		for (char *name = strtok(column[1], " "); name; name = strtok(NULL, " ")) {
			ck_assert_uint_lt(number, TRACE_REGISTERS);
			ck_assert_str_eq(name, trace_register_names[number++]);
		}
	}
	ck_assert_uint_eq(number, TRACE_REGISTERS);
	fclose(file);
}
END_TEST

/* --- records ------------------------------------------------------------------------------------------ */

START_TEST(round_trip)
{
	static const uint64_t values[] = { 0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 1ULL << 35, INT64_MAX, UINT64_MAX };
	const struct trace_kind_row *row = &trace_kinds[_i];
	uint8_t bytes[1024];

	for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
		struct trace_record record = { .kind = (uint8_t)_i }, back;
		size_t size;

		for (unsigned k = 0; k < row->fields; k++)
			record.field[k] = values[(v + k) % (sizeof(values) / sizeof(values[0]))];
		record.data = row->data ? (const uint8_t *)"some data" : NULL;
		record.size = row->data ? v : 0;
		size = trace_encode(&record, bytes);
		ck_assert_uint_eq(size, trace_encoded_size(&record));
		ck_assert_uint_le(size, trace_encoded_max(record.size));
		ck_assert_uint_eq(trace_decode(bytes, size, &back), size);
		ck_assert_int_eq(back.kind, record.kind);
		ck_assert_mem_eq(back.field, record.field, sizeof(back.field));
		ck_assert_uint_eq(back.size, record.size);
		if (record.size)
			ck_assert_mem_eq(back.data, record.data, record.size);
		for (size_t cut = 0; cut < size; cut++)
			ck_assert_uint_eq(trace_decode(bytes, cut, &back), 0);
	}
}
END_TEST

START_TEST(refused)
{
	static const struct {
		uint8_t size, bytes[16];
	} wrong[] = {
		{ 1, { 0 } },
		{ 1, { TRACE_KINDS } },
		{ 1, { 0xff } },
		{ 12, { TRACE_PROCESS, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0 } },       /* 65 bits */
		{ 12, { TRACE_PROCESS, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0 } },       /* 11 bytes */
		{ 5, { TRACE_STATE, 4, 1, 2, 3 } },                                                             /* longer than what is left */
		{ 12, { TRACE_STATE, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0 } },
	};
	struct trace_record record;

	ck_assert_uint_eq(trace_decode(wrong[_i].bytes, wrong[_i].size, &record), 0);
}
END_TEST

START_TEST(statuses)
{
	static const struct {
		uint64_t status;
		bool possible;
	} cases[] = {
		{ 0, true }, { 0x300, true }, { 0xff00, true }, { 9, true }, { 11, true }, { 0x8b, true }, { 64, true },
		{ 0x10000, false }, { 0x7f, false }, { 0x137f, false }, { 0xffff, false }, { 65, false }, { 19, false }, { 17, false },
		{ 0x109, false }, { 1ULL << 32, false },
	};

	ck_assert_int_eq(trace_status_possible(cases[_i].status), cases[_i].possible);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("format");

	tcase_add_test(tests, table_of_kinds);
	tcase_add_test(tests, table_of_exits);
	tcase_add_test(tests, table_of_registers);
	tcase_add_loop_test(tests, round_trip, 1, TRACE_KINDS);
	tcase_add_loop_test(tests, refused, 0, 7);
	tcase_add_loop_test(tests, statuses, 0, 16);
	return run_suite("trace format", tests);
}
