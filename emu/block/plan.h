/* Inside emu/block: what all instructions of one shape have in common, found out once: their form, and the record but for its
 * values. */
#ifndef TICK86_EMU_PLAN_H
#define TICK86_EMU_PLAN_H

#include "decode/shape.h"
#include "emu/op/form.h"

enum plan_flag {
	PLAN_PLAIN = 1,        /* the record is this plan's, with immediate and displacement; else the decoded instruction tells */
	PLAN_ABSOLUTE = 2,     /* its address is a displacement alone */
	PLAN_IMM_SIGNED = 4,
	PLAN_IMM_RELATIVE = 8, /* to the next instruction, as are displacements with PLAN_DISP_RELATIVE */
	PLAN_DISP_RELATIVE = 16,
	PLAN_FAULTS = 32,      /* may raise an exception */
	PLAN_DIRECT = 64,      /* operand 0 is an immediate */
	PLAN_DEAD = 128,       /* there are handlers that leave out the flags */
};

/* One cache line. */
struct plan {
	_Alignas(64) uint64_t key;
	const struct form *form; /* NULL: there is no such instruction */
	const struct fused_form *fused; /* of a CMP or TEST, for fused_with; or NULL */
	uint16_t op;             /* as the CPU's model takes it */
	uint16_t shape;          /* number of the shape, plus 1, if it is kept */
	flags_t reads, writes;   /* the form's, as are the attributes */
	uint32_t attributes;
	uint8_t length;
	uint8_t flags;           /* enum plan_flag */
	uint8_t kind;            /* enum address_kind, if the displacement fits 32 bits */
	uint8_t byte[4];         /* a, b, c, d of the record */
	uint8_t from[4];         /* family.c: where they come from */
	uint8_t imm_offset, imm_size, disp_offset, disp_size; /* within the instruction; imm_size 0: `constant` is it */
	uint8_t constant;
};

struct cpu_model;
struct plans;
struct plans *plans_create(const struct form_index *forms); /* NULL without memory */
void plans_destroy(struct plans *plans);

/* The plan for the instruction at `address`, of which `size` bytes count (1 .. DECODE_MAX_LENGTH): a remembered one, or one made in
 * `room`. What is no instruction, or none that `model` has (NULL has all), has a plan without form. NULL: more bytes are needed. */
const struct plan *plan_find(struct plans *plans, const struct cpu_model *model, uint64_t address, size_t size, struct plan *room);

/* The instruction at `address`, whose plan it is, as the plan takes it. */
void plan_decode(const struct plans *plans, const struct plan *plan, uint64_t address, struct decoded *out);

/* A plan, in `room`, for the instruction at `address` and no other of its shape: for shifts by 0, which other forms do. */
const struct plan *plan_for_one(const struct plans *plans, const struct plan *plan, uint64_t address, struct plan *room);

/* The immediate and displacement of the instruction at `address`. */
uint64_t plan_imm(const struct plan *plan, uint64_t address);
int64_t plan_disp(const struct plan *plan, uint64_t address);

#endif
