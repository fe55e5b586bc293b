/* String comparisons in VEX encoding: 128 bits only. */
#include "emu/op/vector_lists.h"

BODY set_string_mask(struct cpu *cpu, v128 mask)
{
	set_vex128(vreg(cpu, vector_offset(0)), mask);
}

STRING_COMPARE(VPCMPISTRI, uint32_t, "=c", set_string_index)
STRING_COMPARE(VPCMPESTRI, uint32_t, "=c", set_string_index)
STRING_COMPARE(VPCMPESTRIQ, uint32_t, "=c", set_string_index)
STRING_COMPARE(VPCMPISTRM, v128, "=Yz", set_string_mask)
STRING_COMPARE(VPCMPESTRM, v128, "=Yz", set_string_mask)
STRING_COMPARE(VPCMPESTRMQ, v128, "=Yz", set_string_mask)

static const struct form rows[] = {
	STRING_WIDE_ROWS(VPCMPESTRI)
	STRING_WIDE_ROWS(VPCMPESTRM)
	STRING_ROWS(VPCMPISTRI)
	STRING_ROWS(VPCMPESTRI)
	STRING_ROWS(VPCMPISTRM)
	STRING_ROWS(VPCMPESTRM)
};

const struct form_list avx_string_forms = FORM_LIST(rows);
