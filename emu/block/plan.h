/* A plan holds what all instructions of one shape have in common, found once: the form, and the record without its values. Inside
 * emu/block. */
#ifndef TICK86_EMU_PLAN_H
#define TICK86_EMU_PLAN_H

#include "decode/shape.h"
#include "emu/op/form.h"

enum plan_flag {
	PLAN_PLAIN = 1,    /* the record is the plan's, plus immediate and displacement; otherwise the instruction must be decoded */
	PLAN_ABSOLUTE = 2, /* the address is a displacement alone */
	PLAN_IMM_SIGNED = 4,
	PLAN_IMM_RELATIVE = 8, /* relative to the next instruction; PLAN_DISP_RELATIVE: so are displacements */
	PLAN_DISP_RELATIVE = 16,
	PLAN_FAULTS = 32, /* may raise an exception */
	PLAN_DIRECT = 64, /* operand 0 is an immediate */
	PLAN_DEAD = 128,  /* the form has handlers that compute no flags */
};

/* One cache line. */
struct plan {
	_Alignas(64) uint64_t key;
	const struct form *form;        /* NULL: no such instruction */
	const struct fused_form *fused; /* for CMP or TEST: the first row for fused_with; or NULL */
	uint16_t op;                    /* what the CPU's model takes it for */
	uint16_t shape;                 /* number of its shape plus 1; 0: the shape is not kept */
	flags_t reads, writes;          /* from the form; so are the attributes */
	uint32_t attributes;
	uint8_t length;
	uint8_t flags;   /* enum plan_flag */
	uint8_t kind;    /* enum address_kind, valid if the displacement fits into 32 bits */
	uint8_t byte[4]; /* a, b, c, d of the record */
	uint8_t from[4]; /* for family.c: where `byte` comes from */
	/* offsets in the instruction, and sizes in bytes; imm_size 0: the immediate is `constant` */
	uint8_t imm_offset, imm_size, disp_offset, disp_size;
	uint8_t constant;
};

struct cpu_model;
struct plans;
struct plans *plans_create(const struct form_index *forms); /* Returns NULL if out of memory. */
void plans_destroy(struct plans *plans);

/* Returns the plan for the instruction at `address`, of which `size` bytes count (1 .. DECODE_MAX_LENGTH): a kept one, or one made in
 * `room`. The plan has no form if the bytes are no instruction of `model` (NULL has all instructions). Returns NULL if more bytes are
 * needed. */
const struct plan *plan_find(struct plans *plans, const struct cpu_model *model, uint64_t address, size_t size, struct plan *room);

/* Decodes the instruction at `address` by its plan. */
void plan_decode(const struct plans *plans, const struct plan *plan, uint64_t address, struct decoded *out);

/* Makes a plan, in `room`, for the instruction at `address` only, not for others of its shape: a shift by 0 has another form. */
const struct plan *plan_for_one(const struct plans *plans, const struct plan *plan, uint64_t address, struct plan *room);

/* Return the immediate, and the displacement, of the instruction at `address`. */
uint64_t plan_imm(const struct plan *plan, uint64_t address);
int64_t plan_disp(const struct plan *plan, uint64_t address);

#endif
