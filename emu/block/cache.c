/* The cache: finds blocks by address, by page and by record; adds and drops them. */
#include "emu/block/cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emu/block/plan.h"
#include "emu/block/tier.h"
#include "emu/cpu/fatal.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

/* Address space for records and blocks; unused pages cost nothing. At least the largest block must fit. */
enum { ARENA_BYTES = 256 << 20, ARENA_MIN = 64 << 10 };

static unsigned page_bucket(uint64_t page)
{
	return (unsigned)(page % PAGE_BUCKETS);
}

/* --- the first record of a dead block --------------------------------------------------------------- */

/* A dead block's first record holds the block's address. Links and jump caches may still lead here. By the second time at the latest,
 * the new block at that address is in the jump cache. */
HANDLER(dead_record)
{
	const struct jump_cache_entry *entry = jump_cache_entry(cpu, i->imm);

	if (entry->rip == i->imm && entry->first != i)
		GO(entry->first);
	cpu->rip = i->imm;
	cpu->link = NULL;
	cpu->exit = EXIT_LOOKUP;
	return NULL;
}

/* --- blocks by rip: a search reads one cache line of the table, and a block only if it is the right one --------------- */

static uint64_t rip_hash(uint64_t rip)
{
	return rip * 0x9e3779b97f4a7c15ULL >> 32;
}

/* Returns the slot where the search for the content of `slot` begins. */
static size_t home(const struct blocks *blocks, uint64_t slot)
{
	return (slot >> 32) & (blocks->slots - 1);
}

static uint64_t slot_of(const struct blocks *blocks, const struct block *block)
{
	return rip_hash(block->rip) << 32 | ((size_t)((const uint8_t *)block - blocks->arena) / sizeof(uint64_t) + 1);
}

static void put(struct blocks *blocks, uint64_t slot)
{
	size_t k = home(blocks, slot);

	while (blocks->by_rip[k])
		k = (k + 1) & (blocks->slots - 1);
	blocks->by_rip[k] = slot;
}

/* Closes the hole that a removal leaves: a later entry moves up if its search begins before the hole. */
static void take_out(struct blocks *blocks, uint64_t slot)
{
	size_t mask = blocks->slots - 1, hole = home(blocks, slot);

	while (blocks->by_rip[hole] != slot)
		hole = (hole + 1) & mask;
	for (size_t k = (hole + 1) & mask; blocks->by_rip[k]; k = (k + 1) & mask) {
		if (((k - home(blocks, blocks->by_rip[k])) & mask) < ((k - hole) & mask))
			continue;
		blocks->by_rip[hole] = blocks->by_rip[k];
		hole = k;
	}
	blocks->by_rip[hole] = 0;
}

static void set_slots(struct blocks *blocks, size_t slots)
{
	uint64_t *old = blocks->by_rip;
	size_t old_slots = blocks->slots;

	blocks->by_rip = fatal_unless(calloc(slots, sizeof(*blocks->by_rip)));
	blocks->slots = slots;
	for (size_t k = 0; k < old_slots; k++)
		if (old[k])
			put(blocks, old[k]);
	free(old);
}

struct block *cache_find(const struct blocks *blocks, uint64_t rip)
{
	uint64_t hash = rip_hash(rip);

	for (size_t k = hash & (blocks->slots - 1); blocks->by_rip[k]; k = (k + 1) & (blocks->slots - 1)) {
		struct block *block = (struct block *)(blocks->arena + ((uint32_t)blocks->by_rip[k] - 1) * sizeof(uint64_t));

		if (blocks->by_rip[k] >> 32 == hash && block->rip == rip)
			return block;
	}
	return NULL;
}

/* --- adding ---------------------------------------------------------------------------------------- */

static size_t block_bytes(unsigned exits, unsigned pages, unsigned records)
{
	return sizeof(struct block) + exits * sizeof(struct stub[2]) + pages * sizeof(struct page_entry) + records * sizeof(struct place);
}

static size_t draft_bytes(const struct draft *draft)
{
	return block_bytes(draft->exits, draft->pages, draft->records);
}

static void append(struct blocks *blocks, struct block *block)
{
	if (blocks->count == blocks->capacity) {
		blocks->capacity = blocks->capacity ? blocks->capacity * 2 : 4096;
		blocks->order = fatal_unless(realloc(blocks->order, blocks->capacity * sizeof(*blocks->order)));
	}
	CHECK(blocks->count == 0 || blocks->order[blocks->count - 1]->insn < block->insn); /* cache_locate uses binary search */
	blocks->order[blocks->count++] = block;
}

