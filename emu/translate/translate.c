/* Translated code as the run loop sees it: made of hot blocks, entered by their first record, dropped when code changes. */
#include "emu/translate/translate.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "emu/cpu/fatal.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"
#include "emu/translate/trace.h"

/* --- entering and leaving --------------------------------------------------------------------------------- */

static void raise_not_canonical(struct translator *translator, struct cpu *cpu)
{
	const struct trace_exit *exit = (const struct trace_exit *)(translator->arena + translator->store.home->branch);

	cpu->rip = exit->rip;
	cpu->r[RSP] -= (uint64_t)(int64_t)exit->moved;
	cpu->budget += exit->charged;
	cpu->exception = (struct exception){ .vector = VECTOR_GP };
	cpu->at = NULL;
	cpu->exit = EXIT_EXCEPTION;
}

/* Sets cpu as at the beginning of a block. Returns the block's first record, or NULL: the run loop looks it up. */
static const struct insn *left_by(struct translator *translator, struct cpu *cpu, struct trace_exit *exit)
{
	const struct jump_cache_entry *known;

	cpu->exit = EXIT_LOOKUP;
	cpu->link = NULL;
	cpu->rip = exit->rip;
	cpu->budget += exit->charged;
	CHECK(cpu->budget + BUDGET_RESERVE >= 0 && cpu->budget <= cpu->limit);
	if (exit->kind == EXIT_TO) {
		translator->open = translator->config.unlinked ? NULL : exit;
		cpu->link = &exit->first;
		return exit->first;
	}
	if (exit != &translator->look_up)
		return NULL;
	cpu->rip = translator->store.home->target;
	translator->missed = !translator->config.unlinked;
	known = jump_cache_entry(cpu, cpu->rip);
	if (known->rip == cpu->rip)
		return known->first;
	if ((uint64_t)((int64_t)(cpu->rip << 16) >> 16) != cpu->rip)
		raise_not_canonical(translator, cpu);
	return NULL;
}

/* Puts its pad at the beginning of the list of those that share this place in the table. It is not in that list: no pad there was right. */
static void list_pad(void **place, struct trace *trace)
{
	struct emitter e = { *place, NULL };

	emit_here(&e, trace->pad_next);
	*place = trace->pad;
}

/* The way that led to this trace is shorter the next time. */
static void note_entry(struct translator *translator, struct trace *trace)
{
	if (translator->open && translator->open->rip == trace->rip)
		trace_link(translator->open, trace);
	if (translator->missed && translator->store.home->target == trace->rip)
		list_pad(&translator->store.target[trace->rip % TARGETS], trace);
	translator->open = NULL;
	translator->missed = false;
}

/* The first record of a block with a trace, in the place of entry_record. Where the budget does not hold the trace, the records run. */
static HANDLER(translated_record)
{
	struct trace *trace = (struct trace *)i->imm;
	struct translator *translator = trace->translator;
	struct trace_exit *exit;
	const struct insn *next;

	if (cpu->budget < trace->insns || cpu->df || translator->paused)
		NEXT();
	note_entry(translator, trace);
	translator->entered = true;
	exit = (struct trace_exit *)translator->store.enter(cpu, trace->entry[COUNTING]);
	if (!exit)
		return NULL;
	next = left_by(translator, cpu, exit);
	if (!next)
		return NULL;
	cpu->exit = EXIT_NONE;
	cpu->link = NULL;
	GO_CHARGED(next);
}

/* --- making ----------------------------------------------------------------------------------------------- */

unsigned trace_entries(const struct blocks *blocks, uint64_t rip)
{
	const struct block *block = cache_find(blocks, rip);
	unsigned hot_after = blocks->config.hot_after;

	if (!block)
		return 0;
	if (block->insn[0].run == translated_record)
		return UINT32_MAX;
	return block->insn[0].imm < hot_after ? hot_after - (unsigned)block->insn[0].imm : 1;
}

static unsigned begin_hash(uint64_t rip)
{
	return (unsigned)(rip ^ rip >> 16) % BEGINS;
}

bool trace_known(const struct blocks *blocks, uint64_t rip)
{
	const struct translator *translator = (const struct translator *)blocks->tier;
	unsigned k = begin_hash(rip);

	return translator->begins[k / 64] >> k % 64 & 1 && trace_entries(blocks, rip) == UINT32_MAX;
}

