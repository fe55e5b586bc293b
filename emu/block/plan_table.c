/* A hash table of plans, by key. */
#include "emu/block/plan_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SLOTS_FIRST = 1 << 11, PLANS_MAX = 1 << 15, TAG_SHIFT = 16 };

bool plan_table_create(struct plan_table *table)
{
	table->slots = SLOTS_FIRST;
	table->slot = calloc(SLOTS_FIRST, sizeof(*table->slot));
	table->plan = mmap(NULL, PLANS_MAX * sizeof(struct plan), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		0);
	return table->slot && table->plan != MAP_FAILED;
}

void plan_table_destroy(struct plan_table *table)
{
	if (table->plan && table->plan != MAP_FAILED)
		munmap(table->plan, PLANS_MAX * sizeof(struct plan));
	free(table->slot);
}

static uint64_t hash(uint64_t key)
{
	return key * 0x9e3779b97f4a7c15ULL >> 24;
}

static uint32_t tag(uint64_t key)
{
	return (uint32_t)(hash(key) >> 24) << TAG_SHIFT;
}

static void put(struct plan_table *table, uint64_t key, unsigned number)
{
	size_t mask = table->slots - 1, k = hash(key) & mask;

	while (table->slot[k])
		k = (k + 1) & mask;
	table->slot[k] = tag(key) | number;
}

const struct plan *plan_table_find(const struct plan_table *table, uint64_t key)
{
	size_t mask = table->slots - 1, k = hash(key) & mask;
	uint32_t wanted = tag(key);

	for (; table->slot[k]; k = (k + 1) & mask) {
		const struct plan *plan = &table->plan[(table->slot[k] & ((1u << TAG_SHIFT) - 1)) - 1];

		if ((table->slot[k] & ~0u << TAG_SHIFT) == wanted && plan->key == key)
			return plan;
	}
	return NULL;
}

/* At least half of the slots must be free. */
bool plan_table_has_room(struct plan_table *table)
{
	uint32_t *slot;

	if (table->count == PLANS_MAX)
		return false;
	if (2 * table->count < table->slots)
		return true;
	slot = calloc(2 * table->slots, sizeof(*slot));
	if (!slot)
		return false;
	free(table->slot);
	table->slot = slot;
	table->slots *= 2;
	for (unsigned k = 0; k < table->count; k++)
		put(table, table->plan[k].key, k + 1);
	return true;
}

const struct plan *plan_table_keep(struct plan_table *table, const struct plan *plan, uint64_t key)
{
	struct plan *kept = &table->plan[table->count];

	if (!plan_table_has_room(table))
		return plan;
	*kept = *plan;
	kept->key = key;
	table->count++;
	put(table, key, table->count);
	return kept;
}

void plan_table_clear(struct plan_table *table)
{
	memset(table->slot, 0, table->slots * sizeof(*table->slot));
	table->count = 0;
}
