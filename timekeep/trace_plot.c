/* Draws a trace: guest time against host time, one line for each vCPU of each clock, with
 * backward steps marked. Below it, if the trace has any, the drift that the auto rate corrects. */
#include <stdlib.h>

#include "timekeep/svg.h"
#include "timekeep/trace.h"

#define DRIFT_HEIGHT 220
#define DRIFT_SHOWN 100.0 /* ms either way; larger drifts are drawn at the edge */
#define DRIFT_SETTLED 10.0
#define POINTS_SHOWN 2000 /* for each vCPU; more would fall on the same pixels */
#define STEPS_SHOWN 500

struct point {
	double host, guest; /* s */
	double drift;       /* ms, if has_drift */
	unsigned vcpu;
	unsigned clock; /* number of the clock in the trace */
	bool back;      /* below the guest's last reading */
	bool has_drift;
};

struct plot {
	struct point *point;
	size_t points, room;
	size_t backsteps;
	unsigned clocks;
	bool has_ns, has_drift, out_of_memory;
	double last[TK_MAX_VCPUS];
	bool seen[TK_MAX_VCPUS];
};

static struct point *add(struct plot *plot)
{
	if (plot->points == plot->room) {
		size_t room = plot->room ? plot->room * 2 : 1024;
		struct point *grown = realloc(plot->point, room * sizeof(*grown));

		plot->out_of_memory = !grown;
		if (!grown)
			return NULL;
		plot->point = grown;
		plot->room = room;
	}
	return &plot->point[plot->points++];
}

/* If the trace has no `ns`, the number of the event serves as the host's time. */
static void collect(void *ctx, const struct trace *trace, const struct event *event, const struct results *results)
{
	struct plot *plot = ctx;
	bool is_tsc = results->given & BIT(KEY_TSC), is_time = results->given & BIT(KEY_TIME);
	unsigned vcpu = event->given & BIT(KEY_VCPU) ? (unsigned)event->value[KEY_VCPU].number : 0;
	struct point *point;

	if (event->kind == EVENT_CLOCK) {
		plot->clocks++;
		for (unsigned i = 0; i < TK_MAX_VCPUS; i++)
			plot->seen[i] = false;
	}
	plot->has_ns |= event->given >> KEY_NS & 1;
	if (plot->out_of_memory || (!is_tsc && !is_time) || (event->kind == EVENT_NOW && event->given & BIT(KEY_ID)))
		return;
	point = add(plot);
	if (!point)
		return;
	point->host = plot->has_ns ? (double)trace->ns / 1e9 : (double)trace->events_run;
	point->guest = is_tsc ? (double)(int64_t)results->value[KEY_TSC].number / (double)tk_guest_khz(&trace->tk) / 1e3
			      : (double)(int64_t)results->value[KEY_TIME].number / 1e9;
	point->vcpu = vcpu;
	point->clock = plot->clocks;
	point->has_drift = results->given & BIT(KEY_DRIFT);
	point->drift = point->has_drift ? (double)(int64_t)results->value[KEY_DRIFT].number / 1e6 : 0;
	plot->has_drift |= point->has_drift;
	point->back = is_tsc && plot->seen[vcpu] && point->guest < plot->last[vcpu];
	plot->backsteps += point->back;
	if (is_tsc) {
		plot->last[vcpu] = point->guest;
		plot->seen[vcpu] = true;
	}
}

struct line_of {
	unsigned clock, vcpu;
	bool drift;
};

static double drift_y(double drift)
{
	double shown = drift > DRIFT_SHOWN ? DRIFT_SHOWN : drift < -DRIFT_SHOWN ? -DRIFT_SHOWN : drift;

	return TK_SVG_HEIGHT + DRIFT_HEIGHT / 2 - shown / DRIFT_SHOWN * (DRIFT_HEIGHT / 2 - 30);
}

static bool is_on(const struct point *p, const struct line_of *line)
{
	return p->clock == line->clock && p->vcpu == line->vcpu && (!line->drift || p->has_drift);
}

