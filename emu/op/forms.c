/* All forms by op, and how to find one. */
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/fatal.h"
#include "emu/op/lists.h"

#define X(name) &name,
static const struct form_list *const lists[] = { FORM_LISTS(X) };
#undef X
enum { LISTS = sizeof(lists) / sizeof(*lists) };

enum { NONE = UINT16_MAX };

/* A row's number is its list's number and its own within the list. The rows of an op are chained, in the order of the lists. */
enum { ROW_BITS = 11, ROWS_MAX = 1 << ROW_BITS };
_Static_assert(LISTS << ROW_BITS < NONE, "rows are numbered in 16 bits");

struct form_index {
	uint16_t first[OP_COUNT], last[OP_COUNT]; /* first and last row of an op, or NONE */
	uint16_t next[LISTS << ROW_BITS];         /* for each row: the next one of the same op, or NONE */
};

static void chain(struct form_index *index, uint16_t op, uint16_t number)
{
	*(index->first[op] == NONE ? &index->first[op] : &index->next[index->last[op]]) = number;
	index->last[op] = number;
	index->next[number] = NONE;
}

struct form_index *form_index_create(void)
{
	struct form_index *index = malloc(sizeof(*index));

	if (!index)
		return NULL;
	memset(index->first, 0xff, sizeof(index->first));
	for (unsigned l = 0; l < LISTS; l++) {
		CHECK(lists[l]->count <= ROWS_MAX);
		for (unsigned k = 0; k < lists[l]->count; k++)
			chain(index, lists[l]->rows[k].op, (uint16_t)(l << ROW_BITS | k));
	}
	return index;
}

void form_index_destroy(struct form_index *index)
{
	free(index);
}

static const struct form *row_of(unsigned number)
{
	return &lists[number >> ROW_BITS]->rows[number % ROWS_MAX];
}

static const struct form_list *list_of(const struct form *form)
{
	unsigned l = 0;

	while (form < lists[l]->rows || form >= lists[l]->rows + lists[l]->count)
		l++;
	return lists[l];
}

bool form_handled(const struct form *form)
{
	return list_of(form)->handled || form->world || form->attributes & (FORM_HANDLED | FORM_COUNTS);
}

bool form_general(const struct form *form)
{
	return list_of(form)->general;
}

static unsigned operand_pattern(const struct decoded *d)
{
	unsigned pattern = 0;

	for (unsigned k = 0; k < d->operands; k++)
		pattern |= (unsigned)d->operand[k].kind << 4 * k;
	return pattern;
}

/* Returns true for a shift by an immediate that is not 0 after the CPU has masked it (SDM vol. 2, SAL/SAR/SHL/SHR). */
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

	for (uint16_t number = index->first[d->op]; number != NONE; number = index->next[number]) {
		const struct form *row = row_of(number);

		if (row->pattern == pattern && row_matches(row, d))
			return row;
	}
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
