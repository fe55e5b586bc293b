/* The lists of forms, one for each subject; forms.c puts them together. */
#ifndef TICK86_EMU_LISTS_H
#define TICK86_EMU_LISTS_H

#include "emu/op/form.h"

#define FORM_LISTS(X) \
	X(alu_forms) X(shift_forms) X(multiply_forms) X(bit_forms) X(move_forms) X(exchange_forms) \
	X(stack_forms) X(control_forms) X(string_forms) X(system_forms) X(state_forms) \
	X(sse_move_forms) X(sse_integer_forms) X(sse_shuffle_forms) X(sse_string_forms) X(vector_store_forms) \
	X(avx_move_forms) X(avx_integer_forms) X(avx_shuffle_forms) X(avx_string_forms) X(avx_masked_forms) \
	X(ssefp_arithmetic_forms) X(ssefp_convert_forms) X(approximate_forms) \
	X(avxfp_arithmetic_forms) X(avxfp_convert_forms) X(avxfp_fma_forms) \
	X(x87_control_forms) X(x87_arithmetic_forms) X(mmx_forms)

#define X(name) extern const struct form_list name;
FORM_LISTS(X)
#undef X

/* Rows of compares folded into branches (control.c): by op and size, then by condition, then by pattern, in the same order everywhere. */
enum { FUSED_PATTERNS = 5, FUSED_CONDITIONS = 6 };
extern const struct fused_form fused_forms[];
extern const unsigned fused_form_count;

/* Branches that often stand behind a hot instruction; fused ones among them (control.c). */
#define HOT_ENDS(X, first) \
	X(first, jmp) X(first, call) X(first, call_through) X(first, ret) X(first, jmp_r) X(first, jmp_m_absolute) X(first, call_m_based) \
	X(first, jz) X(first, jb) X(first, jbe) X(first, js) X(first, jl) X(first, jle) \
	X(first, test64_jz_rr) X(first, test32_jz_rr) X(first, test8_jz_rr) X(first, test8_jz_ri) X(first, test32_jz_ri) \
	X(first, test32_js_rr) X(first, test32_jle_rr) X(first, test64_jle_rr) X(first, test8_jz_mi_based) \
	X(first, cmp64_jz_rr) X(first, cmp64_jb_rr) X(first, cmp64_jbe_rr) X(first, cmp64_jl_rr) X(first, cmp64_jz_ri) \
	X(first, cmp64_jbe_ri) X(first, cmp64_jb_ri) X(first, cmp32_jz_rr) X(first, cmp32_jl_rr) X(first, cmp32_jle_rr) \
	X(first, cmp32_jz_ri) X(first, cmp32_jb_ri) X(first, cmp32_jbe_ri) X(first, cmp32_jle_ri) X(first, cmp32_jl_ri) \
	X(first, cmp8_jz_ri) X(first, cmp8_jz_rr) X(first, cmp8_jbe_ri) X(first, cmp8_jz_mi_based) X(first, cmp64_jz_rm_based) \
	X(first, cmp64_jz_mr_based) X(first, cmp32_jz_mi_based)
#define X(first, end) end,
handler_t HOT_ENDS(X, ) fall_record;
#undef X

/* Pairs of hot instructions (pairs.c). pair_records lets one handler run two of the `count` records where it can; none of them may be
 * the data behind a branch. */
struct pair_index;
struct pair_index *pair_index_create(const struct form_index *index);
void pair_index_destroy(struct pair_index *index);
void pair_records(const struct pair_index *index, struct insn *insn, unsigned count);

/* Records that the block builder makes up: ahead of others (move.c), at a block's end (control.c), and where
 * there is no instruction (system.c). */
handler_t address_record64, address_record32, address_record_constant, undefined_record, world_record;

#endif
