/* The command line of `tick86 replay`. */
#include "emu/trace/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/trace/replayer.h"

enum { UNTIL_MAX = 64 };

static const char usage[] = "usage: tick86 replay [--quiet] [--trust] [--until=MOMENT]... FILE\n"
			    "  --quiet, -q         do not print what the program printed\n"
			    "  --trust             the recording is my own: translate its code, which is faster and keeps it less apart\n"
			    "  --until=1000000     stop when so many instructions have run, and print the state\n"
			    "  --until=event:120   ... at that event\n"
			    "  --until=2.5s        ... when the guest's clock has gone so far (also ms, us, ns)\n"
			    "  --until=-           read moments from standard input, one a line\n"
			    "Several moments are gone to in turn, backwards as well as forwards.\n";

/* --- the command line --------------------------------------------------------------------------------- */

static bool parse_time(const char *text, int64_t *ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = { { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 } };
	char *end;
	double value = strtod(text, &end);

	for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
		if (end != text && !strcmp(end, units[k].unit) && value >= 0 && value * units[k].ns < 9e18) {
			*ns = (int64_t)(value * units[k].ns);
			return true;
		}
	}
	return false;
}

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool parse_target(const char *text, struct replay_moment *target)
{
	*target = REPLAY_NEVER;
	if (!strncmp(text, "event:", 6))
		return parse_number(text + 6, &target->events);
	if (parse_number(text, &target->insns))
		return true;
	target->insns = UINT64_MAX;
	return parse_time(text, &target->guest_ns);
}

bool replay_next_target(struct itinerary *itinerary, struct replay_moment *target)
{
	char line[64];

	while (itinerary->next < itinerary->words) {
		const char *word = itinerary->word[itinerary->next];

		if (strcmp(word, "-") != 0) {
			itinerary->next++;
			parse_target(word, target);
			return true;
		}
		if (!fgets(line, sizeof(line), stdin)) {
			itinerary->next++;
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		if (parse_target(line, target))
			return true;
		fprintf(stderr, "tick86: replay: '%s' is no moment: instructions, event:N, or a time like 2.5s\n", line);
	}
	return false;
}

static int wrong_usage(void)
{
	fputs(usage, stderr);
	return EXIT_USAGE;
}

int replay_command(char **argv)
{
	const char *word[UNTIL_MAX];
	struct itinerary itinerary = { .word = word };
	struct replay_moment target;
	bool quiet = false, trust = false;
	const char *path = NULL;

	while (*++argv) {
		if (!strcmp(*argv, "--help") || !strcmp(*argv, "-h")) {
			fputs(usage, stdout);
			return 0;
		}
		if (!strcmp(*argv, "--quiet") || !strcmp(*argv, "-q"))
			quiet = true;
		else if (!strcmp(*argv, "--trust"))
			trust = true;
		else if (!strncmp(*argv, "--until=", 8) && itinerary.words < UNTIL_MAX
			&& (!strcmp(*argv + 8, "-") || parse_target(*argv + 8, &target)))
			word[itinerary.words++] = *argv + 8;
		else if (**argv == '-' || path)
			return wrong_usage();
		else
			path = *argv;
	}
	return path ? replay_file(path, quiet, trust, &itinerary) : wrong_usage();
}
