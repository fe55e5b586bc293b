/* tick86 clock replay, record and plot: commands for host clock traces. */
#include "emu/clock_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/option_values.h"
#include "timekeep/timekeep.h"

static int fail(const char *what, const char *name)
{
	fprintf(stderr, "tick86: clock: %s '%s': %s\n", what, name, strerror(errno));
	return 2;
}

static int replay(char **files)
{
	int worst = 0;

	for (; *files; files++) {
		FILE *in = strcmp(*files, "-") ? fopen(*files, "r") : stdin;
		int status = in ? tk_trace_replay(in, *files, stdout, stderr) : fail("cannot open", *files);

		if (in && in != stdin)
			fclose(in);
		if (status > worst)
			worst = status;
	}
	return worst;
}

/* Each round samples every host CPU once. */
enum { ROUNDS_PER_SECOND = 100, ROUND_NS = 1000000000 / ROUNDS_PER_SECOND, SECONDS_MAX = 3600 };

struct record_options {
	const char *path; /* NULL: standard output */
	int64_t ns;
};

static int record(const struct record_options *options)
{
	const char *path = options->path;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	FILE *out = stdout;
	int status;

	if (path && !(out = fopen(path, "w")))
		return fail("cannot write", path);
	status = tk_trace_record(tk_host_linux(), (unsigned)cpus, (unsigned)(options->ns / ROUND_NS), ROUND_NS, out,
		isatty(STDERR_FILENO) ? stderr : NULL);
	if (path ? fclose(out) : fflush(out))
		status = -1;
	return status ? fail("cannot record to", path ? path : "standard output") : 0;
}

static int plot(const char *from, const char *to)
{
	FILE *in, *svg;
	int status;

	if (!(in = fopen(from, "r")))
		return fail("cannot open", from);
	if (!(svg = fopen(to, "w"))) {
		fclose(in);
		return fail("cannot write", to);
	}
	status = tk_trace_plot(in, from, svg, stderr);
	fclose(in);
	if (fclose(svg))
		return fail("cannot write", to);
	return status;
}

/* --- rows ------------------------------------------------------------------------------------------------- */

enum { FILES_MAX = 1000 };

static int replay_command(char **argv)
{
	char *files[FILES_MAX + 1];
	int status;

	return command_read(&clock_replay_row, argv, NULL, files, &status) ? replay(files) : status;
}

static bool option_seconds(struct parse *parse, const char *text)
{
	struct record_options *options = parse->into;
	char seconds[32];

	snprintf(seconds, sizeof(seconds), "%s%s", text, text[strspn(text, "0123456789.")] ? "" : "s");
	return (value_read_span(seconds, true, &options->ns) && options->ns >= ROUND_NS && options->ns <= SECONDS_MAX * INT64_C(1000000000))
		|| option_fail(parse, "--seconds: '%s' is not a time from 10ms to %ds", text, SECONDS_MAX);
}

static bool option_path(struct parse *parse, const char *text)
{
	((struct record_options *)parse->into)->path = text;
	return true;
}

static const struct option_row record_options[] = {
	OPTION("-o", VALUE_NEEDED, "FILE", option_path, "the file to write (default standard output)"),
	OPTION("--seconds", VALUE_NEEDED, "S", option_seconds, "for how long (default 1); also 250ms, 10m"),
	OPTION_END,
};

static int record_command(char **argv)
{
	struct record_options options = { .ns = 1000000000 };
	char *word[1];
	int status;

	return command_read(&clock_record_row, argv, &options, word, &status) ? record(&options) : status;
}

static const struct option_row plot_options[] = {
	OPTION("-o", VALUE_NEEDED, "OUT.svg", option_keep, "the picture to write"),
	OPTION_END,
};

static int plot_command(char **argv)
{
	const char *to = NULL;
	char *from[2];
	int status;

	if (!command_read(&clock_plot_row, argv, &to, from, &status))
		return status;
	return to ? plot(from[0], to) : command_wrong(&clock_plot_row, "usage: tick86 clock plot FILE -o OUT.svg");
}

#define STATUSES                         \
	"  0\n"                          \
	"  1    an expectation failed\n" \
	"  2    wrong command line, or a file cannot be read, understood or written\n"

const struct command_row clock_replay_row = {
	.name = "clock replay",
	.words = "FILE...",
	.does = "Run host clock traces and check what they expect.",
	.statuses = STATUSES,
	.example = "tick86 clock replay traces/clock/*.clk",
	.least = 1,
	.most = FILES_MAX,
	.run = replay_command,
};

const struct command_row clock_record_row = {
	.name = "clock record",
	.words = "",
	.does = "Sample this machine's TSCs and clocks as a trace.",
	.options = { record_options },
	.statuses = STATUSES,
	.example = "tick86 clock record --seconds=10 -o host.clk",
	.run = record_command,
};

const struct command_row clock_plot_row = {
	.name = "clock plot",
	.words = "FILE -o OUT.svg",
	.does = "Draw a trace's guest time against host time.",
	.options = { plot_options },
	.statuses = STATUSES,
	.example = "tick86 clock plot host.clk -o host.svg",
	.least = 1,
	.most = 1,
	.run = plot_command,
};
