/* An event as a line of text, with where it stands. */
#ifndef TICK86_EMU_TRACE_LOOK_LINE_H
#define TICK86_EMU_TRACE_LOOK_LINE_H

#include <stdio.h>

#include "emu/trace/look.h"

enum { LOOK_LINE_MAX = 1200 };

/* The columns' names. */
void look_print_head(FILE *out);
/* With `raw`, the record and its fields as they are. */
void look_line(const struct look_event *event, bool raw, char *text, size_t size);

#endif
