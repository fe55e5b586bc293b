/* Time as a line over instructions. */
#include "timekeep/state.h"

struct line line_at(uint64_t insns, uint64_t value, uint64_t num, uint64_t den)
{
	struct line line = { .insns0 = insns, .value0 = value, .num = num, .den = den };

	line.binary = (den & (den - 1)) == 0;
	line.shift = (uint32_t)__builtin_ctzll(den);
	return line;
}

/* All changes of the line go through these two functions, which also drop what was derived from
 * it. */
void line_set(struct timekeep *s, struct line line)
{
	s->line = line;
	read_the_long_way(s);
}

void line_move(struct timekeep *s, uint64_t by)
{
	s->line.value0 += by;
	read_the_long_way(s);
}

/* Returns the smallest n for which the line has reached `value` at insns + n. */
uint64_t line_insns_until(const struct line *line, uint64_t insns, uint64_t value)
{
	int64_t ahead = sub_i64((int64_t)value, (int64_t)line->value0);
	uint64_t from_start;

	if (ahead <= 0)
		return 0;
	from_start = mul_div_ceil((uint64_t)ahead, line->den, line->num);
	return from_start > insns - line->insns0 ? from_start - (insns - line->insns0) : 0;
}
