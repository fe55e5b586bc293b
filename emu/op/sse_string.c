/* String comparisons of SSE4.2. */
#include "emu/op/vector_lists.h"

BODY set_string_mask(struct cpu *cpu, v128 mask)
{
	set_sse128(vreg(cpu, vector_offset(0)), mask);
}

#define STRING_MASK(NAME) STRING_COMPARE(NAME, v128, "=Yz", set_string_mask)
STRING_INDEX_OPS(STRING_INDEX)
STRING_MASK_OPS(STRING_MASK)

static const struct form rows[] = { STRING_ROWS() };

const struct form_list sse_string_forms = FORM_LIST(rows);
