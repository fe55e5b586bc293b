#include "emu/block/cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

struct block block_unlinked = { .insns = UNLINKED_CHARGE };

static struct block_info **rip_bucket(const struct blocks *blocks, uint64_t rip)
{
	return &blocks->by_rip[(rip * 0x9e3779b97f4a7c15ULL >> 32) & (blocks->buckets - 1)];
}

static unsigned page_bucket(uint64_t page)
{
	return (unsigned)(page % PAGE_BUCKETS);
}

/* --- a record that ends a run ----------------------------------------------------------------------- */

/* A dead block's first record: links and jump caches may still lead here. The block that took its place is in the jump cache by the
 * second time at the latest. */
HANDLER(dead_record)
{
	const struct block *block = (const struct block *)((const char *)i - offsetof(struct block, insn));
	struct jump_cache_entry *entry = jump_cache_entry(cpu, block->rip);

	cpu->budget += block->insns;
	cpu->rip = block->rip;
	if (entry->rip != block->rip || entry->block == block) {
		cpu->link = NULL;
		cpu->exit = EXIT_LOOKUP;
		return NULL;
	}
	ENTER(entry->block, leave_jump);
}

/* --- adding ---------------------------------------------------------------------------------------- */

static size_t block_bytes(size_t records)
{
	return sizeof(struct block) + records * sizeof(struct insn);
}

static size_t info_bytes(size_t records)
{
	return (sizeof(struct block_info) + records * sizeof(struct place) + 7) & ~(size_t)7;
}

static void list_by_rip(struct blocks *blocks, struct block_info *info)
{
	struct block_info **bucket = rip_bucket(blocks, info->rip);

	info->hash_next = *bucket;
	*bucket = info;
}

static void set_buckets(struct blocks *blocks, size_t buckets)
{
	free(blocks->by_rip);
	blocks->by_rip = calloc(buckets, sizeof(*blocks->by_rip));
	if (!blocks->by_rip)
		abort();
	blocks->buckets = buckets;
	for (size_t k = 0; k < blocks->count; k++)
		if (!blocks->order[k]->info->dead)
			list_by_rip(blocks, blocks->order[k]->info);
}

static void list_block(struct blocks *blocks, struct block_info *info)
{
	list_by_rip(blocks, info);
	for (unsigned k = 0; k < info->pages; k++) {
		struct page_entry **pages = &blocks->by_page[page_bucket(info->page[k].page)];

		info->page[k].next = *pages;
		*pages = &info->page[k];
		space_protect_code(blocks->space, info->page[k].page * GUEST_PAGE);
	}
}

static void append(struct blocks *blocks, struct block *block)
{
	if (blocks->count == blocks->capacity) {
		blocks->capacity = blocks->capacity ? blocks->capacity * 2 : 4096;
		blocks->order = realloc(blocks->order, blocks->capacity * sizeof *blocks->order);
		if (!blocks->order)
			abort();
	}
	blocks->order[blocks->count++] = block;
}

struct block *cache_add(struct blocks *blocks, const struct draft *draft, bool listed)
{
	struct block *block;
	struct block_info *info;

	if (blocks->used + block_bytes(draft->records) + info_bytes(draft->records) > blocks->info_start)
		blocks_clear(blocks);
	block = (struct block *)(blocks->arena + blocks->used);
	blocks->used += block_bytes(draft->records);
	blocks->info_start -= info_bytes(draft->records);
	info = (struct block_info *)(blocks->arena + blocks->info_start);

	*block = (struct block){ .rip = draft->rip, .insns = draft->insns, .records = draft->records, .info = info };
	memcpy(block->target, draft->target, sizeof block->target);
	memcpy(block->insn, draft->insn, draft->records * sizeof(struct insn));
	if (draft->links)
		*(struct links *)&block->insn[draft->links] = (struct links){ &block_unlinked, &block_unlinked, block };

	*info = (struct block_info){ .block = block, .rip = draft->rip, .links = draft->links, .dead = !listed };
	for (uint64_t page = draft->rip / GUEST_PAGE; page <= (draft->rip + draft->bytes - 1) / GUEST_PAGE; page++)
		info->page[info->pages++] = (struct page_entry){ .info = info, .page = page };
	memcpy(info->place, draft->place, draft->records * sizeof(struct place));

	if (blocks->count == blocks->buckets)
		set_buckets(blocks, 2 * blocks->buckets);
	append(blocks, block);
	if (listed)
		list_block(blocks, info);
	blocks->stats.built += listed;
	blocks->stats.short_runs += !listed;
	return block;
}

void cache_forget(struct blocks *blocks, struct block *block)
{
	blocks->used -= block_bytes(block->records);
	blocks->info_start += info_bytes(block->records);
	blocks->count--;
}

/* --- finding --------------------------------------------------------------------------------------- */

