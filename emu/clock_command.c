/* tick86 clock replay, record and plot: commands for host clock traces. */
#include "emu/clock_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "timekeep/timekeep.h"

static const char usage[] =
	"usage: tick86 clock replay FILE...                      run host clock traces, check what they expect\n"
	"       tick86 clock record [--seconds=S] [-o FILE]      sample this machine's TSCs as a trace (default 1 s, stdout)\n"
	"       tick86 clock plot FILE -o OUT.svg                draw guest time against host time\n";

static int fail(const char *what, const char *name)
{
	fprintf(stderr, "tick86: clock: %s '%s': %s\n", what, name, strerror(errno));
	return 2;
}

static int wrong_usage(void)
{
	fputs(usage, stderr);
	return 2;
}

static int replay(char **files)
{
	int worst = 0;

	if (!*files)
		return wrong_usage();
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

static int record(char **argv)
{
	const char *path = NULL;
	long seconds = 1, cpus = sysconf(_SC_NPROCESSORS_CONF);
	FILE *out = stdout;
	char *end;
	int status;

	for (; *argv; argv++) {
		if (!strncmp(*argv, "--seconds=", 10)) {
			seconds = strtol(*argv + 10, &end, 10);
			if (*end || seconds < 1 || seconds > SECONDS_MAX) {
				fprintf(stderr, "tick86: clock record: --seconds must be 1 to %d\n", SECONDS_MAX);
				return 2;
			}
		} else if (!strcmp(*argv, "-o") && argv[1]) {
			path = *++argv;
		} else {
			return wrong_usage();
		}
	}
	if (path && !(out = fopen(path, "w")))
		return fail("cannot write", path);
	status = tk_trace_record(tk_host_linux(), (unsigned)cpus, (unsigned)seconds * ROUNDS_PER_SECOND, ROUND_NS, out,
		isatty(STDERR_FILENO) ? stderr : NULL);
	if (path ? fclose(out) : fflush(out))
		status = -1;
	return status ? fail("cannot record to", path ? path : "standard output") : 0;
}

static int plot(char **argv)
{
	const char *from = NULL, *to = NULL;
	FILE *in, *svg;
	int status;

	for (; *argv; argv++) {
		if (!strcmp(*argv, "-o") && argv[1])
			to = *++argv;
		else if (!from && **argv != '-')
			from = *argv;
		else
			return wrong_usage();
	}
	if (!from || !to)
		return wrong_usage();
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

int clock_command(char **argv)
{
	if (*argv && !strcmp(*argv, "replay"))
		return replay(argv + 1);
	if (*argv && !strcmp(*argv, "record"))
		return record(argv + 1);
	if (*argv && !strcmp(*argv, "plot"))
		return plot(argv + 1);
	if (*argv && (!strcmp(*argv, "--help") || !strcmp(*argv, "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	return wrong_usage();
}
