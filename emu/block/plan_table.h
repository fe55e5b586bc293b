/* A hash table of plans, by key. Inside emu/block. */
#ifndef TICK86_EMU_PLAN_TABLE_H
#define TICK86_EMU_PLAN_TABLE_H

#include "emu/block/plan.h"

struct plan_table {
	struct plan *plan; /* its pages are allocated when they are used; plans never move */
	uint32_t *slot;    /* the number of a plan plus 1, and above it a part of its hash; 0: free. Open addressing, linear probing */
	unsigned count, slots;
};

bool plan_table_create(struct plan_table *table);  /* returns false if out of memory */
void plan_table_destroy(struct plan_table *table); /* also for a table whose creation has failed, or that is all 0 */
void plan_table_clear(struct plan_table *table);

/* Returns the plan with this key, or NULL. */
const struct plan *plan_table_find(const struct plan_table *table, uint64_t key);
/* Returns true if there is room for another plan. */
bool plan_table_has_room(struct plan_table *table);
/* Adds a plan with this key. Returns the plan in the table, or `plan` itself if there is no room. */
const struct plan *plan_table_keep(struct plan_table *table, const struct plan *plan, uint64_t key);

#endif
