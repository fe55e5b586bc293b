/* tick86 plot: draws guest time against host time, in a colour for each process, and red where its system calls waited. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "emu/trace/look_commands.h"
#include "emu/trace/look_file.h"
#include "timekeep/svg.h"

/* points that are closer would fall on the same pixels */
#define POINTS_APART 0.5
enum { POINTS_MAX = 100000 };

struct plot {
	struct tk_svg svg;
	double host, guest; /* the end of the line so far */
	pid_t pid;
	bool line, waits; /* a line is under way, of this process; it is a wait's */
	unsigned points;
};

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

static bool tells_time(const struct trace_record *record)
{
	return record->kind == TRACE_STOP || record->kind == TRACE_TIME;
}

static bool is_near(const struct plot *plot, double host, double guest)
{
	const struct tk_svg *svg = &plot->svg;

	return fabs(tk_svg_x(svg, host) - tk_svg_x(svg, plot->host)) + fabs(tk_svg_y(svg, guest) - tk_svg_y(svg, plot->guest))
		< POINTS_APART;
}

static void put_point(const struct plot *plot, double host, double guest)
{
	tk_svg_point(&plot->svg, tk_svg_x(&plot->svg, host), tk_svg_y(&plot->svg, guest));
}

static void draw_to(struct plot *plot, double host, double guest, pid_t pid, bool waits)
{
	if (is_near(plot, host, guest) || plot->points++ >= POINTS_MAX)
		return;
	if (plot->line && (plot->pid != pid || plot->waits != waits)) {
		tk_svg_line_end(&plot->svg);
		plot->line = false;
	}
	if (!plot->line) {
		tk_svg_line(&plot->svg, waits ? "wait" : "run", waits ? 0 : (unsigned)pid * 67 + 120);
		put_point(plot, plot->host, plot->guest);
	}
	put_point(plot, host, guest);
	plot->line = true;
	plot->pid = pid;
	plot->waits = waits;
	plot->host = host;
	plot->guest = guest;
}

/* Each file is read twice: once for the frame, which must be known before anything is drawn, and once for the lines. */
static int cover_file(struct plot *plot, const char *path, char *title, size_t size)
{
	struct walk *walk = look_open("plot", path);
	struct trace_record record;

	if (!walk)
		return LOOK_TROUBLE;
	while (walk_next(walk, &record))
		if (tells_time(&record))
			tk_svg_cover(&plot->svg, seconds(walk->host_ns), seconds(walk->guest_ns));
	snprintf(title, size, "%" PRIu64 " events, %" PRIu64 " instructions", walk->events, walk->insns);
	return look_close("plot", path, walk);
}

static void draw_file(struct plot *plot, struct walk *walk)
{
	struct trace_record record;

	plot->host = plot->svg.x[0];
	plot->guest = plot->svg.y[0];
	while (walk_next(walk, &record))
		if (tells_time(&record))
			draw_to(plot, seconds(walk->host_ns), seconds(walk->guest_ns), walk->pid, record.kind == TRACE_TIME);
	if (plot->line)
		tk_svg_line_end(&plot->svg);
}

static int plot_file(const char *from, const char *to)
{
	struct plot plot = { .line = false };
	char title[96];
	int status = cover_file(&plot, from, title, sizeof(title));
	struct walk *walk;

	if (status == LOOK_TROUBLE)
		return status;
	plot.svg.out = look_create("plot", to);
	walk = plot.svg.out ? look_open("plot", from) : NULL;
	if (!walk)
		return LOOK_TROUBLE;
	tk_svg_begin(&plot.svg, from, title, "host time, s", "guest time, s");
	draw_file(&plot, walk);
	tk_svg_end(&plot.svg);
	walk_close(walk);
	return look_written("plot", to, plot.svg.out, status);
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

	if (!command_read(&plot_command_row, argv, &to, from, &status))
		return status;
	if (!to || !strcmp(from[0], to))
		return command_wrong(&plot_command_row, "usage: tick86 plot FILE -o OUT.svg");
	return plot_file(from[0], to);
}

const struct command_row plot_command_row = {
	.name = "plot",
	.words = "FILE -o OUT.svg",
	.does = "Draw a recording's guest time against the host's.",
	.options = { plot_options },
	.statuses = "  0\n" LOOK_STATUSES,
	.example = "tick86 plot prog.t86 -o prog.svg",
	.least = 1,
	.most = 1,
	.run = plot_command,
};
