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

static const char usage[] =
	"usage: tick86 dump [options] FILE\n"
	"  --json              one JSON object a line\n"
	"  --raw               every record as it is in the file, field by field\n"
	"  --kind=LIST         only these: syscall, exception, pause, world (instructions whose result the world decides) or one of\n"
	"                      those (rdtsc, rdtscp, rdpid, rdmsr, wrmsr, cpuid, vdso), kinds of records (traces/FORMAT.md), all\n"
	"  --process=PID, --thread=TID\n"
	"                      only of this process, this thread\n"
	"  --insns=A-B         only where the instructions so far are in this range; also A, A-, -B\n"
	"  --events=A-B        ... the events\n"
	"Columns: event, instructions, those of the process, guest time, thread, text.\n";

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

static bool parse_option(struct dump *dump, const char *text)
{
	if (!strcmp(text, "--json"))
		return dump->json = true;
	if (!strcmp(text, "--raw"))
		return dump->raw = true;
	if (!strncmp(text, "--kind=", 7))
		return (dump->kinds_given = true) && parse_kinds(text + 7, &dump->kinds);
	if (!strncmp(text, "--process=", 10))
		return parse_id(text + 10, &dump->pid);
	if (!strncmp(text, "--thread=", 9))
		return parse_id(text + 9, &dump->tid);
	if (!strncmp(text, "--insns=", 8))
		return parse_range(text + 8, &dump->insns);
	if (!strncmp(text, "--events=", 9))
		return parse_range(text + 9, &dump->events);
	return false;
}

int dump_command(char **argv)
{
	struct dump dump = { .out = stdout, .insns = { 0, UINT64_MAX }, .events = { 0, UINT64_MAX } };
	const char *path = NULL;
	struct walk *walk;

	while (*++argv) {
		if (!strcmp(*argv, "--help") || !strcmp(*argv, "-h")) {
			fputs(usage, stdout);
			return 0;
		}
		if (**argv == '-' ? !parse_option(&dump, *argv) : path != NULL)
			return look_usage("dump", *argv, usage);
		if (**argv != '-')
			path = *argv;
	}
	if (!path)
		return look_usage("dump", NULL, usage);
	walk = look_open("dump", path);
	if (!walk)
		return LOOK_TROUBLE;
	if (!dump.json)
		look_print_head(dump.out);
	look_at_events(walk, dump.raw, print_event, &dump);
	return look_written("dump", "standard output", dump.out, look_close("dump", path, walk));
}