const struct trace *trace_at(const struct blocks *blocks, uint64_t rip)
{
	return trace_known(blocks, rip) ? (const struct trace *)cache_find(blocks, rip)->insn[0].imm : NULL;
}

/* What makes translated code is had with the first of it. */
static bool get_ready(struct translator *translator)
{
	if (translator->arena)
		return true;
	if (!store_create(&translator->store, &translator->look_up, translator->config.code_bytes))
		return false;
	translator->arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	fatal_unless(translator->arena == MAP_FAILED ? NULL : translator->arena);
	return true;
}

static bool make(struct tier *tier, struct cpu *cpu, struct blocks *blocks, struct block *block)
{
	struct translator *translator = (struct translator *)tier;
	struct trace *trace;
	struct path path;

	block->insn[0].imm = 0;
	if (!get_ready(translator) || !path_choose(cpu, blocks, block->rip, &path))
		return true;
	trace = trace_write(translator, blocks, &path);
	if (!trace)
		return false;
	trace->block = block;
	translator->begins[begin_hash(block->rip) / 64] |= UINT64_C(1) << begin_hash(block->rip) % 64;
	block->insn[0].run = translated_record;
	block->insn[0].imm = (uint64_t)trace;
	return true;
}

/* --- dropping ---------------------------------------------------------------------------------------------- */

static void drop(struct translator *translator, struct trace *trace)
{
	struct emitter e = { trace->pad, translator->store.home };
	int32_t next;

	if (trace->dropped)
		return;
	trace->dropped = true;
	for (struct trace_exit *exit = trace->into; exit; exit = exit->next)
		trace_unlink(exit);
	memcpy(&next, trace->pad_next, sizeof next);
	emit_jump(&e, trace->pad_next + sizeof next + next);
	if (trace->block->insn[0].run == translated_record) {
		trace->block->insn[0].run = entry_record;
		trace->block->insn[0].imm = HOT_AFTER;
	}
}

static void drop_page(struct translator *translator, uint64_t page)
{
	struct trace_page **list = &translator->page[page % PAGE_LISTS];

	while (*list) {
		if ((*list)->page == page) {
			drop(translator, (*list)->trace);
			*list = (*list)->next;
		} else {
			list = &(*list)->next;
		}
	}
}

static void code_changed(struct tier *tier, uint64_t first_page, uint64_t last_page)
{
	struct translator *translator = (struct translator *)tier;

	if (!translator->arena)
		return;
	if (last_page - first_page < PAGE_LISTS) {
		for (uint64_t page = first_page; page <= last_page; page++)
			drop_page(translator, page);
		return;
	}
	for (unsigned k = 0; k < translator->traces; k++)
		for (unsigned p = 0; p < translator->trace[k]->pages; p++)
			if (translator->trace[k]->page[p].page >= first_page && translator->trace[k]->page[p].page <= last_page)
				drop(translator, translator->trace[k]);
}

/* --- the whole --------------------------------------------------------------------------------------------- */

static void destroy(struct tier *tier)
{
	struct translator *translator = (struct translator *)tier;

	if (translator->arena) {
		munmap(translator->arena, ARENA_BYTES);
		store_destroy(&translator->store);
	}
	free(translator->trace);
	free(translator);
}

static void clear(struct tier *tier)
{
	struct translator *translator = (struct translator *)tier;

	if (!translator->arena)
		return;
	store_clear(&translator->store);
	translator->arena_used = 0;
	translator->traces = 0;
	translator->open = NULL;
	translator->missed = false;
	memset(translator->page, 0, sizeof(translator->page));
	memset(translator->begins, 0, sizeof(translator->begins));
}

static const struct tier_calls calls = {
	.make = make,
	.code_changed = code_changed,
	.clear = clear,
	.destroy = destroy,
	.holds = trace_holds,
	.dropped = trace_is_dropped,
	.recover = trace_recover,
	.settle = trace_settle,
	.called_dropped = trace_called_dropped,
};

void translate_attach(struct blocks *blocks, const struct translate_config *config)
{
	struct translator *translator = HANDLERS_CHAIN ? calloc(1, sizeof(*translator)) : NULL;

	if (!translator)
		return;
	translator->tier.calls = &calls;
	translator->config = *config;
	translator->look_up.kind = EXIT_SPENT;
	blocks_set_tier(blocks, &translator->tier);
}