static void list_block(struct blocks *blocks, struct block *block)
{
	put(blocks, slot_of(blocks, block));
	for (unsigned k = 0; k < block->pages; k++) {
		struct page_entry **pages = &blocks->by_page[page_bucket(block->page[k].page)];

		block->page[k].next = *pages;
		*pages = &block->page[k];
		space_protect_code(blocks->space, block->page[k].page * GUEST_PAGE);
	}
}

static void add_links(struct block *block, struct stub stub[2], const struct draft_exit *exit)
{
	struct links *links = (struct links *)&block->insn[exit->links];

	stub[0] = (struct stub){ stub_record, exit->taken, &links->taken };
	stub[1] = (struct stub){ stub_record, exit->fall, &links->fall };
	*links = (struct links){
		.taken = (const struct insn *)&stub[0],
		.fall = exit->fall ? (const struct insn *)&stub[1] : NULL,
		.insns = exit->insns & 0xff,
		.next = exit->next & (~UINT64_C(0) >> 8),
	};
}

/* Has the host provide pages, some at a time, before they are written, since a fault for each takes longer. If the host cannot do this
 * (Linux before 5.14), they fault. */
static void have_pages(struct blocks *blocks)
{
	enum { CHUNK = 16 * GUEST_PAGE };

	while (blocks->used > blocks->records_ready) {
		madvise(blocks->arena + blocks->records_ready, CHUNK, MADV_POPULATE_WRITE);
		blocks->records_ready += CHUNK;
	}
	while (blocks->blocks_start < blocks->blocks_ready) {
		blocks->blocks_ready = (blocks->blocks_ready - 1) / CHUNK * CHUNK;
		madvise(blocks->arena + blocks->blocks_ready, CHUNK, MADV_POPULATE_WRITE);
	}
}

static unsigned records_that_run(const struct draft *draft)
{
	return draft->records - (draft->exits && draft->exit[draft->exits - 1].links == draft->records - 1);
}

struct block *cache_add(struct blocks *blocks, const struct draft *draft, bool listed)
{
	size_t records_bytes = draft->records * sizeof(struct insn);
	struct block *block;

	if (blocks->used + records_bytes + draft_bytes(draft) > blocks->blocks_start)
		blocks_clear(blocks);
	blocks->used += records_bytes;
	blocks->blocks_start -= draft_bytes(draft);
	CHECK(blocks->used <= blocks->blocks_start);
	CHECK(draft->insns <= BLOCK_INSNS_MAX && draft->records <= BLOCK_RECORDS_MAX);
	have_pages(blocks);
	block = (struct block *)(blocks->arena + blocks->blocks_start);
	*block = (struct block){
		.rip = draft->rip,
		.insn = (struct insn *)(blocks->arena + blocks->used - records_bytes),
		.records = (uint16_t)draft->records,
		.runs = (uint16_t)records_that_run(draft),
		.insns = (uint8_t)draft->insns,
		.dead = !listed,
		.pages = (uint8_t)draft->pages,
		.exits = (uint8_t)draft->exits,
	};
	block->page = (struct page_entry *)&block->stub[draft->exits];
	block->place = (struct place *)&block->page[draft->pages];
	memcpy(block->insn, draft->insn, records_bytes);
	memcpy(block->place, draft->place, draft->records * sizeof(struct place));
	for (unsigned k = 0; k < draft->exits; k++)
		add_links(block, block->stub[k], &draft->exit[k]);
	for (unsigned k = 0; k < draft->pages; k++)
		block->page[k] = (struct page_entry){ .block = block, .page = draft->page[k] };

	append(blocks, block);
	if (2 * blocks->count > blocks->slots)
		set_slots(blocks, 2 * blocks->slots);
	if (listed)
		list_block(blocks, block);
	if (listed && blocks->tier) { /* the first record is then entry_record */
		block->insn[0].imm = blocks->config.hot_after;
		block->insn[0].disp = (int32_t)((size_t)((uint8_t *)block - blocks->arena) / sizeof(uint64_t));
	}
	blocks->stats.built += listed;
	blocks->stats.short_runs += !listed;
	return block;
}

void cache_forget(struct blocks *blocks, struct block *block)
{
	blocks->used -= block->records * sizeof(struct insn);
	blocks->blocks_start += block_bytes(block->exits, block->pages, block->records);
	blocks->count--;
}

/* --- finding --------------------------------------------------------------------------------------- */

struct block *cache_locate(const struct blocks *blocks, const struct insn *record)
{
	size_t low = 0, high = blocks->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (blocks->order[middle]->insn <= record)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || record >= blocks->order[low - 1]->insn + blocks->order[low - 1]->records)
		return NULL;
	return blocks->order[low - 1];
}

struct block *cache_entered(const struct blocks *blocks, const struct insn *entry)
{
	return (struct block *)(blocks->arena + (uint32_t)entry->disp * sizeof(uint64_t));
}

/* --- dropping -------------------------------------------------------------------------------------- */

