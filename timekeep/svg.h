/* A plot of y against x as SVG: the frame, its axes, and where points lie in it. */
#ifndef TIMEKEEP_SVG_H
#define TIMEKEEP_SVG_H

#include <stdbool.h>
#include <stdio.h>

enum { TK_SVG_WIDTH = 900, TK_SVG_HEIGHT = 500, TK_SVG_MARGIN = 60 };

struct tk_svg {
	FILE *out;
	unsigned below;    /* room below the plot for something else */
	bool any;          /* a point has been covered */
	double x[2], y[2]; /* smallest and largest */
};

/* Extends the frame to this point. All calls come before tk_svg_begin. */
void tk_svg_cover(struct tk_svg *svg, double x, double y);
/* Writes the head and the axes with their ranges. `name` (of a file) may hold any characters; it
 * is shown before `title`. */
void tk_svg_begin(const struct tk_svg *svg, const char *name, const char *title, const char *x_label, const char *y_label);
/* In the picture's units. */
double tk_svg_x(const struct tk_svg *svg, double x);
double tk_svg_y(const struct tk_svg *svg, double y);
/* Begins a line. Its points follow, in the picture's units, then tk_svg_line_end. */
void tk_svg_line(const struct tk_svg *svg, const char *class, unsigned hue);
void tk_svg_point(const struct tk_svg *svg, double x, double y);
void tk_svg_line_end(const struct tk_svg *svg);
void tk_svg_end(const struct tk_svg *svg);

#endif
