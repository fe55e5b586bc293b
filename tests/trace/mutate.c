/* Makes a hostile recording of a good one:  mutate IN OUT SEED
 * The seed says what is done: the file is cut, or bytes are turned; or its records are changed and framed anew, with right checksums, so
 * that what reads them meets fields, orders and kinds that no recorder writes. Prints what it did. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/trace/reader.h"
#include "emu/trace/writer.h"

#include <fcntl.h>
#include <unistd.h>

enum { RECORDS_MAX = 1 << 16 };

struct recording {
	struct trace_record record[RECORDS_MAX];
	size_t records;
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void fail(const char *what)
{
	fprintf(stderr, "mutate: %s\n", what);
	exit(1);
}

/* --- files -------------------------------------------------------------------------------------------- */

static void read_recording(const char *path, struct recording *recording)
{
	static struct trace_reader reader;
	char error[128];

	if (!trace_reader_open(&reader, path, error, sizeof(error)))
		fail(error);
	for (struct trace_record *r; r = &recording->record[recording->records], trace_next(&reader, r); recording->records++) {
		uint8_t *data = malloc(r->size + 1);

		if (!data || recording->records == RECORDS_MAX - 2)
			fail("too large");
		if (r->size)
			memcpy(data, r->data, r->size);
		r->data = data;
	}
}

static void write_recording(const char *path, const struct recording *recording)
{
	static struct trace_writer writer;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);

	if (fd < 0 || trace_writer_begin(&writer, fd) < 0)
		fail("cannot write");
	for (size_t k = 0; k < recording->records; k++)
		trace_append(&writer, &recording->record[k]);
	trace_flush(&writer, 0);
	if (writer.error)
		fail("cannot write");
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	uint8_t *bytes = malloc(1 << 26);

	if (!file || !bytes)
		fail("cannot read");
	*size = fread(bytes, 1, 1 << 26, file);
	fclose(file);
	return bytes;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file))
		fail("cannot write");
}

/* --- bytes of the file -------------------------------------------------------------------------------- */

static void mutate_file(const char *from, const char *to, uint64_t *random, bool cut)
{
	size_t size, at;
	uint8_t *bytes = read_file(from, &size);

	if (cut) {
		size = next_random(random) % 4 ? next_random(random) % size : next_random(random) % 64;
		printf("cut to %zu bytes\n", size);
	} else {
		at = next_random(random) % 2 ? next_random(random) % size : next_random(random) % 64;
		bytes[at] ^= 1 << next_random(random) % 8;
		printf("byte %zu turned to %#x\n", at, bytes[at]);
	}
	write_file(to, bytes, size);
}

/* --- records ------------------------------------------------------------------------------------------ */

/* Some numbers are likelier to hurt than others. */
static uint64_t hostile_number(uint64_t *random, uint64_t old)
{
	static const uint64_t numbers[] = { 0, 1, 2, 0xfff, 0x1000, 0x10000, 0x4ffff0010000, 0x7ffffffff000, 0x800000000000, INT32_MAX,
		UINT32_MAX, 1ULL << 40, INT64_MAX, 1ULL << 63, UINT64_MAX - 0xfff, UINT64_MAX };
	uint64_t r = next_random(random);

	switch (r % 4) {
	case 0: return old ^ 1ULL << (r >> 8) % 64;
	case 1: return old + (r >> 8) % 64 - 32;
	default: return numbers[(r >> 8) % (sizeof(numbers) / sizeof(numbers[0]))];
	}
}

/* Any but the one whose status the replay ends with, and the first, which says what CPU is needed. */
static size_t choose(const struct recording *recording, uint64_t *random)
{
	size_t k;

	do
		k = 1 + next_random(random) % (recording->records - 1);
	while (recording->record[k].kind == TRACE_EXIT);
	return k;
}

static void mutate_field(struct recording *recording, uint64_t *random)
{
	size_t k = choose(recording, random);
	struct trace_record *record = &recording->record[k];
	const struct trace_kind_row *row = &trace_kinds[record->kind];
	unsigned field;

	if (row->fields == 0) {
		record->kind = TRACE_TASK;
		record->field[0] = next_random(random);
		printf("record %zu, %s, becomes a task\n", k, row->name);
		return;
	}
	field = next_random(random) % row->fields;
	record->field[field] = hostile_number(random, record->field[field]);
	printf("record %zu, %s: %s becomes %#" PRIx64 "\n", k, row->name, row->field[field], record->field[field]);
}

static void mutate_data(struct recording *recording, uint64_t *random)
{
	size_t k = choose(recording, random);
	struct trace_record *record;
	size_t at;

	while (k > 0 && recording->record[k].size == 0)
		k--;
	record = &recording->record[k];
	at = next_random(random) % record->size;
	((uint8_t *)record->data)[at] ^= 1 << next_random(random) % 8;
	if (next_random(random) % 4 == 0)
		record->size = next_random(random) % record->size;
	printf("record %zu, %s: byte %zu of its data, now %zu bytes\n", k, trace_kinds[record->kind].name, at, record->size);
}

static void mutate_order(struct recording *recording, uint64_t *random)
{
	size_t k = choose(recording, random), other = choose(recording, random);
	struct trace_record moved = recording->record[k];

	printf("record %zu, %s, ", k, trace_kinds[moved.kind].name);
	switch (next_random(random) % 3) {
	case 0:
		memmove(&recording->record[k], &recording->record[k + 1], (--recording->records - k) * sizeof(moved));
		printf("is dropped\n");
		break;
	case 1:
		memmove(&recording->record[other + 1], &recording->record[other], (recording->records++ - other) * sizeof(moved));
		recording->record[other] = moved;
		printf("comes again as record %zu\n", other);
		break;
	default:
		recording->record[k] = recording->record[other];
		recording->record[other] = moved;
		printf("changes places with %zu\n", other);
	}
}

static void mutate_kind(struct recording *recording, uint64_t *random)
{
	size_t k = choose(recording, random);
	uint8_t kind = recording->record[k].kind;

	do
		recording->record[k].kind = 1 + next_random(random) % (TRACE_KINDS - 1);
	while (recording->record[k].kind == TRACE_EXIT);
	printf("record %zu, %s, becomes %s\n", k, trace_kinds[kind].name, trace_kinds[recording->record[k].kind].name);
}

int main(int argc, char **argv)
{
	static void (*const mutations[])(struct recording *, uint64_t *) = { mutate_field, mutate_field, mutate_data, mutate_order,
		mutate_kind };
	static struct recording recording;
	uint64_t seed = argc == 4 ? strtoull(argv[3], NULL, 10) : 0, random = seed * 0x9e3779b97f4a7c15;

	if (seed == 0)
		fail("usage: mutate IN OUT SEED");
	for (int k = 0; k < 8; k++)
		next_random(&random);
	if (seed % 7 < 2) {
		mutate_file(argv[1], argv[2], &random, seed % 7);
		return 0;
	}
	read_recording(argv[1], &recording);
	mutations[seed % 7 - 2](&recording, &random);
	write_recording(argv[2], &recording);
	return 0;
}