static void draw_line(const struct plot *plot, const struct tk_svg *svg, const struct line_of *line)
{
	size_t stride = plot->points / POINTS_SHOWN + 1, number = 0;
	bool first = true;

	for (size_t i = 0; i < plot->points; i++) {
		const struct point *p = &plot->point[i];

		if (!is_on(p, line) || (number++ % stride && !p->back))
			continue;
		if (first)
			tk_svg_line(svg, line->drift ? "drift" : "time", line->vcpu * 67 + line->clock * 97 + 263);
		first = false;
		tk_svg_point(svg, tk_svg_x(svg, p->host), line->drift ? drift_y(p->drift) : tk_svg_y(svg, p->guest));
	}
	if (!first)
		tk_svg_line_end(svg);
}

static void draw_lines(const struct plot *plot, const struct tk_svg *svg, bool drift)
{
	for (unsigned clock = 1; clock <= plot->clocks; clock++)
		for (unsigned vcpu = 0; vcpu < TK_MAX_VCPUS; vcpu++)
			draw_line(plot, svg, &(struct line_of){ clock, vcpu, drift });
}

static void draw_drift(const struct plot *plot, const struct tk_svg *svg)
{
	for (int side = -1; side <= 1; side++)
		fprintf(svg->out, "<path d='M%d %.1fH%d' stroke='silver'/>\n", TK_SVG_MARGIN, drift_y(side * DRIFT_SETTLED),
			TK_SVG_WIDTH - TK_SVG_MARGIN);
	fprintf(svg->out, "<text transform='translate(25 %d) rotate(-90)'>drift, ms</text>\n", TK_SVG_HEIGHT + DRIFT_HEIGHT * 2 / 3);
	for (int side = -1; side <= 1; side++)
		fprintf(svg->out, "<text x='%d' y='%.1f' font-size='11' text-anchor='end'>%+.0f</text>\n", TK_SVG_MARGIN - 4,
			drift_y(side * DRIFT_SHOWN) + 4, side * DRIFT_SHOWN);
	draw_lines(plot, svg, true);
}

static void draw_steps(const struct plot *plot, const struct tk_svg *svg)
{
	size_t shown = 0;

	for (size_t i = 0; i < plot->points && shown < STEPS_SHOWN; i++) {
		const struct point *p = &plot->point[i];

		if (!p->back)
			continue;
		fprintf(svg->out, "<circle class='backstep' cx='%.1f' cy='%.1f' r='5' fill='none' stroke='red'/>\n", tk_svg_x(svg, p->host),
			tk_svg_y(svg, p->guest));
		shown++;
	}
}

static void draw(const struct plot *plot, const char *name, FILE *out)
{
	struct tk_svg svg = { .out = out, .below = plot->has_drift ? DRIFT_HEIGHT : 0 };
	char title[64];

	for (size_t i = 0; i < plot->points; i++)
		tk_svg_cover(&svg, plot->point[i].host, plot->point[i].guest);
	snprintf(title, sizeof(title), "%zu readings, %zu steps back", plot->points, plot->backsteps);
	tk_svg_begin(&svg, name, title, plot->has_ns ? "host time, s" : "event number", "guest time, s");
	draw_lines(plot, &svg, false);
	draw_steps(plot, &svg);
	if (plot->has_drift)
		draw_drift(plot, &svg);
	tk_svg_end(&svg);
}

int tk_trace_plot(FILE *in, const char *name, FILE *svg, FILE *err)
{
	struct trace *trace = calloc(1, sizeof(*trace));
	struct plot *plot = calloc(1, sizeof(*plot));
	int status = 2;

	if (trace && plot && trace_open(trace, name, err, event_handlers) == 0)
		status = trace_run(trace, in, collect, plot) == 2 ? 2 : 0;
	if (!trace || !plot || plot->out_of_memory) {
		fprintf(err, "%s: out of memory\n", name);
		status = 2;
	}
	if (status == 0)
		draw(plot, name, svg);
	if (trace)
		trace_close(trace);
	if (plot)
		free(plot->point);
	free(plot);
	free(trace);
	return status;
}
