/* Inside emu/block: the cache of blocks and the parts of a block that running code does not touch. */
#ifndef TICK86_EMU_CACHE_H
#define TICK86_EMU_CACHE_H

#include "emu/block/block.h"
#include "emu/op/form.h"

/* Where a record stands in guest code. */
struct place {
	uint16_t offset; /* bytes from the block's start */
	uint16_t insns;  /* instructions of the block ahead of it */
};

enum { BLOCK_INSNS_MAX = 64, BLOCK_RECORDS_MAX = 3 * BLOCK_INSNS_MAX + 4 };

/* A block in the list of a page that its bytes touch. */
struct page_entry {
	struct block_info *info;
	struct page_entry *next;
	uint64_t page;         /* number */
};

struct block_info {
	struct block *block;
	uint64_t rip;          /* the block's */
	struct block_info *hash_next;
	struct page_entry page[2];
	unsigned pages;        /* 1 or 2 */
	uint32_t links;        /* index of the record that holds the links, or 0 */
	bool dead;
	struct place place[];  /* one for each record */
};

enum { BUCKETS_FIRST = 1 << 10, PAGE_BUCKETS = 1 << 12 };

struct blocks {
	struct space *space;
	struct decoder *decoder;
	struct form_index *forms;
	struct pair_index *pairs;
	struct blocks_config config;
	struct blocks_stats stats;
	uint64_t generation;   /* grows with each clearing: links from before it are gone */
	uint8_t *arena;
	size_t used;           /* blocks grow from its beginning, close together as running code walks them */
	size_t info_start;     /* their infos from its end */
	struct block **order;  /* all blocks by address in the arena, which is the order of building */
	size_t count, capacity;
	struct block_info **by_rip; /* lists of listed blocks; there are at least as many as blocks */
	size_t buckets;        /* a power of two */
	struct page_entry *by_page[PAGE_BUCKETS];
};

/* A block under construction. */
struct draft {
	struct insn insn[BLOCK_RECORDS_MAX];
	struct place place[BLOCK_RECORDS_MAX];
	unsigned records, insns, bytes;
	unsigned links; /* index of the record that holds the links */
	uint64_t rip, target[2];
};

/* Decodes the block at `rip`, at most `max_insns` long. False, with cpu's exception, when not even its first byte can be fetched. */
bool build_draft(struct cpu *cpu, struct blocks *blocks, uint64_t rip, unsigned max_insns, struct draft *draft);

/* The live block at `rip`, or NULL. */
struct block *cache_find(const struct blocks *blocks, uint64_t rip);
/* Stores a draft; `listed` blocks are found again, others live until cache_forget. May clear the cache first. */
struct block *cache_add(struct blocks *blocks, const struct draft *draft, bool listed);
/* Takes back the block added last, which was not listed. */
void cache_forget(struct blocks *blocks, struct block *block);
/* The block that holds a record, or NULL. */
struct block *cache_locate(const struct blocks *blocks, const struct insn *record);

/* What links point to until their target is known. */
extern struct block block_unlinked;

/* The first record of a dead block. */
handler_t dead_record;

#endif
