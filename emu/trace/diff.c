/* tick86 diff: finds the first difference between two recordings. Host times and the files' division into frames do not count. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emu/option_values.h"
#include "emu/trace/look_commands.h"
#include "emu/trace/look_file.h"
#include "emu/trace/look_line.h"

enum { CONTEXT_MAX = 100, EXIT_DIFFERENT = 1 };

struct side {
	const char *path;
	struct walk *walk;
	struct trace_record record;
	bool ended;
};

/* --- comparing ---------------------------------------------------------------------------------------- */

static bool is_host_time(const struct trace_kind_row *row, unsigned field)
{
	return !strcmp(row->field[field], "host_ns");
}

static bool same_data(const struct trace_record *a, const struct trace_record *b)
{
	return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static bool same(const struct trace_record *a, const struct trace_record *b)
{
	const struct trace_kind_row *row = &trace_kinds[a->kind];

	if (a->kind != b->kind)
		return false;
	for (unsigned k = 0; k < row->fields; k++)
		if (a->field[k] != b->field[k] && !is_host_time(row, k))
			return false;
	return a->kind == TRACE_CONFIG || same_data(a, b);
}

static void take(struct side *side)
{
	side->ended = !walk_next(side->walk, &side->record);
}

static void tell_configs(const struct side side[2])
{
	struct strace_line differences = { .length = 0 };

	look_put_config_differences(&differences, &side[0].record, &side[1].record);
	printf("what was run, or how, differs:%s\n", differences.text);
	for (int k = 0; k < 2; k++) {
		struct strace_line line = { .length = 0 };

		look_put_config(&line, &side[k].record);
		printf("%c %s\n", "-+"[k], line.text);
	}
}

/* Stops at the first difference; the two last records of the sides are then the ones that differ. Returns true if there is none. */
static bool compare(struct side side[2])
{
	do {
		take(&side[0]);
		take(&side[1]);
		if (side[0].ended || side[1].ended)
			return side[0].ended && side[1].ended;
		if (side[0].record.kind == TRACE_CONFIG && side[1].record.kind == TRACE_CONFIG
			&& !same_data(&side[0].record, &side[1].record))
			tell_configs(side);
	} while (same(&side[0].record, &side[1].record));
	return false;
}

/* --- showing ------------------------------------------------------------------------------------------ */

/* The lines around a record. A ring keeps the last lines before it; then come the record and the lines after it. */
struct context {
	uint64_t record;
	unsigned lines, kept, behind;
	bool show_ahead;
	char sign;
	char line[CONTEXT_MAX][LOOK_LINE_MAX];
};

static bool show_line(void *of, const struct look_event *event)
{
	struct context *context = of;
	char text[LOOK_LINE_MAX];

	if (!look_shown(event) || event->kind == TRACE_CONFIG)
		return true;
	if (event->end.record < context->record) {
		if (context->lines)
			look_line(event, false, context->line[context->kept++ % context->lines], LOOK_LINE_MAX);
		return true;
	}
	for (unsigned k = context->kept < context->lines ? 0 : context->kept - context->lines; k < context->kept && context->show_ahead;
		k++)
		printf("  %s\n", context->line[k % context->lines]);
	context->kept = 0;
	look_line(event, false, text, sizeof(text));
	printf("%c %s\n", context->sign, text);
	return context->behind++ < context->lines;
}

static bool show_side(const char *path, struct context *context)
{
	struct walk *walk = look_open("diff", path);

	if (!walk)
		return false;
	look_at_events(walk, false, show_line, context);
	walk_close(walk);
	return true;
}

static void show_record(const struct side *side, char sign)
{
	struct strace_line line = { .length = 0 };

	if (side->ended)
		strace_put(&line, "%s", walk_trouble(side->walk) ? walk_trouble(side->walk) : "the end");
	else
		look_put_record(&line, &side->record);
	printf("%c %s\n", sign, line.text);
}

static bool show_difference(struct side side[2], unsigned lines)
{
	struct context *context = malloc(sizeof(*context));
	uint64_t record = side[0].walk->records - !side[0].ended;
	bool shown = context;

	printf("--- %s\n+++ %s\nfirst difference: record %" PRIu64 ", event %" PRIu64 ", after %" PRIu64 " instructions\n", side[0].path,
		side[1].path, record, side[0].walk->events, side[0].walk->insns);
	look_print_head(stdout);
	for (int k = 0; k < 2 && shown; k++) {
		context->record = record;
		context->lines = lines;
		context->kept = context->behind = 0;
		context->show_ahead = k == 0;
		context->sign = "-+"[k];
		shown = show_side(side[k].path, context);
	}
	printf("the records:\n");
	show_record(&side[0], '-');
	show_record(&side[1], '+');
	free(context);
	return shown;
}

/* --- the command -------------------------------------------------------------------------------------- */

static int compare_files(struct side side[2], unsigned lines)
{
	bool equal = compare(side);
	int status = equal ? 0 : show_difference(side, lines) ? EXIT_DIFFERENT : LOOK_TROUBLE;

	for (int k = 0; k < 2; k++)
		if (side[k].walk->reader.status == TRACE_DAMAGED)
			status = LOOK_TROUBLE;
	return status;
}

static int diff_files(const char *a, const char *b, unsigned lines)
{
	struct side side[2] = { { .path = a, .walk = look_open("diff", a) }, { .path = b } };
	int status = LOOK_TROUBLE;

	if (!side[0].walk)
		return LOOK_TROUBLE;
	side[1].walk = look_open("diff", b);
	if (side[1].walk) {
		status = compare_files(side, lines);
		for (int k = 0; k < 2; k++)
			if (side[k].ended)
				look_tell_trouble("diff", side[k].path, side[k].walk);
		walk_close(side[1].walk);
	}
	walk_close(side[0].walk);
	return look_written("diff", "standard output", stdout, status);
}

static bool option_context(struct parse *parse, const char *text)
{
	uint64_t lines;

	if (!value_number(parse, text, 0, CONTEXT_MAX, &lines))
		return false;
	*(unsigned *)parse->into = (unsigned)lines;
	return true;
}

static const struct option_row diff_options[] = {
	OPTION("--context", VALUE_NEEDED, "N", option_context, "lines around the first difference (default 3)"),
	OPTION_END,
};

static int diff_command(char **argv)
{
	unsigned lines = 3;
	char *path[3];
	int status;

	return command_read(&diff_command_row, argv, &lines, path, &status) ? diff_files(path[0], path[1], lines) : status;
}

const struct command_row diff_command_row = {
	.name = "diff",
	.words = "A B",
	.does = "Compare two recordings, and show where they begin to differ.",
	.options = { diff_options },
	.notes = "What was run and how is compared too, and told, but does not count.\n",
	.statuses = "  0    the same happened\n"
		    "  1    something else happened\n" LOOK_STATUSES,
	.example = "tick86 diff good.t86 bad.t86",
	.least = 2,
	.most = 2,
	.run = diff_command,
};
