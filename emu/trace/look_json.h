/* Events as JSON objects, with the fields of their records. */
#ifndef TICK86_EMU_TRACE_LOOK_JSON_H
#define TICK86_EMU_TRACE_LOOK_JSON_H

#include <jansson.h>

#include "emu/trace/look.h"

/* Returns the event as an object that the caller owns. 64-bit numbers appear as signed ones. */
json_t *look_json(const struct look_event *event);
/* Returns the text; bytes that are not UTF-8 become '?'. */
json_t *look_json_text(const struct strace_line *line);

#endif
