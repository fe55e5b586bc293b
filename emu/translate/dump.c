/* Guest instructions beside the code that is made of them, for people. */
#include <inttypes.h>

#include "emu/translate/trace.h"

/* One instruction, and the bytes that it takes. */
static unsigned dump_line(FILE *out, const char *margin, const uint8_t *code, unsigned size)
{
	struct decoded d;
	char text[128];
	unsigned length = decode(code, size, (uint64_t)code, &d) == DECODE_OK ? d.length : 1;

	decode_text(code, length, (uint64_t)code, text, sizeof(text));
	fprintf(out, "%s%012" PRIx64 "  %s\n", margin, (uint64_t)code, text);
	return length;
}

static void dump_code(FILE *out, const uint8_t *from, const uint8_t *to)
{
	while (from < to)
		from += dump_line(out, "\t\t", from, DECODE_MAX_LENGTH);
}

void trace_dump_code(FILE *out, const struct trace *trace)
{
	dump_code(out, trace->code, trace->end);
}

void trace_dump(FILE *out, const struct trace *trace, const struct path *path, uint8_t *const *start)
{
	fprintf(out, "trace %012" PRIx64 ", %u instructions, %s\n", path->rip, path->count,
		trace->convention == COUNTING ? "counter in its register" : "counter in memory");
	dump_code(out, trace->code, start[0]);
	for (unsigned k = 0; k < path->count; k++) {
		dump_line(out, "\t", (const uint8_t *)path->unit[k].step.address, path->unit[k].step.plan->length);
		dump_code(out, start[k], k + 1 < path->count ? start[k + 1] : trace->end);
	}
}
