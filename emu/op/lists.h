/* The lists of forms, one for each subject. forms.c joins them. */
#ifndef TICK86_EMU_LISTS_H
#define TICK86_EMU_LISTS_H

#include "emu/op/form.h"

/* clang-format off */
#define FORM_LISTS(X) \
	X(alu_forms) X(shift_forms) X(multiply_forms) X(bit_forms) X(move_forms) X(exchange_forms) \
	X(stack_forms) X(control_forms) X(segment_forms) X(string_forms) X(system_forms) X(state_forms) \
	X(sse_move_forms) X(sse_integer_forms) X(sse_shuffle_forms) X(sse_string_forms) X(vector_store_forms) \
	X(avx_move_forms) X(avx_integer_forms) X(avx_shuffle_forms) X(avx_string_forms) X(avx_masked_forms) \
	X(ssefp_arithmetic_forms) X(ssefp_convert_forms) X(approximate_forms) \
	X(avxfp_arithmetic_forms) X(avxfp_convert_forms) X(avxfp_fma_forms) \
	X(x87_control_forms) X(x87_arithmetic_forms) X(mmx_forms)
/* clang-format on */

#define X(name) extern const struct form_list name;
FORM_LISTS(X)
#undef X

/* Rows for compares folded into branches (control.c): sorted by op and size, then condition, then pattern. */
enum { FUSED_PATTERNS = 5, FUSED_CONDITIONS = 6 };
extern const struct fused_form fused_forms[];
extern const unsigned fused_form_count;

/* Makes one handler run consecutive pushes or pops (stack.c). None of the `count` records may be links. */
void find_stack_runs(struct insn *insn, unsigned count);

/* The handler of a call after which the block continues with the called code (control.c). */
handler_t call_through;

/* Handlers of records that the block builder adds: address records (move.c), the beginning and the end of a block (control.c), and
 * undefined instructions (system.c). */
handler_t address_record64, address_record32, address_record_constant, entry_record, fall_record, undefined_record, world_record;

#endif
