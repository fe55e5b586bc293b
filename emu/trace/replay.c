/* The command line of `tick86 replay`. */
#include "emu/trace/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/option_values.h"
#include "emu/trace/replayer.h"

enum { UNTIL_MAX = 64 };

/* --- the command line --------------------------------------------------------------------------------- */

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
	return value_read_span(text, true, &target->guest_ns) && target->guest_ns >= 0;
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

/* --- the row -------------------------------------------------------------------------------------------- */

struct replay_options {
	bool quiet, trust;
	struct itinerary itinerary;
	const char *word[UNTIL_MAX];
};

static bool option_quiet(struct parse *parse, const char *text)
{
	(void)text;
	return ((struct replay_options *)parse->into)->quiet = true;
}

static bool option_trust(struct parse *parse, const char *text)
{
	(void)text;
	return ((struct replay_options *)parse->into)->trust = true;
}

static bool option_until(struct parse *parse, const char *text)
{
	struct replay_options *options = parse->into;
	struct replay_moment target;

	if (options->itinerary.words == UNTIL_MAX)
		return option_fail(parse, "--until: at most %d moments; --until=- reads more from standard input", UNTIL_MAX);
	if (strcmp(text, "-") != 0 && !parse_target(text, &target))
		return option_fail(parse, "--until: '%s' is no moment: a number of instructions, event:N, a time such as 2.5s, or -", text);
	options->word[options->itinerary.words++] = text;
	return true;
}

static const struct option_row replay_options[] = {
	OPTION("--quiet", VALUE_NONE, NULL, option_quiet, "do not print what the program printed"),
	OPTION("-q", VALUE_NONE, NULL, option_quiet, "the same"),
	OPTION("--trust", VALUE_NONE, NULL, option_trust,
		"the recording is my own: translate its code, which is faster and keeps it less apart"),
	OPTION("--until", VALUE_NEEDED, "MOMENT", option_until,
		"stop there and print the state; several are gone to in turn, also backwards"),
	OPTION_END,
};

static int replay_command(char **argv)
{
	struct replay_options options = { .quiet = false };
	char *path[2];
	int status;

	options.itinerary.word = options.word;
	if (!command_read(&replay_command_row, argv, &options, path, &status))
		return status;
	return replay_file(path[0], options.quiet, options.trust, &options.itinerary);
}

const struct command_row replay_command_row = {
	.name = "replay",
	.words = "FILE",
	.does = "Run a recording again, exactly as it was.",
	.options = { replay_options },
	.notes = "A MOMENT is a number of instructions (1000000), an event (event:120), the\n"
		 "guest's time since the start (2.5s, 300ms), or - to read moments from standard\n"
		 "input, one a line.\n",
	.statuses = "  the recorded program's; of the signal that it died of\n"
		    "  2    the command line is wrong, or the file is no recording\n"
		    "  3    the replay differs from the recording\n"
		    "  4    the recording ends before the program did, or is damaged\n",
	.example = "tick86 replay --until=event:120 --until=1.5s prog.t86",
	.least = 1,
	.most = 1,
	.run = replay_command,
};
