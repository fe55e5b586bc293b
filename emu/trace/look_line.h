/* An event as a line of text, with its position. */
#ifndef TICK86_EMU_TRACE_LOOK_LINE_H
#define TICK86_EMU_TRACE_LOOK_LINE_H

#include <stdio.h>

#include "emu/trace/look.h"

enum { LOOK_LINE_MAX = 1200 };

/* Prints the names of the columns. */
void look_print_head(FILE *out);
/* With `raw`, prints the record and its fields without interpretation. */
void look_line(const struct look_event *event, bool raw, char *text, size_t size);

#endif
