/* tick86 dump: prints a recording's events as text or JSON, one on each line. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "emu/trace/look_commands.h"
#include "emu/trace/look_file.h"
#include "emu/trace/look_json.h"
#include "emu/trace/look_line.h"

struct range {
	uint64_t first, last;
};

struct dump {
	FILE *out;
	bool json, raw, kinds_given;
	uint64_t kinds;    /* bits, numbered by look_number */
	uint64_t pid, tid; /* 0: any */
	struct range insns, events;
};

/* --- choosing ----------------------------------------------------------------------------------------- */

static bool in_range(const struct range *range, uint64_t value)
{
	return value >= range->first && value <= range->last;
}

static bool wanted(const struct dump *dump, const struct look_event *event)
{
	const struct look_position *at = event->phase == LOOK_RESUMED ? &event->end : &event->at;

	if (dump->kinds_given ? !(dump->kinds >> look_number(event) & 1) : !dump->raw && !look_shown(event))
		return false;
	return in_range(&dump->insns, at->insns) && in_range(&dump->events, at->event) && (!dump->pid || (uint64_t)at->pid == dump->pid)
		&& (!dump->tid || (uint64_t)at->tid == dump->tid);
}

static bool print_event(void *context, const struct look_event *event)
{
	struct dump *dump = context;

	if (!wanted(dump, event))
		return true;
	if (dump->json) {
		json_t *object = look_json(event);

		json_dumpf(object, dump->out, JSON_COMPACT);
		json_decref(object);
		fputc('\n', dump->out);
	} else {
		char text[LOOK_LINE_MAX];

		look_line(event, dump->raw, text, sizeof(text));
		fprintf(dump->out, "%s\n", text);
	}
	return !ferror(dump->out);
}

/* --- the command line --------------------------------------------------------------------------------- */

static bool parse_number(const char *text, char **end, uint64_t *value)
{
	errno = 0;
	*value = strtoull(text, end, 0);
	return *text >= '0' && *text <= '9' && !errno;
}

static bool parse_range(const char *text, struct range *range)
{
	char *end = (char *)text;

	*range = (struct range){ 0, UINT64_MAX };
	if (*text != '-' && !parse_number(text, &end, &range->first))
		return false;
	if (!*end)
		range->last = range->first;
	if (!*end || (!end[1] && *text != '-' && *end == '-'))
		return true;
	return *end == '-' && parse_number(end + 1, &end, &range->last) && !*end && range->first <= range->last;
}

static bool parse_id(const char *text, uint64_t *id)
{
	char *end;

	return parse_number(text, &end, id) && !*end && *id > 0 && *id <= INT_MAX;
}

static bool is_word(const char *word, const char *text, size_t length)
{
	return strlen(word) == length && !strncmp(word, text, length);
}

static bool parse_kinds(const char *text, uint64_t *kinds)
{
	size_t length;

	for (;; text += length + 1) {
		uint64_t found = 0;

		length = strcspn(text, ",");
		if (is_word("all", text, length))
			found = UINT64_MAX;
		for (unsigned k = 0; look_word(k); k++)
			if (is_word(look_word(k), text, length))
				found |= 1ULL << k;
		if (is_word("world", text, length))
			found |= (1ULL << TRACE_EXITS) - (1ULL << TRACE_EXIT_WORLD);
		if (!found)
			return false;
		*kinds |= found;
		if (!text[length])
			return true;
	}
}

static bool option_json(struct parse *parse, const char *text)
{
	(void)text;
	return ((struct dump *)parse->into)->json = true;
}

static bool option_raw(struct parse *parse, const char *text)
{
	(void)text;
	return ((struct dump *)parse->into)->raw = true;
}

static bool option_kind(struct parse *parse, const char *text)
{
	struct dump *dump = parse->into;

	dump->kinds_given = true;
	return parse_kinds(text, &dump->kinds)
		|| option_fail(parse, "--kind: '%s' is no list of kinds; tick86 help dump tells which there are", text);
}

static bool take_id(struct parse *parse, const char *text, uint64_t *id)
{
	return parse_id(text, id) || option_fail(parse, "%s: '%s' is no number above 0", parse->option, text);
}

static bool option_process(struct parse *parse, const char *text)
{
	return take_id(parse, text, &((struct dump *)parse->into)->pid);
}

static bool option_thread(struct parse *parse, const char *text)
{
	return take_id(parse, text, &((struct dump *)parse->into)->tid);
}

static bool take_range(struct parse *parse, const char *text, struct range *range)
{
	return parse_range(text, range) || option_fail(parse, "%s: '%s' is no range: A-B, A, A- or -B", parse->option, text);
}

static bool option_insns(struct parse *parse, const char *text)
{
	return take_range(parse, text, &((struct dump *)parse->into)->insns);
}

static bool option_events(struct parse *parse, const char *text)
{
	return take_range(parse, text, &((struct dump *)parse->into)->events);
}

static const struct option_row dump_options[] = {
	OPTION("--json", VALUE_NONE, NULL, option_json, "one JSON object a line"),
	OPTION("--raw", VALUE_NONE, NULL, option_raw, "every record as it is in the file, field by field"),
	OPTION("--kind", VALUE_NEEDED, "LIST", option_kind, "only these kinds of events"),
	OPTION("--process", VALUE_NEEDED, "PID", option_process, "only this process"),
	OPTION("--thread", VALUE_NEEDED, "TID", option_thread, "only this thread"),
	OPTION("--insns", VALUE_NEEDED, "A-B", option_insns, "only where the instructions so far are in this range; also A, A-, -B"),
	OPTION("--events", VALUE_NEEDED, "A-B", option_events, "only events with these numbers"),
	OPTION_END,
};

static int dump_command(char **argv)
{
	struct dump dump = { .out = stdout, .insns = { 0, UINT64_MAX }, .events = { 0, UINT64_MAX } };
	char *path[2];
	struct walk *walk;
	int status;

	if (!command_read(&dump_command_row, argv, &dump, path, &status))
		return status;
	walk = look_open("dump", path[0]);
	if (!walk)
		return LOOK_TROUBLE;
	if (!dump.json)
		look_print_head(dump.out);
	look_at_events(walk, dump.raw, print_event, &dump);
	return look_written("dump", "standard output", dump.out, look_close("dump", path[0], walk));
}

const struct command_row dump_command_row = {
	.name = "dump",
	.words = "FILE",
	.does = "Print a recording as text, an event a line.",
	.options = { dump_options },
	.notes = "Columns: event, instructions, those of the process, guest time, thread, text.\n"
		 "Kinds: syscall, exception, pause, world (instructions whose result the world\n"
		 "decides) or one of those (rdtsc, rdtscp, rdpid, rdmsr, wrmsr, cpuid, vdso),\n"
		 "kinds of records (traces/FORMAT.md), all.\n",
	.statuses = "  0\n" LOOK_STATUSES,
	.example = "tick86 dump --kind=syscall,rdtsc prog.t86",
	.least = 1,
	.most = 1,
	.run = dump_command,
};
