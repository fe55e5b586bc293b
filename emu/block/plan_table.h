/* Inside emu/block: plans by their keys. */
#ifndef TICK86_EMU_PLAN_TABLE_H
#define TICK86_EMU_PLAN_TABLE_H

#include "emu/block/plan.h"

struct plan_table {
	struct plan *plan;  /* pages of it exist once they are used; plans stay where they are */
	uint32_t *slot;     /* number of a plan, plus 1, and above it a part of its hash; 0: free. Open addressing, linear probing */
	unsigned count, slots;
};

bool plan_table_create(struct plan_table *table); /* false: no memory */
void plan_table_destroy(struct plan_table *table); /* also one whose creation has failed, or that is all 0 */
void plan_table_clear(struct plan_table *table);

/* The plan with the key, or NULL. */
const struct plan *plan_table_find(const struct plan_table *table, uint64_t key);
/* Whether one more can be kept. */
bool plan_table_has_room(struct plan_table *table);
/* Returns the plan where it is kept, with that key; or as it is if it cannot be. */
const struct plan *plan_table_keep(struct plan_table *table, const struct plan *plan, uint64_t key);

#endif
