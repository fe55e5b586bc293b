/* A replay that differs from its recording reports it at the right place. The recordings are real ones with one record changed. */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/trace/reader.h"
#include "emu/trace/registers.h"
#include "emu/trace/writer.h"
#include "tests/unit/suite.h"

static char tick86[PATH_MAX], work[] = "/tmp/check_divergence.XXXXXX";
static struct trace_reader reader;
static struct trace_writer writer;

/* Runs the command in the directory `work`. Its output goes to `output`. Returns its exit status. */
static int run(char *output, size_t size, const char *format, const char *argument)
{
	char command[3 * PATH_MAX], line[PATH_MAX];
	size_t used;
	FILE *pipe;

	snprintf(line, sizeof(line), format, argument);
	snprintf(command, sizeof(command), "cd %s && exec 2>&1 %s %s", work, tick86, line);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	used = fread(output, 1, size - 1, pipe);
	output[used] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static const char *path_of(const char *name)
{
	static char path[2][PATH_MAX];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", work, name);
	return path[turn];
}

/* Copies the recording. `change` sees each record of the kind, and may change it, also its data in place; it returns true if it did. */
static void rewrite(enum trace_kind kind, bool (*change)(struct trace_record *record))
{
	struct trace_record record;
	unsigned long last = 0, number = 0;
	uint8_t data[TRACE_DATA_MAX];
	char error[128];

	for (int pass = 0; pass < 2; pass++, number = 0) {
		ck_assert_msg(trace_reader_open(&reader, path_of("honest.t86"), error, sizeof(error)), "%s", error);
		if (pass == 1) {
			memset(&writer, 0, sizeof(writer));
			ck_assert_int_eq(trace_writer_begin(&writer, open(path_of("changed.t86"), O_WRONLY | O_CREAT | O_TRUNC, 0600)), 0);
		}
		while (trace_next(&reader, &record)) {
			number++;
			if (record.size)
				memcpy(data, record.data, record.size);
			record.data = data;
			if (record.kind == kind && (pass == 0 || number == last) && change(&record))
				last = number;
			if (pass == 1)
				trace_append(&writer, &record);
		}
		ck_assert_int_eq(reader.status, TRACE_AT_END);
		ck_assert_uint_gt(last, 0);
	}
	trace_flush(&writer, 0);
	ck_assert_int_eq(writer.error, 0);
	close(writer.fd);
}

/* The program computes for a while, so that there is a check between events, then reads a file and prints its checksum. */
static void record_program(void)
{
	char output[4096];
	FILE *input = fopen(path_of("input"), "w");

	for (int k = 0; k < 500; k++)
		fprintf(input, "line %d\n", k);
	fclose(input);
	ck_assert_int_eq(run(output, sizeof(output), "record -o honest.t86 --icount=3 -- %s",
				 "/bin/busybox sh -c 'i=0; while [ $i -lt 4000 ];"
				 "do i=$((i+1)); done; exec /bin/busybox md5sum input'"),
		0);
	ck_assert_int_eq(run(output, sizeof(output), "replay %s", "honest.t86"), 0);
}

static void expect_divergence(const char *what)
{
	char output[65536];
	int status = run(output, sizeof(output), "replay --quiet %s", "changed.t86");

	ck_assert_msg(status == 3, "exit status %d, not 3: %s", status, output);
	ck_assert_msg(strstr(output, what) != NULL, "no '%s' in: %s", what, output);
	ck_assert_msg(strstr(output, "the last events") != NULL && strstr(output, "instructions") != NULL, "%s", output);
}

static bool change_read_data(struct trace_record *record)
{
	if (record->size < 1000 || memcmp(record->data, "line", 4) != 0)
		return false;
	((uint8_t *)record->data)[500] ^= 1;
	return true;
}

static bool change_register(struct trace_record *record)
{
	struct trace_registers zero = { 0 }, change = { 0 };

	if (record->field[0] != TRACE_EXIT_SYSCALL || !trace_get_changes(record->data, record->size, &change))
		return false;
	change.r[R9] += 0x1234;
	record->size = trace_put_changes((uint8_t *)record->data, &zero, &change);
	return true;
}

static bool change_count(struct trace_record *record)
{
	record->field[1]++;
	return record->field[0] == TRACE_EXIT_SYSCALL;
}

static bool change_call_input(struct trace_record *record)
{
	((uint8_t *)record->data)[0] ^= 0x20;
	return true;
}

static bool change_memory_hash(struct trace_record *record)
{
	record->field[1] ^= 1;
	return true;
}

static bool change_vector_hash(struct trace_record *record)
{
	record->field[0] ^= 1;
	return true;
}

/* The changed record, and the replay's message. */
static const struct {
	enum trace_kind kind;
	bool (*change)(struct trace_record *record);
	const char *said;
} changes[] = {
	{ TRACE_WRITE, change_read_data, "recorded: " },
	{ TRACE_STOP, change_register, "registers differ" },
	{ TRACE_STOP, change_count, "the thread stops where it went on" },
	{ TRACE_INPUT, change_call_input, "is not as recorded" },
	{ TRACE_CHECK, change_memory_hash, "memory differs" },
	{ TRACE_CHECK, change_vector_hash, "x87 or vector registers differ" },
};

START_TEST(a_change_is_noticed)
{
	rewrite(changes[_i].kind, changes[_i].change);
	expect_divergence(changes[_i].said);
}
END_TEST

int main(int argc, char **argv)
{
	TCase *tests = tcase_create("divergence");
	char own[PATH_MAX];
	int status;

	if (argc < 1 || !realpath(argv[0], own) || !mkdtemp(work))
		return 1;
	snprintf(tick86, sizeof(tick86), "%.*s/../../tick86", PATH_MAX - 20, dirname(own));
	tcase_add_unchecked_fixture(tests, record_program, NULL);
	tcase_add_loop_test(tests, a_change_is_noticed, 0, sizeof(changes) / sizeof(changes[0]));
	status = run_suite("divergence", tests);
	snprintf(own, sizeof(own), "rm -rf %s", work);
	return system(own) != 0 || status != 0;
}
