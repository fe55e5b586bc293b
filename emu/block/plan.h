/* A plan holds what all instructions with one key have in common, found once: the form, the parts of the record that are not values, the
 * places of the values, and the encoding. Inside emu/block, and for the translator. */
#ifndef TICK86_EMU_PLAN_H
#define TICK86_EMU_PLAN_H

#include "decode/decode.h"
#include "emu/op/form.h"

enum plan_flag {
	PLAN_MEMORY = 1,   /* has a memory operand */
	PLAN_WIDE = 2,     /* its address has 64 bits */
	PLAN_FAULTS = 4,   /* may raise an exception */
	PLAN_DIRECT = 8,   /* operand 0 is an immediate */
	PLAN_DEAD = 16,    /* the form has handlers that compute no flags */
	PLAN_HANDLED = 32, /* what it does is what its handler does, not what the host's instruction does */
};

/* Blocks are built from the first cache line, the translator also uses the second one. */
struct plan {
	_Alignas(64) uint64_t key;
	const struct form *form;        /* NULL: no such instruction */
	const struct fused_form *fused; /* for CMP or TEST: the first row for fused_with; or NULL */
	uint32_t attributes;            /* from the form; so are reads and writes */
	uint32_t constant;              /* the immediate, if imm.size is 0 */
	flags_t reads, writes;
	uint16_t op; /* what the CPU's model takes it for */
	uint8_t length;
	uint8_t flags;                /* enum plan_flag */
	uint8_t byte[4];              /* a, b, c, d of the record, except for the parts of a memory operand: */
	uint8_t base, index, segment; /* register offsets, SLOT_ZERO's if there is none */
	uint8_t scale;                /* log2 */
	uint8_t kind;   /* enum address_kind if the displacement fits into 32 bits; ADDRESS_KINDS: only an address record will do */
	uint8_t popped; /* added to the displacement: POP computes its address after RSP was incremented (SDM vol. 2, POP) */
	struct value_place imm, disp;
	_Alignas(64) struct encoding encoding; /* with the bytes of the first such instruction */
};

struct cpu_model;
struct plans;
struct plans *plans_create(const struct form_index *forms); /* Returns NULL if out of memory. */
void plans_destroy(struct plans *plans);

/* Returns the plan for the instruction at `address`, of which `size` bytes count (1 .. DECODE_MAX_LENGTH): a kept one, or one made in
 * `room`. The plan has no form if the bytes are no instruction of `model` (NULL has all instructions). Returns NULL if more bytes are
 * needed. */
const struct plan *plan_find(struct plans *plans, const struct cpu_model *model, uint64_t address, size_t size, struct plan *room);

/* Decodes the instruction at `address`, which has this plan, again. */
void plan_decode(const struct plan *plan, uint64_t address, struct decoded *out);

/* Returns true if the plan's form does not do a shift by `imm`, which is 0 for the CPU. plan_for_shift_by_0 makes a plan, in `room`, for
 * such an instruction alone. */
static inline bool plan_excludes(const struct plan *plan, uint64_t imm)
{
	return plan->attributes & FORM_WIDE_SHIFT && (imm & (plan->form->size0 == 8 ? 63 : 31)) == 0;
}
const struct plan *plan_for_shift_by_0(const struct plans *plans, const struct plan *plan, uint64_t address, struct plan *room);

/* Return the immediate, and the displacement, of the instruction at `address`. */
static inline uint64_t plan_imm(const struct plan *plan, uint64_t address)
{
	return plan->imm.size ? value_of(&plan->imm, (const uint8_t *)address, address + plan->length) : plan->constant;
}

static inline int64_t plan_disp(const struct plan *plan, uint64_t address)
{
	return (int64_t)value_of(&plan->disp, (const uint8_t *)address, address + plan->length) + plan->popped;
}

#endif
