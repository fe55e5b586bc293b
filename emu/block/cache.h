/* The cache of blocks. Running code touches only a block's records; what else is known of a block is kept apart, here. Inside emu/block. */
#ifndef TICK86_EMU_CACHE_H
#define TICK86_EMU_CACHE_H

#include "emu/block/block.h"
#include "emu/op/form.h"

/* The place of a record in guest code. */
struct place {
	int32_t offset; /* bytes from the block's start */
	uint32_t insns; /* number of the block's instructions before it */
};

enum { BLOCK_INSNS_MAX = BUDGET_RESERVE, BLOCK_RECORDS_MAX = 3 * BLOCK_INSNS_MAX + 5, BLOCK_PAGES_MAX = 4, BLOCK_EXITS_MAX = 2 };

/* A block in the list of a page that its code is on. */
struct page_entry {
	struct block *block;
	struct page_entry *next;
	uint64_t page; /* page number */
};

struct block {
	uint64_t rip;
	struct insn *insn;      /* its records */
	uint16_t records, runs; /* number of records; number of those that run, which excludes links at the end */
	uint8_t insns;          /* instructions in the whole block */
	bool dead;
	uint8_t pages, exits;
	struct page_entry *page; /* the pages that its code is on */
	struct place *place;     /* one for each record */
	struct stub stub[][2];   /* where its links lead at first: taken, fall */
};

/* Translating takes as long as running a block a dozen times or two, and most blocks run only a few times. */
enum { HOT_AFTER = 20 };

enum { SLOTS_FIRST = 1 << 11, PAGE_BUCKETS = 1 << 12 };

struct blocks {
	struct space *space;
	struct form_index *forms;
	struct plans *plans;
	struct tier *tier; /* NULL: the handlers run everything */
	struct blocks_config config;
	struct blocks_stats stats;
	uint64_t generation; /* grows at each clearing, which makes older links invalid */
	uint8_t *arena;
	size_t used;         /* records are allocated from the beginning, close together, since running code goes through them */
	size_t blocks_start; /* the other parts of blocks are allocated from the end */
	size_t records_ready, blocks_ready; /* the pages provided so far, from both ends */
	struct block **order;               /* all blocks by address of their records, which is also the order of building */
	size_t count, capacity;
	uint64_t *by_rip; /* table of listed blocks: the rip's hash in the upper bits; below it the block's place in the arena in units of
	    8 bytes, plus 1; 0: free. Open addressing, linear probing */
	size_t slots;     /* a power of two, at least twice the number of blocks */
	struct page_entry *by_page[PAGE_BUCKETS];
};

/* A place where a block under construction is left: its end, or a call to whose return address it comes back. */
struct draft_exit {
	unsigned links;       /* index of the record that holds the links */
	unsigned insns;       /* instructions of the block up to there */
	uint64_t taken, fall; /* target addresses; 0: none */
	uint64_t next;
};

/* A block under construction. */
struct draft {
	struct insn insn[BLOCK_RECORDS_MAX];
	struct place place[BLOCK_RECORDS_MAX];
	struct draft_exit exit[BLOCK_EXITS_MAX];
	uint64_t page[BLOCK_PAGES_MAX]; /* page numbers */
	uint64_t rip;
	unsigned records, insns, exits, pages;
};

/* Decodes the block at `rip`, of at most `max_insns` instructions. Returns false, and sets cpu's exception, if the first instruction
 * cannot be fetched. */
bool build_draft(struct cpu *cpu, struct blocks *blocks, uint64_t rip, unsigned max_insns, struct draft *draft);

/* Returns the live block at `rip`, or NULL. */
struct block *cache_find(const struct blocks *blocks, uint64_t rip);
/* Stores a draft; may clear the cache first. cache_find finds a `listed` block; others live until cache_forget. */
struct block *cache_add(struct blocks *blocks, const struct draft *draft, bool listed);
/* Removes the block added last, which must not be listed. */
void cache_forget(struct blocks *blocks, struct block *block);
/* Returns the block that holds a record, or NULL. */
struct block *cache_locate(const struct blocks *blocks, const struct insn *record);

/* Returns the listed block whose first record is `entry`, an entry_record. */
struct block *cache_entered(const struct blocks *blocks, const struct insn *entry);

/* The handler of a dead block's first record. */
handler_t dead_record;

#endif
