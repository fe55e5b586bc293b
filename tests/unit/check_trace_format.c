/* The format of recordings: traces/FORMAT.md agrees with format.h; records are decoded as they were encoded; invalid ones are refused. */
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

/* Checks each row after the line that begins with `head`. Returns their number. */
static unsigned each_row(const char *head, void (*check)(unsigned row, char *column[COLUMNS]))
{
	FILE *file = fopen("traces/FORMAT.md", "r");
	char line[LINE_MAX_BYTES], *column[COLUMNS] = { NULL };
	bool inside = false;
	unsigned rows = 0;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) && (!inside || *line == '|')) {
		if (!inside) {
			inside = !strncmp(line, head, strlen(head));
		} else if (strncmp(line, "|---", 4) != 0) {
			ck_assert_uint_ge(split(line, column), 2);
			check(rows++, column);
		}
	}
	fclose(file);
	return rows;
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

static void check_kind(unsigned row, char *column[COLUMNS])
{
	unsigned kind = row + 1;

	ck_assert_ptr_nonnull(column[COLUMNS - 1]);
	ck_assert_uint_lt(kind, TRACE_KINDS);
	ck_assert_int_eq(atoi(column[0]), (int)kind);
	ck_assert_str_eq(column[1], trace_kinds[kind].name);
	ck_assert_msg((*column[3] != 0) == trace_kinds[kind].data, "%s: data", column[1]);
	check_fields(&trace_kinds[kind], column[2]);
}

START_TEST(table_of_kinds)
{
	ck_assert_uint_eq(each_row("| | kind |", check_kind), TRACE_KINDS - 1);
}
END_TEST

static void check_exit(unsigned exit, char *column[COLUMNS])
{
	ck_assert_uint_lt(exit, TRACE_EXITS);
	ck_assert_int_eq(atoi(column[0]), (int)exit);
	ck_assert_str_eq(column[1], trace_exit_names[exit]);
}

START_TEST(table_of_exits)
{
	ck_assert_uint_eq(each_row("| | exit |", check_exit), TRACE_EXITS);
}
END_TEST

static unsigned registers;

static void check_registers(unsigned row, char *column[COLUMNS])
{
	(void)row;
	ck_assert_int_eq(atoi(column[0]), (int)registers);
	for (char *name = strtok(column[1], " "); name; name = strtok(NULL, " ")) {
		ck_assert_uint_lt(registers, TRACE_REGISTERS);
		ck_assert_str_eq(name, trace_register_names[registers++]);
	}
}

START_TEST(table_of_registers)
{
	each_row("| | register |", check_registers);
	ck_assert_uint_eq(registers, TRACE_REGISTERS);
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
		{ 12, { TRACE_PROCESS, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 0 } }, /* 65 bits */
		{ 12, { TRACE_PROCESS, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0 } }, /* 11 bytes */
		{ 5, { TRACE_STATE, 4, 1, 2, 3 } },                                                       /* longer than what is left */
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
		{ 0, true },
		{ 0x300, true },
		{ 0xff00, true },
		{ 9, true },
		{ 11, true },
		{ 0x8b, true },
		{ 64, true },
		{ 0x10000, false },
		{ 0x7f, false },
		{ 0x137f, false },
		{ 0xffff, false },
		{ 65, false },
		{ 19, false },
		{ 17, false },
		{ 0x109, false },
		{ 1ULL << 32, false },
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
