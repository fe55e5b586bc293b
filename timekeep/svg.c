/* Axes and points of a plot, as SVG. */
#include "timekeep/svg.h"

static void cover(double range[2], double value, bool any)
{
	range[0] = !any || value < range[0] ? value : range[0];
	range[1] = !any || value > range[1] ? value : range[1];
}

void tk_svg_cover(struct tk_svg *svg, double x, double y)
{
	cover(svg->x, x, svg->any);
	cover(svg->y, y, svg->any);
	svg->any = true;
}

static double span(const double range[2])
{
	return range[1] > range[0] ? range[1] - range[0] : 1;
}

double tk_svg_x(const struct tk_svg *svg, double x)
{
	return TK_SVG_MARGIN + (x - svg->x[0]) / span(svg->x) * (TK_SVG_WIDTH - 2 * TK_SVG_MARGIN);
}

double tk_svg_y(const struct tk_svg *svg, double y)
{
	return TK_SVG_HEIGHT - TK_SVG_MARGIN - (y - svg->y[0]) / span(svg->y) * (TK_SVG_HEIGHT - 2 * TK_SVG_MARGIN);
}

void tk_svg_begin(const struct tk_svg *svg, const char *name, const char *title, const char *x_label, const char *y_label)
{
	unsigned height = TK_SVG_HEIGHT + svg->below;
	int bottom = TK_SVG_HEIGHT - TK_SVG_MARGIN;

	fprintf(svg->out, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %u' font-family='sans-serif' font-size='14'>\n",
		TK_SVG_WIDTH, height);
	fprintf(svg->out, "<rect width='%d' height='%u' fill='white'/>\n", TK_SVG_WIDTH, height);
	fprintf(svg->out, "<path d='M%d %dV%dH%d' stroke='black' fill='none'/>\n", TK_SVG_MARGIN, TK_SVG_MARGIN, bottom,
		TK_SVG_WIDTH - TK_SVG_MARGIN);
	fprintf(svg->out, "<text x='%d' y='30'>", TK_SVG_MARGIN);
	for (; *name; name++)
		fputc(*name == '<' || *name == '&' || (unsigned char)*name < ' ' ? '?' : *name, svg->out);
	fprintf(svg->out, ": %s</text>\n", title);
	fprintf(svg->out, "<text x='%d' y='%d'>%s: %.9g to %.9g</text>\n", TK_SVG_MARGIN, TK_SVG_HEIGHT - 20, x_label, svg->x[0],
		svg->x[0] + span(svg->x));
	fprintf(svg->out, "<text transform='translate(25 %d) rotate(-90)'>%s: %.9g to %.9g</text>\n", bottom, y_label, svg->y[0],
		svg->y[0] + span(svg->y));
}

void tk_svg_line(const struct tk_svg *svg, const char *class, unsigned hue)
{
	fprintf(svg->out, "<polyline class='%s' fill='none' stroke='hsl(%u,70%%,40%%)' points='", class, hue % 360);
}

void tk_svg_point(const struct tk_svg *svg, double x, double y)
{
	fprintf(svg->out, "%.1f,%.1f ", x, y);
}

void tk_svg_line_end(const struct tk_svg *svg)
{
	fprintf(svg->out, "'/>\n");
}

void tk_svg_end(const struct tk_svg *svg)
{
	fprintf(svg->out, "</svg>\n");
}
