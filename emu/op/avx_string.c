/* String comparisons in VEX encoding: 128 bits only. */
#include "emu/op/vector_lists.h"

BODY set_string_mask(struct cpu *cpu, v128 mask)
{
	set_vex128(vreg(cpu, vector_offset(0)), mask);
}

#define VEX_INDEX(NAME) STRING_INDEX(V##NAME)
#define VEX_MASK(NAME) STRING_COMPARE(V##NAME, v128, "=Yz", set_string_mask)
STRING_INDEX_OPS(VEX_INDEX)
STRING_MASK_OPS(VEX_MASK)

static const struct form rows[] = { STRING_ROWS(V) };

const struct form_list avx_string_forms = FORM_LIST(rows);
