/* All forms, by op, and the search among them. */
#include <stdlib.h>
#include <string.h>

#include "emu/op/lists.h"

#define X(name) &name,
static const struct form_list *const lists[] = { FORM_LISTS(X) };
#undef X
enum { LISTS = sizeof lists / sizeof *lists };

/* Rows of one op stand together, in the order of their lists. Their patterns are apart from them, close together for the search. */
struct form_index {
	const struct form **row;
	uint32_t *pattern;
	uint16_t first[OP_COUNT + 1];
};

static void place_row(struct form_index *index, uint16_t place, const struct form *row)
{
	index->row[place] = row;
	index->pattern[place] = row->pattern;
}

struct form_index *form_index_create(void)
{
	struct form_index *index = calloc(1, sizeof *index);
	uint16_t next[OP_COUNT + 1];
	size_t count = 0;

	if (!index)
		return NULL;
	for (unsigned l = 0; l < LISTS; l++) {
		count += lists[l]->count;
		for (unsigned k = 0; k < lists[l]->count; k++)
			index->first[lists[l]->rows[k].op + 1]++;
	}
	for (unsigned op = 0; op < OP_COUNT; op++)
		index->first[op + 1] = (uint16_t)(index->first[op + 1] + index->first[op]);
	index->row = malloc(count * sizeof *index->row);
	index->pattern = malloc(count * sizeof *index->pattern);
	if (!index->row || !index->pattern) {
		form_index_destroy(index);
		return NULL;
	}
	memcpy(next, index->first, sizeof next);
	for (unsigned l = 0; l < LISTS; l++)
		for (unsigned k = 0; k < lists[l]->count; k++)
			place_row(index, next[lists[l]->rows[k].op]++, &lists[l]->rows[k]);
	return index;
}

void form_index_destroy(struct form_index *index)
{
	if (!index)
		return;
	free(index->row);
	free(index->pattern);
	free(index);
}

static unsigned operand_pattern(const struct decoded *d)
{
	unsigned pattern = 0;

	for (unsigned k = 0; k < d->operands; k++)
		pattern |= (unsigned)d->operand[k].kind << 4 * k;
	return pattern;
}

/* A shift by an immediate that is not 0 once the CPU has masked it (SDM vol. 2, SAL/SAR/SHL/SHR). */
static bool is_wide_shift(const struct decoded *d)
{
	return (d->imm & (d->operand[0].size == 8 ? 63 : 31)) != 0;
}

static bool sizes_match(const struct form *row, const struct decoded *d)
{
	unsigned size0 = d->operands && !(row->attributes & FORM_BY_WIDTH) ? d->operand[0].size : d->width / 8u;

	if (row->attributes & FORM_BY_ADDRESS_WIDTH)
		size0 = d->address_width / 8u;
	if (row->size0 && row->size0 != size0)
		return false;
	return !row->size1 || row->size1 == d->operand[1].size;
}

static bool row_matches(const struct form *row, const struct decoded *d)
{
	return !!(row->attributes & FORM_LOCK) == d->lock && sizes_match(row, d)
		&& (!(row->attributes & FORM_WIDE_SHIFT) || is_wide_shift(d));
}

const struct form *form_find(const struct form_index *index, const struct decoded *d)
{
	unsigned pattern = operand_pattern(d);

	for (unsigned k = index->first[d->op]; k < index->first[d->op + 1]; k++)
		if (index->pattern[k] == pattern && row_matches(index->row[k], d))
			return index->row[k];
	return NULL;
}

const struct fused_form *fused_first(const struct decoded *compare)
{
	unsigned pattern = operand_pattern(compare);

	for (unsigned k = 0; k < fused_form_count; k += FUSED_CONDITIONS * FUSED_PATTERNS) {
		const struct fused_form *row = &fused_forms[k];

		if (row->op != compare->op || row->size != compare->operand[0].size)
			continue;
		for (unsigned p = 0; p < FUSED_PATTERNS; p++)
			if (row[p].pattern == pattern)
				return &row[p];
	}
	return NULL;
}

const struct fused_form *fused_with(const struct fused_form *first, unsigned cc)
{
	for (unsigned k = 0; k < FUSED_CONDITIONS; k++)
		if (first[k * FUSED_PATTERNS].cc == (cc & ~1u))
			return &first[k * FUSED_PATTERNS];
	return NULL;
}