static void drop(struct blocks *blocks, struct block *block)
{
	take_out(blocks, slot_of(blocks, block));
	for (unsigned k = 0; k < block->pages; k++) {
		struct page_entry **entry = &blocks->by_page[page_bucket(block->page[k].page)];

		while (*entry != &block->page[k])
			entry = &(*entry)->next;
		*entry = block->page[k].next;
	}
	block->dead = true;
	block->insn[0].run = dead_record;
	block->insn[0].imm = block->rip;
	blocks->stats.dropped++;
}

static void drop_page(struct blocks *blocks, uint64_t page)
{
	struct page_entry *next;

	for (struct page_entry *entry = blocks->by_page[page_bucket(page)]; entry; entry = next) {
		next = entry->next;
		while (next && next->block == entry->block)
			next = next->next; /* both of the block's pages are in one bucket: this entry goes with the block */
		if (entry->page == page)
			drop(blocks, entry->block);
	}
}

static bool overlaps(const struct block *block, uint64_t first_page, uint64_t last_page)
{
	for (unsigned k = 0; k < block->pages; k++)
		if (block->page[k].page >= first_page && block->page[k].page <= last_page)
			return true;
	return false;
}

/* the callback of struct space */
static void code_changed(void *context, uint64_t start, uint64_t end)
{
	struct blocks *blocks = context;
	uint64_t first = start / GUEST_PAGE, last = (end - 1) / GUEST_PAGE;

	if (blocks->tier)
		blocks->tier->calls->code_changed(blocks->tier, first, last);
	if (last - first < PAGE_BUCKETS / 16) {
		for (uint64_t page = first; page <= last; page++)
			drop_page(blocks, page);
		return;
	}
	for (size_t k = 0; k < blocks->count; k++)
		if (!blocks->order[k]->dead && overlaps(blocks->order[k], first, last))
			drop(blocks, blocks->order[k]);
}

/* --- the whole -------------------------------------------------------------------------------------- */

struct blocks *blocks_create(struct space *space)
{
	struct blocks *blocks = fatal_unless(calloc(1, sizeof(*blocks)));

	blocks->space = space;
	set_slots(blocks, SLOTS_FIRST);
	blocks->forms = form_index_create();
	blocks->plans = blocks->forms ? plans_create(blocks->forms) : NULL;
	blocks->generation = 1;
	blocks->config = (struct blocks_config){ .max_insns = BLOCK_INSNS_MAX, .arena_bytes = ARENA_BYTES, .hot_after = HOT_AFTER };
	blocks->arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	blocks->blocks_start = blocks->blocks_ready = ARENA_BYTES;
	fatal_unless(blocks->arena == MAP_FAILED ? NULL : blocks->arena);
	fatal_unless(blocks->plans);
	space->code_changed = code_changed;
	space->context = blocks;
	return blocks;
}

void blocks_destroy(struct blocks *blocks)
{
	munmap(blocks->arena, ARENA_BYTES);
	if (blocks->tier)
		blocks->tier->calls->destroy(blocks->tier);
	plans_destroy(blocks->plans);
	form_index_destroy(blocks->forms);
	free(blocks->order);
	free(blocks->by_rip);
	free(blocks);
}

void blocks_clear(struct blocks *blocks)
{
	memset(blocks->by_rip, 0, blocks->slots * sizeof(*blocks->by_rip));
	memset(blocks->by_page, 0, sizeof(blocks->by_page));
	if (blocks->tier)
		blocks->tier->calls->clear(blocks->tier);
	blocks->used = 0;
	blocks->blocks_start = blocks->config.arena_bytes;
	blocks->count = 0;
	blocks->generation++;
	blocks->stats.clears++;
}

void blocks_set_tier(struct blocks *blocks, struct tier *tier)
{
	blocks->tier = tier;
}

void blocks_configure(struct blocks *blocks, const struct blocks_config *config)
{
	blocks->config = *config;
	if (!config->max_insns || config->max_insns > BLOCK_INSNS_MAX)
		blocks->config.max_insns = BLOCK_INSNS_MAX;
	if (!config->arena_bytes || config->arena_bytes > ARENA_BYTES)
		blocks->config.arena_bytes = ARENA_BYTES;
	if (blocks->config.arena_bytes < ARENA_MIN)
		blocks->config.arena_bytes = ARENA_MIN;
	blocks->config.arena_bytes &= ~(sizeof(uint64_t) - 1);
	blocks_clear(blocks);
	if (!config->hot_after)
		blocks->config.hot_after = HOT_AFTER;
}

void blocks_leave_world(struct blocks *blocks)
{
	blocks->config.leave_world = true;
}

struct blocks_stats blocks_stats(const struct blocks *blocks)
{
	return blocks->stats;
}
