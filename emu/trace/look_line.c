/* tick86 dump: prints an event as a line of text. */
#include "emu/trace/look_line.h"

#include <inttypes.h>

void look_print_head(FILE *out)
{
	fprintf(out, "# event  instructions  of process       guest time  thread  what\n");
}

/* Prints seconds with all nine decimals. */
static void put_seconds(char *text, size_t size, int64_t ns)
{
	uint64_t magnitude = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	snprintf(text, size, "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "", magnitude / 1000000000, magnitude % 1000000000);
}

void look_line(const struct look_event *event, bool raw, char *text, size_t size)
{
	const struct look_position *at = event->phase == LOOK_RESUMED ? &event->end : &event->at;
	struct strace_line line = { .length = 0 };
	char seconds[32];

	line.text[0] = 0;
	if (raw && event->record)
		look_put_record(&line, event->record);
	else
		look_put_event(&line, event);
	put_seconds(seconds, sizeof(seconds), at->guest_ns);
	snprintf(text, size, "%7" PRIu64 " %13" PRIu64 " %11" PRIu64 " %16s %7d  %s", at->event, at->insns, at->process_insns, seconds,
		at->tid ? (int)at->tid : (int)at->pid, line.text);
}
