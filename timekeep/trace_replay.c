/* Replays a trace: runs each line, prints its results, and compares them with its expectations. */
#include <stdlib.h>
#include <string.h>

#include "timekeep/trace.h"

#define BUFFER_SIZE 65536
#define LINE_ROOM 4096 /* more than any event prints */

struct printer {
	FILE *out;
	size_t used;
	char text[BUFFER_SIZE];
};

static void flush(struct printer *printer)
{
	fwrite(printer->text, 1, printer->used, printer->out);
	printer->used = 0;
}

static void put_text(struct printer *printer, const char *text, size_t length)
{
	memcpy(printer->text + printer->used, text, length);
	printer->used += length;
}

static unsigned format_number(uint64_t number, bool is_signed, char text[24])
{
	char digits[24];
	unsigned used = 0, length = 0;

	if (is_signed && (int64_t)number < 0) {
		text[length++] = '-';
		number = 0 - number;
	}
	do
		digits[used++] = (char)('0' + number % 10);
	while (number /= 10);
	while (used)
		text[length++] = digits[--used];
	return length;
}

/* The buffer holds a list, which is the longest value. */
static unsigned format_value(unsigned key, const struct value *value, char text[LIST_SIZE])
{
	const struct key_row *row = &key_rows[key];
	bool is_signed = row->type == TYPE_SIGNED || (row->type == TYPE_WORD_OR_UNSIGNED && key == KEY_SHIFT);

	if (value->is_word) {
		strcpy(text, row->words[value->number]);
		return (unsigned)strlen(text);
	}
	if (row->type == TYPE_LIST) {
		memcpy(text, value->text, value->length);
		return value->length;
	}
	return format_number(value->number, is_signed, text);
}

static void print_event(void *ctx, const struct trace *trace, const struct event *event, const struct results *results)
{
	struct printer *printer = ctx;
	uint64_t left = results->given;
	char text[LIST_SIZE];

	if (printer->used > BUFFER_SIZE - LINE_ROOM)
		flush(printer);
	put_text(printer, text, format_number(trace->line, false, text));
	put_text(printer, " ", 1);
	put_text(printer, event_rows[event->kind].name, strlen(event_rows[event->kind].name));
	for (; left; left &= left - 1) {
		unsigned key = (unsigned)__builtin_ctzll(left);

		put_text(printer, " ", 1);
		put_text(printer, key_rows[key].name, strlen(key_rows[key].name));
		put_text(printer, "=", 1);
		put_text(printer, text, format_value(key, &results->value[key], text));
	}
	put_text(printer, "\n", 1);
}

/* --- expectations --------------------------------------------------------------------------------- */

static bool holds(unsigned key, const struct value *expected, const struct value *got)
{
	if (key_rows[key].type == TYPE_LIST)
		return expected->length == got->length && memcmp(expected->text, got->text, got->length) == 0;
	return expected->number == got->number && expected->is_word == got->is_word;
}

static void print_failure(const struct trace *trace, unsigned key, const struct value *expected, const struct results *results)
{
	char text[LIST_SIZE];

	fprintf(trace->err, "%s:%u: expected %s=%.*s, got ", trace->name, trace->line, key_rows[key].name, (int)expected->length,
		expected->text);
	if (!(results->given & BIT(key)) && results->given & BIT(KEY_FAULT))
		key = KEY_FAULT;
	if (results->given & BIT(key))
		fprintf(trace->err, "%s=%.*s\n", key_rows[key].name, (int)format_value(key, &results->value[key], text), text);
	else
		fprintf(trace->err, "no %s\n", key_rows[key].name);
}

static void check(struct trace *trace, const struct event *event, const struct results *results)
{
	for (unsigned i = 0; i < event->expectations; i++) {
		unsigned key = event->expected[i];

		trace->expectations++;
		if (results->given & BIT(key) && holds(key, &event->expectation[key], &results->value[key]))
			continue;
		trace->failed++;
		print_failure(trace, key, &event->expectation[key], results);
	}
}

/* --- lines ---------------------------------------------------------------------------------------- */

static int malformed(struct trace *trace)
{
	fprintf(trace->err, "%s:%u: %s\n", trace->name, trace->line, trace->error);
	return 2;
}

static int run_line(struct trace *trace, char *text, size_t length, struct event *event, struct results *results, trace_visitor *visit,
	void *ctx)
{
	int parsed = trace_parse(trace, text, length, event);

	if (parsed <= 0)
		return parsed;
	if (trace_execute(trace, event, results))
		return -1;
	trace->events_run++;
	visit(ctx, trace, event, results);
	check(trace, event, results);
	return 0;
}

static int run_lines(struct trace *trace, FILE *in, struct event *event, struct results *results, trace_visitor *visit, void *ctx)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t length;
	int status = 0;

	while (!status && (length = getline(&text, &size, in)) >= 0) {
		trace->line++;
		status = run_line(trace, text, (size_t)length, event, results, visit, ctx);
	}
	free(text);
	if (!status && ferror(in))
		status = refuse(trace->error, sizeof(trace->error), "reading failed");
	if (!status)
		status = trace_finish(trace);
	return status ? malformed(trace) : 0;
}

int trace_run(struct trace *trace, FILE *in, trace_visitor *visit, void *ctx)
{
	struct event *event = calloc(1, sizeof(*event));
	struct results *results = calloc(1, sizeof(*results));
	int status = 2;

	if (event && results)
		status = run_lines(trace, in, event, results, visit, ctx);
	free(event);
	free(results);
	return status ? status : trace->failed ? 1 : 0;
}

static int replay(struct trace *trace, struct printer *printer, FILE *in)
{
	int status = trace_run(trace, in, print_event, printer);

	flush(printer);
	if (status != 2)
		fprintf(printer->out, "%llu events, %llu expectations, %llu failed\n", (unsigned long long)trace->events_run,
			(unsigned long long)trace->expectations, (unsigned long long)trace->failed);
	return status;
}

int trace_replay_with(FILE *in, const char *name, FILE *out, FILE *err, event_handler *const *handlers)
{
	struct trace *trace = calloc(1, sizeof(*trace));
	struct printer *printer = calloc(1, sizeof(*printer));
	int status = 2;

	if (trace && printer && trace_open(trace, name, err, handlers) == 0) {
		printer->out = out;
		status = replay(trace, printer, in);
	} else {
		fprintf(err, "%s: out of memory\n", name);
	}
	if (trace)
		trace_close(trace);
	free(printer);
	free(trace);
	return status;
}

int tk_trace_replay(FILE *in, const char *name, FILE *out, FILE *err)
{
	return trace_replay_with(in, name, out, err, event_handlers);
}