struct block *cache_find(const struct blocks *blocks, uint64_t rip)
{
	for (struct block_info *info = *rip_bucket(blocks, rip); info; info = info->hash_next)
		if (info->rip == rip)
			return info->block;
	return NULL;
}

struct block *cache_locate(const struct blocks *blocks, const struct insn *record)
{
	size_t low = 0, high = blocks->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if ((const void *)blocks->order[middle] <= (const void *)record)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || record >= blocks->order[low - 1]->insn + blocks->order[low - 1]->records)
		return NULL;
	return blocks->order[low - 1];
}

/* --- dropping -------------------------------------------------------------------------------------- */

static void drop(struct blocks *blocks, struct block_info *info)
{
	struct block_info **by_rip = rip_bucket(blocks, info->rip);

	while (*by_rip != info)
		by_rip = &(*by_rip)->hash_next;
	*by_rip = info->hash_next;
	for (unsigned k = 0; k < info->pages; k++) {
		struct page_entry **entry = &blocks->by_page[page_bucket(info->page[k].page)];

		while (*entry != &info->page[k])
			entry = &(*entry)->next;
		*entry = info->page[k].next;
	}
	info->dead = true;
	info->block->insn[0].run = dead_record;
	blocks->stats.dropped++;
}

static void drop_page(struct blocks *blocks, uint64_t page)
{
	struct page_entry *next;

	for (struct page_entry *entry = blocks->by_page[page_bucket(page)]; entry; entry = next) {
		next = entry->next;
		if (next && next->info == entry->info)
			next = next->next; /* both pages in one bucket: it goes with this one */
		if (entry->page == page)
			drop(blocks, entry->info);
	}
}

static bool overlaps(const struct block_info *info, uint64_t first_page, uint64_t last_page)
{
	for (unsigned k = 0; k < info->pages; k++)
		if (info->page[k].page >= first_page && info->page[k].page <= last_page)
			return true;
	return false;
}

/* space's callback. */
static void code_changed(void *context, uint64_t start, uint64_t end)
{
	struct blocks *blocks = context;
	uint64_t first = start / GUEST_PAGE, last = (end - 1) / GUEST_PAGE;

	if (last - first < PAGE_BUCKETS / 16) {
		for (uint64_t page = first; page <= last; page++)
			drop_page(blocks, page);
		return;
	}
	for (size_t k = 0; k < blocks->count; k++)
		if (!blocks->order[k]->info->dead && overlaps(blocks->order[k]->info, first, last))
			drop(blocks, blocks->order[k]->info);
}

/* --- the whole -------------------------------------------------------------------------------------- */

struct blocks *blocks_create(struct space *space)
{
	struct blocks *blocks = calloc(1, sizeof *blocks);

	if (!blocks)
		abort();
	blocks->space = space;
	set_buckets(blocks, BUCKETS_FIRST);
	blocks->decoder = decoder_create();
	blocks->forms = form_index_create();
	blocks->pairs = blocks->forms ? pair_index_create(blocks->forms) : NULL;
	blocks->generation = 1;
	blocks->config = (struct blocks_config){ .max_insns = BLOCK_INSNS_MAX, .arena_bytes = 256 << 20 };
	blocks->arena = mmap(NULL, blocks->config.arena_bytes, PROT_READ | PROT_WRITE,
	                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	blocks->info_start = blocks->config.arena_bytes;
	if (blocks->arena == MAP_FAILED || !blocks->decoder || !blocks->pairs)
		abort();
	space->code_changed = code_changed;
	space->context = blocks;
	return blocks;
}

void blocks_destroy(struct blocks *blocks)
{
	munmap(blocks->arena, blocks->config.arena_bytes);
	pair_index_destroy(blocks->pairs);
	form_index_destroy(blocks->forms);
	decoder_destroy(blocks->decoder);
	free(blocks->order);
	free(blocks->by_rip);
	free(blocks);
}

void blocks_clear(struct blocks *blocks)
{
	memset(blocks->by_rip, 0, blocks->buckets * sizeof *blocks->by_rip);
	memset(blocks->by_page, 0, sizeof blocks->by_page);
	blocks->used = 0;
	blocks->info_start = blocks->config.arena_bytes;
	blocks->count = 0;
	blocks->generation++;
	blocks->stats.clears++;
}

void blocks_configure(struct blocks *blocks, const struct blocks_config *config)
{
	size_t arena_bytes = blocks->config.arena_bytes;

	blocks->config = *config;
	if (!config->max_insns || config->max_insns > BLOCK_INSNS_MAX)
		blocks->config.max_insns = BLOCK_INSNS_MAX;
	if (!config->arena_bytes || config->arena_bytes > arena_bytes)
		blocks->config.arena_bytes = arena_bytes;
}

struct blocks_stats blocks_stats(const struct blocks *blocks)
{
	return blocks->stats;
}
