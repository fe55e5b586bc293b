/* Events as JSON objects, with the fields of their records. */
#ifndef TICK86_EMU_TRACE_LOOK_JSON_H
#define TICK86_EMU_TRACE_LOOK_JSON_H

#include <jansson.h>

#include "emu/trace/look.h"

/* The caller owns it. Numbers of 64 bits appear as signed ones. */
json_t *look_json(const struct look_event *event);
/* The text, whose bytes beyond UTF-8 become '?'. */
json_t *look_json_text(const struct strace_line *line);

#endif
