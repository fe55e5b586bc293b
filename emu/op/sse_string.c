/* String comparisons of SSE4.2. */
#include "emu/op/vector_lists.h"

BODY set_string_mask(struct cpu *cpu, v128 mask)
{
	*xmm(cpu, vector_offset(0)) = mask;
}

STRING_COMPARE(PCMPISTRI, uint32_t, "=c", set_string_index)
STRING_COMPARE(PCMPESTRI, uint32_t, "=c", set_string_index)
STRING_COMPARE(PCMPESTRIQ, uint32_t, "=c", set_string_index)
STRING_COMPARE(PCMPISTRM, v128, "=Yz", set_string_mask)
STRING_COMPARE(PCMPESTRM, v128, "=Yz", set_string_mask)
STRING_COMPARE(PCMPESTRMQ, v128, "=Yz", set_string_mask)

static const struct form rows[] = {
	STRING_WIDE_ROWS(PCMPESTRI)
	STRING_WIDE_ROWS(PCMPESTRM)
	STRING_ROWS(PCMPISTRI)
	STRING_ROWS(PCMPESTRI)
	STRING_ROWS(PCMPISTRM)
	STRING_ROWS(PCMPESTRM)
};

const struct form_list sse_string_forms = FORM_LIST(rows);
