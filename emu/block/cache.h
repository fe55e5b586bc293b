/* Inside emu/block: the cache of blocks, and what there is of a block besides the records, which alone are what running code touches. */
#ifndef TICK86_EMU_CACHE_H
#define TICK86_EMU_CACHE_H

#include "emu/block/block.h"
#include "emu/block/chain.h"
#include "emu/op/form.h"

/* Where a record stands in guest code. */
struct place {
	int32_t offset;  /* bytes from the block's start */
	uint32_t insns;  /* instructions of the block ahead of it */
};

enum { BLOCK_INSNS_MAX = BUDGET_RESERVE, BLOCK_RECORDS_MAX = 3 * BLOCK_INSNS_MAX + 5, BLOCK_PAGES_MAX = 4, BLOCK_EXITS_MAX = 2 };

/* A block in the list of a page that its bytes touch. */
struct page_entry {
	struct block *block;
	struct page_entry *next;
	uint64_t page;         /* number */
};

struct block {
	uint64_t rip;
	struct insn *insn;     /* its records */
	uint16_t records, runs; /* all of them; those that run: a last one that holds links does not */
	uint8_t insns;         /* to its end */
	bool dead;
	uint8_t pages, exits;
	struct page_entry *page; /* those that its bytes touch */
	struct place *place;   /* one for each record */
	struct stub stub[][2]; /* what its links lead to at first: taken, fall */
};

/* Making code takes as long as running a block some dozens of times, and most blocks run only a few times. */
enum { HOT_AFTER = 100 };

enum { SLOTS_FIRST = 1 << 11, PAGE_BUCKETS = 1 << 12 };

struct blocks {
	struct space *space;
	struct form_index *forms;
	struct plans *plans;
	struct chains *chains; /* NULL: there are none */
	struct blocks_config config;
	struct blocks_stats stats;
	uint64_t generation;   /* grows with each clearing: links from before it are gone */
	uint8_t *arena;
	size_t used;           /* records grow from its beginning, close together as running code walks them */
	size_t blocks_start;   /* the rest of the blocks from its end */
	size_t records_ready, blocks_ready; /* so far, from both ends, its pages exist */
	struct block **order;  /* all blocks by address of their records, which is the order of building */
	size_t count, capacity;
	uint64_t *by_rip;      /* listed blocks: the rip's hash, and below it the block's place in the arena in units of 8 bytes, plus 1;
	                        * 0: free. Open addressing, linear probing */
	size_t slots;          /* a power of two, at least twice as many as blocks */
	struct page_entry *by_page[PAGE_BUCKETS];
};

/* Where a block under construction is left: its end, and calls on the way that its return comes back to. */
struct draft_exit {
	unsigned links; /* index of the record that holds the links */
	unsigned insns; /* of the block, up to there */
	uint64_t taken, fall; /* 0: nowhere */
	uint64_t next;
};

/* A block under construction. */
struct draft {
	struct insn insn[BLOCK_RECORDS_MAX];
	struct place place[BLOCK_RECORDS_MAX];
	struct draft_exit exit[BLOCK_EXITS_MAX];
	uint64_t page[BLOCK_PAGES_MAX]; /* numbers */
	uint64_t rip;
	unsigned records, insns, exits, pages;
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

/* The first record of a dead block. */
handler_t dead_record;

#endif
