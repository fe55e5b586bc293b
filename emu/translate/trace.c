/* Traces: written, linked to each other, found by the address of their code. */
#include "emu/translate/trace.h"

#include <stdlib.h>

#include "emu/block/build.h"
#include "emu/cpu/fatal.h"
#include "emu/translate/write.h"

/* The longest code of one instruction, with its way out; and of what a trace has besides. */
enum { UNIT_BYTES = 256, TRACE_BYTES = 512 + PATH_MAX_INSNS * UNIT_BYTES };
enum { COLD_BYTES = 512 + PATH_MAX_INSNS * 192 };
enum { TRACE_ARENA_BYTES = PATH_MAX_INSNS * 512 };

/* --- links ---------------------------------------------------------------------------------------------- */

static void set_jump(struct trace_exit *exit, const uint8_t *target)
{
	int32_t way = (int32_t)(target - (exit->jump + 4));

	memcpy(exit->jump, &way, sizeof(way));
}

void trace_link(struct trace_exit *exit, struct trace *to)
{
	set_jump(exit, to->entry[exit->convention]);
	exit->next = to->into;
	to->into = exit;
}

void trace_unlink(struct trace_exit *exit)
{
	set_jump(exit, exit->out);
}

/* --- writing ---------------------------------------------------------------------------------------------- */

static void write_unit(struct writer *w, const struct unit *unit)
{
	switch (unit->kind) {
	case UNIT_COPIED: write_copy(w, unit); break;
	case UNIT_CALLED: write_called(w, unit); break;
	case UNIT_TIME: write_time(w, unit); break;
	case UNIT_CALL: write_call(w, unit); break;
	case UNIT_BRANCH: write_branch(w, unit); break;
	case UNIT_INDIRECT: write_indirect(w, unit); break;
	case UNIT_GUARDED: write_guarded(w, unit); break;
	}
}

static enum convention convention_for(const struct path *path)
{
	for (unsigned k = 0; k < path->count; k++)
		if (unit_names(&path->unit[k], COUNTER))
			return OWN;
	return COUNTING;
}

/* Lists the trace by its pages, and by its code. */
static void list_trace(struct translator *translator, struct blocks *blocks, struct trace *trace, const struct draft *draft)
{
	trace->pages = (uint8_t)draft->pages;
	trace->page = arena_take(translator, draft->pages * sizeof(*trace->page));
	for (unsigned k = 0; k < draft->pages; k++) {
		struct trace_page **list = &translator->page[draft->page[k] % PAGE_LISTS];

		trace->page[k] = (struct trace_page){ draft->page[k], trace, *list };
		*list = &trace->page[k];
		space_protect_code(blocks->space, draft->page[k] * GUEST_PAGE);
	}
	if (translator->traces == translator->capacity) {
		translator->capacity = translator->capacity ? 2 * translator->capacity : 256;
		translator->trace = fatal_unless(realloc(translator->trace, translator->capacity * sizeof(*translator->trace)));
	}
	translator->trace[translator->traces++] = trace;
}

static bool is_wrong(const struct translator *translator)
{
	return translator->config.wrong && (translator->traces + 1) % translator->config.wrong == 0;
}

struct trace *trace_write(struct translator *translator, struct blocks *blocks, const struct path *path)
{
	struct store *store = &translator->store;
	struct trace *trace;
	uint8_t *start[PATH_MAX_INSNS];
	struct writer w;

	if (store->used + TRACE_BYTES > store->cold || store->cold_used + COLD_BYTES > store->size
		|| translator->arena_used + TRACE_ARENA_BYTES > ARENA_BYTES)
		return NULL;
	trace = arena_take(translator, sizeof(*trace));
	w.e = store_emitter(store);
	w.cold = store_cold_emitter(store);
	w.translator = translator;
	w.blocks = blocks;
	w.path = path;
	w.trace = trace;
	w.convention = convention_for(path);
	w.sides = w.constants = w.sites = w.outs = 0;
	*trace = (struct trace){ .rip = path->rip,
		.translator = translator,
		.convention = (uint8_t)w.convention,
		.code = w.e.at,
		.insns = (uint8_t)path->count };
	write_entries(&w);
	if (is_wrong(translator))
		emit_lea(&w.e, RAX, RAX, 1);
	for (w.unit = 0; w.unit < path->count; w.unit++) {
		start[w.unit] = w.e.at;
		if (w.unit == w.charge_at)
			write_charge(&w);
		write_clear(&w, path->unit[w.unit].clear);
		write_unit(&w, &path->unit[w.unit]);
	}
	write_end(&w);
	write_sides(&w);
	trace->end = w.e.at;
	CHECK(trace->end <= trace->code + TRACE_BYTES);
	CHECK(w.cold.at <= store->code + store->cold_used + COLD_BYTES);
	store->cold_used = (size_t)(w.cold.at - store->code);
	store->used = (size_t)(w.e.at - store->code + 15) & ~(size_t)15;
	trace->sites = (uint16_t)w.sites;
	trace->site = arena_take(translator, w.sites * sizeof(*w.site));
	memcpy(trace->site, w.site, w.sites * sizeof(*w.site));
	list_trace(translator, blocks, trace, &path->draft);
	if (translator->config.dump && *translator->config.dump)
		trace_dump(*translator->config.dump, trace, path, start);
	return trace;
}
